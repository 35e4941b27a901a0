import { setTimeout as sleep } from 'node:timers/promises'
import { totalOf } from '../energy/sample.ts'
import type { Reading } from '../energy/sample.ts'
import { standardDeviation } from '../energy/statistics.ts'
import type { MeterOptions } from '../meters/meter.ts'
import { commandFor, powermetricsArguments, samplerLists } from '../meters/powermetrics/command.ts'
import { RecordReader } from '../meters/powermetrics/reader.ts'
import { columnScale, formatPower, formatSignificant, nanoseconds } from '../units.ts'
import { sampleRaw } from './sampling.ts'
import type { RawRecord } from './sampling.ts'

/** Samples so long that they cost next to nothing; every grant of `setup` allows them, ms. */
export const referenceMs = 1000
/** Quiet time that is compared, on either side, ms. */
export const watchMs = 2000

/** What reading the meter costs: idle power at an interval − idle power at {@link referenceMs}. */
export interface SamplerCost {
  intervalMs: number
  /** watts; may be negative within its error */
  costW: number
  standardErrorW: number
}

/** Why the cost is not known, one clause. */
export interface UnknownCost {
  reason: string
}

/** The part of a reading that counts here. */
type Measured = Pick<Reading, 'elapsed' | 'energy'>

interface Level {
  power: number
  standardError: number
  /** s */
  duration: number
}

function levelOf(readings: readonly Measured[]): Level | UnknownCost {
  const known = readings.flatMap(({ elapsed, energy }) =>
    elapsed === null || energy === null ? [] : [[totalOf(energy), elapsed / 1e9] as const],
  )
  if (known.length < 2) return { reason: 'too few samples came' }
  const zeros = known.filter(([energy]) => energy === 0).length
  if (zeros > known.length / 3)
    return { reason: 'the counters change less often than samples come' }
  const duration = known.reduce((sum, [, seconds]) => sum + seconds, 0)
  const powers = known.map(([energy, seconds]) => energy / seconds)
  return {
    power: known.reduce((sum, [energy]) => sum + energy, 0) / duration,
    standardError: standardDeviation(powers) / Math.sqrt(powers.length),
    duration,
  }
}

/**
 * Compares the idle machine at two intervals.
 * @param asked readings at `intervalMs`
 * @param reference readings at {@link referenceMs}: too few to tell their own scatter, so that it is
 *   at least what that of `asked` makes of their duration
 */
export function costBetween(
  intervalMs: number,
  asked: readonly Measured[],
  reference: readonly Measured[],
): SamplerCost | UnknownCost {
  const [at, without] = [levelOf(asked), levelOf(reference)]
  if ('reason' in at) return at
  if ('reason' in without) return without
  const likely = at.standardError * Math.sqrt(at.duration / without.duration)
  return {
    intervalMs,
    costW: at.power - without.power,
    standardErrorW: Math.hypot(at.standardError, Math.max(likely, without.standardError)),
  }
}

function readingsIn(records: readonly RawRecord[]): Measured[] {
  const reader = new RecordReader()
  const read = records.map(({ text, arrivalNs }) =>
    reader.read({ bytes: Buffer.from(text), whole: true, arrival: nanoseconds(arrivalNs) }),
  )
  // the first holds the start of the meter itself
  return read.slice(1).filter((figures) => figures !== null)
}

/** Readings of a meter of its own, without its first; fewer, or none, when it is refused. */
async function watch(
  options: MeterOptions,
  intervalMs: number,
  durationMs: number,
  signal?: AbortSignal,
): Promise<Measured[]> {
  const choice = { ...options, isRoot: process.geteuid?.() === 0 }
  const count = Math.max(2, Math.ceil(durationMs / intervalMs))
  for (const samplers of samplerLists) {
    if (signal?.aborted === true) return []
    const { records } = await sampleRaw(
      commandFor(choice, powermetricsArguments(intervalMs, samplers)),
      {
        records: 1 + count,
        timeoutMs: 3000 + 2 * (1 + count) * intervalMs,
        ...(signal === undefined ? {} : { signal }),
      },
    )
    if (records.length > 0) return readingsIn(records)
  }
  return []
}

/** The reference alone: for readings at the asked interval that are there already. */
export const watchReference = (options: MeterOptions, signal?: AbortSignal): Promise<Measured[]> =>
  watch(options, referenceMs, watchMs, signal)

/**
 * Measures the cost on the machine as it is, which should be idle; takes some six seconds. The
 * reference is watched between two halves of the rest, so that cooling down does not count.
 */
export async function measureSamplerCost(
  options: MeterOptions,
): Promise<SamplerCost | UnknownCost> {
  const { intervalMs } = options
  if (intervalMs >= referenceMs) return { reason: `samples of ${intervalMs} ms are rare enough` }
  await sleep(intervalMs)
  const before = await watch(options, intervalMs, watchMs / 2)
  if (before.length === 0) return { reason: 'no second meter could be started' }
  const reference = await watchReference(options)
  if (reference.length === 0) return { reason: `samples of ${referenceMs} ms are not allowed here` }
  const after = await watch(options, intervalMs, watchMs / 2)
  return costBetween(intervalMs, [...before, ...after], reference)
}

/** `sampler cost ≈ 12 ± 3.1 mW at 100 ms` (± two standard errors), or that it cannot be told. */
export function costText({ intervalMs, costW, standardErrorW }: SamplerCost): string {
  const doubt = 2 * standardErrorW
  if (costW <= doubt) {
    const most = formatPower(Math.max(0, costW) + doubt, 2)
    return `sampler cost at ${intervalMs} ms is below what can be told (${most})`
  }
  const { suffix, factor } = columnScale([costW], 'W')
  const [cost, give] = [costW, doubt].map((power) => formatSignificant(power / factor, 2))
  return `sampler cost ≈ ${cost} ± ${give} ${suffix} at ${intervalMs} ms`
}
