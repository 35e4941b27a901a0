import type { Nanoseconds, Watts } from '../units.ts'
import { nanoseconds, watts } from '../units.ts'
import { cadenceOf, lumpsOf } from './cadence.ts'
import { uncovered } from './party.ts'
import type { Interval } from './party.ts'
import type { Domain, Sample } from './sample.ts'
import { mean, median, standardDeviation, yuen } from './statistics.ts'
import { Trace } from './trace.ts'

/** What the machine draws while none of our files runs, the sampler running. */
export interface Idle {
  power: Watts
  /** by domain that the meter has; `package` contains `cpu` and `gpu` */
  domains: Partial<Record<Domain, Watts>>
  /** of `power` */
  standardError: Watts
  /** quiet time it was taken from */
  duration: Nanoseconds
  /** watched before the first file, in pauses, or both */
  method: 'watched' | 'pauses' | 'watched and pauses'
  warnings: readonly IdleWarning[]
}

interface IdleWarning {
  code: 'not-quiet' | 'idle-moved'
  message: string
}

export interface IdleOptions {
  /** time after load that still belongs to the load; 0.5 s by default */
  settle?: Nanoseconds
}

/** the tail of a load dies away within this time, ns (docs/method.md, "Idle power") */
const defaultSettle = 500e6
/** share cut off at each end: a burst of something else is no idle power */
const trim = 0.1
/** excess of the mean over the median above which the machine was not quiet: W, and relative */
const restless = { power: 0.05, share: 0.25 }
/** change of idle power that is worth a word, relative, and at least, W */
const moved = { share: 0.1, power: 0.01 }

/** Idle power of one domain, W. */
interface Level {
  power: number
  standardError: number
  /** of each quiet sample, in order of time */
  powers: number[]
}

/**
 * Idle power: the trimmed mean of samples that lie wholly in quiet time, which is the time before
 * the first file and pauses from half a second after load on.
 * @param busy when our files ran, in any order
 * @returns `null` when there was no quiet sample
 */
export function idlePowerOf(
  samples: readonly Sample[],
  busy: readonly { start: Nanoseconds; end: Nanoseconds }[],
  options: IdleOptions = {},
): Idle | null {
  const trace = new Trace(samples)
  const origin = samples[0]?.start ?? 0
  const quiet = quietTimes(trace, busy, options.settle ?? defaultSettle)
  const domains: Partial<Record<Domain, Watts>> = {}
  let [power, variance, duration] = [0, 0, 0]
  const total: number[] = []
  for (const domain of trace.domains) {
    const found = powersIn(samples, domain, origin, quiet)
    const level = levelOf(found.powers)
    const counts = trace.parts.includes(domain)
    // a slow counter was not published in quiet time: what the others say is not the whole
    if (level === null && counts && (trace.domainsJ[domain] ?? 0) > 0) return null
    if (level === null) continue
    domains[domain] = watts(level.power)
    if (!counts) continue
    power += level.power
    variance += level.standardError ** 2
    duration = Math.max(duration, found.duration)
    for (const [k, value] of level.powers.entries()) total[k] = (total[k] ?? 0) + value
  }
  if (total.length === 0) return null
  const first = Math.min(...busy.map(({ start }) => start), Infinity)
  return {
    power: watts(power),
    domains,
    standardError: watts(Math.sqrt(variance)),
    duration: nanoseconds(duration * 1e9),
    method: methodOf(quiet, origin, first),
    warnings: warningsOf(total),
  }
}

/** s since the origin */
function quietTimes(trace: Trace, busy: readonly Interval[], settle: number): Interval[] {
  const [first, last] = [trace.samples[0], trace.samples.at(-1)]
  if (first === undefined || last === undefined) return []
  const loads = busy
    .map(({ start, end }) => ({ start, end: end + settle }))
    .toSorted((a, b) => a.start - b.start)
  return uncovered({ start: first.start, end: last.end }, loads)
    .filter(({ start, end }) => trace.isCertain(start, end) && end > start)
    .map(({ start, end }) => ({
      start: (start - first.start) / 1e9,
      end: (end - first.start) / 1e9,
    }))
}

function powersIn(
  samples: readonly Sample[],
  domain: Domain,
  origin: number,
  quiet: readonly Interval[],
): { powers: number[]; duration: number } {
  const powers: number[] = []
  let [duration, k] = [0, 0]
  for (const { start, end, energy } of lumpsOf(
    samples,
    domain,
    origin,
    cadenceOf(samples, domain),
  )) {
    while (k < quiet.length && (quiet[k]?.end ?? 0) <= start) k += 1
    const time = quiet[k]
    // a rounding of clocks apart from the start of the trace counts as inside
    if (time === undefined || start < time.start - 1e-6 || end > time.end + 1e-6) continue
    powers.push(energy / (end - start))
    duration += end - start
  }
  return { powers, duration }
}

function levelOf(powers: number[]): Level | null {
  if (powers.length === 0) return null
  const estimate = powers.length >= 5 ? yuen(powers, trim) : null
  if (estimate !== null) {
    return { power: estimate.value, standardError: estimate.standardError, powers }
  }
  const power = mean(powers)
  // of a single sample nothing is known of its scatter
  const scatter = powers.length > 1 ? standardDeviation(powers) : power
  return { power, standardError: scatter / Math.sqrt(powers.length), powers }
}

function methodOf(quiet: readonly Interval[], origin: number, first: number): Idle['method'] {
  const begin = (first - origin) / 1e9
  const watched = quiet.some(({ start }) => start < begin)
  const pauses = quiet.some(({ start }) => start >= begin)
  return watched && pauses ? 'watched and pauses' : pauses ? 'pauses' : 'watched'
}

function warningsOf(powers: readonly number[]): IdleWarning[] {
  const warnings: IdleWarning[] = []
  const [average, middle] = [mean(powers), median(powers)]
  if (average - middle > Math.max(restless.power, restless.share * middle)) {
    const message = `something else ran while idle power was taken: ${average.toFixed(2)} W on average, at most ${middle.toFixed(2)} W half of the time`
    warnings.push({ code: 'not-quiet', message })
  }
  const half = powers.length >>> 1
  const [early, late] = [levelOf(powers.slice(0, half)), levelOf(powers.slice(half))]
  if (half < 5 || early === null || late === null) return warnings
  const change = Math.abs(late.power - early.power)
  const least = Math.max(moved.power, moved.share * Math.max(early.power, late.power))
  if (change > least && change > 3 * Math.hypot(early.standardError, late.standardError)) {
    const message = `idle power moved from ${early.power.toFixed(2)} W to ${late.power.toFixed(2)} W during the run`
    warnings.push({ code: 'idle-moved', message })
  }
  return warnings
}
