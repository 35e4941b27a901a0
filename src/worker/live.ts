import { SampleClock } from '../energy/clock.ts'
import type { Sample } from '../energy/sample.ts'
import { JournalFollower, readingOf } from '../journal.ts'
import type { JournalLine, MeterLine } from '../journal.ts'
import type { Nanoseconds } from '../units.ts'
import { now, sleep } from './now.ts'

/** The trace of the running run, as far as its journal has come. One per worker and journal. */
export class LiveTrace {
  readonly #follower: JournalFollower
  readonly #clock = new SampleClock()
  readonly intervalMs: number
  /** lines other than samples, in order, as far as read */
  readonly lines: Exclude<JournalLine, { type: 'sample' }>[] = []
  /** the meter's last word; `null` before its first record */
  meter: MeterLine | null = null

  constructor(path: string, intervalMs: number) {
    this.#follower = new JournalFollower(path)
    this.intervalMs = intervalMs
  }

  /** Reads what is new in the journal. */
  sync(): void {
    for (const line of this.#follower.read()) {
      if (line.type === 'sample') this.#clock.add(readingOf(line))
      else {
        this.lines.push(line)
        if (line.type === 'meter') this.meter = line
      }
    }
  }

  /** placed samples in order of time; the array is valid until the next {@link sync} */
  get samples(): readonly Sample[] {
    return this.#clock.samples
  }

  /** end of the last placed sample; 0 before the first */
  get coveredUntil(): Nanoseconds {
    return this.samples.at(-1)?.end ?? (0 as Nanoseconds)
  }

  /** why no more samples will come; `null` while they do */
  get ended(): string | null {
    const { meter } = this
    if (meter === null || meter.event === 'identity' || meter.event === 'restarted') return null
    return meter.reason ?? 'the meter was stopped'
  }

  /**
   * Waits until the samples reach `instant`.
   * @returns `null` when they do, else why they will not: the meter ended, three intervals went by
   *   without a reading, or `signal` was aborted
   */
  async waitFor(instant: Nanoseconds, signal?: AbortSignal): Promise<string | null> {
    let last = now()
    let seen = this.samples.length
    for (;;) {
      this.sync()
      if (this.coveredUntil >= instant) return null
      if (this.ended !== null) return this.ended
      if (signal?.aborted === true) return 'the run was stopped'
      if (this.samples.length > seen) {
        seen = this.samples.length
        last = now()
      } else if (now() - last > Math.max(3 * this.intervalMs, 500) * 1e6) {
        return 'the meter was silent'
      }
      await sleep(Math.min(10, Math.max(1, this.intervalMs / 10)))
    }
  }
}
