import { setTimeout as sleep } from 'node:timers/promises'
import { SampleClock } from '../energy/clock.ts'
import type { Reading, Sample } from '../energy/sample.ts'
import type { MeterChoice } from '../meters/choose.ts'
import type { MeterIdentity, MeterProblem } from '../meters/meter.ts'
import { nanoseconds } from '../units.ts'
import type { Nanoseconds } from '../units.ts'
import { burnCore } from './burn.ts'
import { testClock, wallOffsetMs } from '../test-clock.ts'

/** A short run of the meter: quiet, one core busy, quiet again. */
export interface Trial {
  identity: MeterIdentity
  intervalMs: number
  firstRecordMs: number
  readings: Reading[]
  samples: readonly Sample[]
  clock: SampleClock
  busy: { start: Nanoseconds; end: Nanoseconds }
  /** what went wrong on the way; `null` when nothing did */
  problem: MeterProblem | null
  /** pid of a meter that would not end; else `null` */
  leaked: number | null
}

/** Starts the meter as a run does, and watches it for some four seconds. */
export async function tryMeter(
  choice: MeterChoice,
  intervalMs: number,
): Promise<Trial | MeterProblem> {
  const readings: Reading[] = []
  let problem: MeterProblem | null = null
  const started = testClock()
  const meter = choice.start({
    identity: () => {},
    reading: (reading) => void readings.push(reading),
    problem: (seen) => void (problem = seen),
    restarted: () => {},
  })
  // a meter that outlives its owner would be worse than a lost exit code
  const abandon = (): void => meter.abandon()
  process.once('exit', abandon)
  try {
    const outcome = await meter.ready
    const firstRecordMs = (testClock() - started) / 1e6
    if ('state' in outcome) return outcome
    await sleep(Math.max(1500, 4 * intervalMs))
    const { startNs, endNs } = await burnCore(Math.max(1000, 4 * intervalMs))
    await sleep(Math.max(700, 2 * intervalMs))
    const leaked = await meter.stop()
    const clock = new SampleClock({ intervalMs, wallOffsetMs: wallOffsetMs() })
    for (const reading of readings) clock.add(reading)
    const busy = { start: nanoseconds(startNs), end: nanoseconds(endNs) }
    const { samples } = clock
    // oxfmt-ignore
    return { identity: outcome, intervalMs, firstRecordMs, readings, samples, clock, busy, problem, leaked }
  } finally {
    await meter.stop()
    process.off('exit', abandon)
  }
}
