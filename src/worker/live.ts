import { knownUntil } from '../energy/cadence.ts'
import type { Sample } from '../energy/sample.ts'
import { JournalFollower } from '../journal.ts'
import type { MeterLine } from '../journal.ts'
import { RunState } from '../run-state.ts'
import type { Nanoseconds } from '../units.ts'
import { now, sleep } from './now.ts'

/** the slowest counters seen are published every 2.2 s (M5 Max under macOS 27), ns */
const publication = 8e9

/** The running run, as far as its journal has come. One per worker and journal. */
export class LiveTrace {
  readonly #follower: JournalFollower
  readonly intervalMs: number
  readonly state: RunState = new RunState()

  constructor(path: string, intervalMs: number) {
    this.#follower = new JournalFollower(path)
    this.intervalMs = intervalMs
  }

  /** Reads what is new in the journal. */
  sync(): void {
    for (const line of this.#follower.read()) this.state.take(line)
  }

  /** the meter's last word; `null` before its first record */
  get meter(): MeterLine | null {
    return this.state.meter
  }

  /** placed samples in order of time; the array is valid until the next {@link sync} */
  get samples(): readonly Sample[] {
    return this.state.samples
  }

  /** until when the energy is known, see {@link knownUntil} */
  get coveredUntil(): number {
    return knownUntil(this.state.decided)
  }

  /** why no more samples will come; `null` while they do */
  get ended(): string | null {
    const { meter } = this
    return meter?.event === 'problem' ? (meter.reason ?? 'the meter ended') : null
  }

  /**
   * Waits until the energy up to `instant` is known.
   * @returns `null` when it is, else why it will not be: the meter ended, three intervals went by
   *   without a reading, a counter was not published, or `signal` was aborted
   */
  async waitFor(instant: Nanoseconds, signal?: AbortSignal): Promise<string | null> {
    const silence = Math.max(3 * this.intervalMs, 500) * 1e6
    const started = now()
    let [last, seen] = [started, -1]
    for (;;) {
      this.sync()
      if (this.coveredUntil >= instant) return null
      if (this.ended !== null) return this.ended
      if (signal?.aborted === true) return 'the run was stopped'
      if (this.samples.length > seen) {
        seen = this.samples.length
        last = now()
      }
      if (now() - last > silence) return 'the meter was silent'
      if (now() - Math.max(started, instant) > publication) return 'the counter was not published'
      await sleep(Math.min(10, Math.max(1, this.intervalMs / 10)))
    }
  }
}
