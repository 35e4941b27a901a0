import { median } from './statistics.ts'
import { isEnergy } from './trace.ts'
import type { Domain, Sample } from './sample.ts'

/** What a domain's counter says of a stretch of time: one sample, or several under a slow counter. */
export interface Lump {
  /** positions in the trace: `first` ≤ i ≤ `last` */
  first: number
  last: number
  /** s since the origin; a slow counter's lump ends where it was published, not where it was read */
  start: number
  end: number
  /** J */
  energy: number
  /** how far its ends may be off, s */
  slack: number
}

/** counters are read up to this far off the record's own ends, s (M1 … M3 Max records, 1 SD) */
const skew = 0.004

/** publications it takes to believe in a cadence */
const fewest = 4
/** less than this in a sample is a counter that counts in whole millijoules, not a slow one, J */
const leastEnergy = 0.002

/**
 * How often a domain's counter is published: most samples read exactly zero, and the others come
 * at steady distances.
 * @returns s; `null` when every sample is fresh, or nothing can be told
 */
export function cadenceOf(samples: readonly Sample[], domain: Domain): number | null {
  const bursts: number[] = []
  let [count, sum] = [0, 0]
  for (const [position, { energy }] of samples.entries()) {
    const value = energy?.[domain]
    if (value === undefined) continue
    count += 1
    sum += value
    if (value > 0) bursts.push(position)
  }
  if (bursts.length < fewest || bursts.length > 0.6 * count || sum / count < leastEnergy)
    return null
  const steps = bursts.slice(1).map((position, k) => position - (bursts[k] ?? 0))
  const typical = median(steps)
  const steady = steps.filter((step) => step >= typical / 2 - 1 && step <= 1.5 * typical + 1)
  if (typical < 2 || steady.length < 0.85 * steps.length) return null
  const [first, last] = [samples[bursts[0] ?? 0], samples[bursts.at(-1) ?? 0]]
  return first === undefined || last === undefined
    ? null
    : (last.end - first.end) / 1e9 / (bursts.length - 1)
}

/** a minute of samples: enough to know a cadence by, and quick to look through again and again */
const memory = 600

/** zeros before each value that are more than a quiet moment */
const manyZeros = 3

/** Whether these are the first values of what may be a slow counter: each after several zeros. */
function mayBeSlow(samples: readonly Sample[], domain: Domain): boolean {
  const values = samples.flatMap(({ energy }) => energy?.[domain] ?? [])
  const bursts = values.flatMap((value, position) => (value > 0 ? [position] : []))
  const sum = values.reduce((total, value) => total + value, 0)
  return (
    bursts.length > 0 &&
    bursts.length < fewest &&
    sum / values.length >= leastEnergy &&
    bursts.every((position, k) => position - (bursts[k - 1] ?? -1) > manyZeros)
  )
}

/** What tells most: Intel's whole chip, else the CPU. */
const mainDomain = (samples: readonly Sample[]): Domain =>
  samples.at(-1)?.energy?.package === undefined ? 'cpu' : 'package'

/** Whether the main counter is slow, as far as it can be told; `'perhaps'` in the first seconds. */
export function slowness(samples: readonly Sample[]): 'fresh' | 'perhaps' | 'slow' {
  const recent = samples.slice(-memory)
  const domain = mainDomain(recent)
  if (cadenceOf(recent, domain) !== null) return 'slow'
  return mayBeSlow(recent, domain) ? 'perhaps' : 'fresh'
}

/**
 * Until when the trace tells the energy: the end of its last sample, or, under a slow counter, of
 * the sample that shows its last publication.
 * @returns ns; `-Infinity` without samples, and while a counter may be slow
 */
export function knownUntil(samples: readonly Sample[]): number {
  const last = samples.at(-1)
  const slow = slowness(samples)
  if (last === undefined || slow === 'perhaps') return -Infinity
  if (slow === 'fresh') return last.end
  const domain = mainDomain(samples)
  return samples.findLast(({ energy }) => (energy?.[domain] ?? 0) > 0)?.end ?? last.end
}

/**
 * The measured stretches of a domain, in order. Samples without the domain are left out; so is
 * what came after the last publication of a slow counter.
 * @param origin ns
 * @param cadence s, see {@link cadenceOf}
 */
export function lumpsOf(
  samples: readonly Sample[],
  domain: Domain,
  origin: number,
  cadence: number | null,
): Lump[] {
  const lumps: Lump[] = []
  let first = 0
  let published: number | null = null
  for (const [position, sample] of samples.entries()) {
    const energy = sample.energy?.[domain]
    const [start, end] = [(sample.start - origin) / 1e9, (sample.end - origin) / 1e9]
    if (!isEnergy(energy) || end <= start) {
      first = position + 1
      published = null
    } else if (cadence === null) {
      lumps.push({ first: position, last: position, start, end, energy, slack: skew })
    } else if (energy > 0) {
      // it was published at some time within the sample that shows it
      const [at, slack] = [(start + end) / 2, (end - start) / Math.sqrt(12)]
      const began = published ?? (samples[first]?.start ?? origin) / 1e9 - origin / 1e9
      lumps.push({ first, last: position, start: began, end: at, energy, slack })
      first = position + 1
      published = at
    }
  }
  return lumps
}
