import { median } from './statistics.ts'
import type { DomainsJ } from './result.ts'
import type { Domain, Sample } from './sample.ts'
import { domains, partsOf, totalOf } from './sample.ts'
import { firstWhere } from './search.ts'

/** A stretch of time on the test clock, ns. */
export interface Span {
  start: number
  end: number
}

/** two samples are neighbours when less time lies between them, ns */
const seam = 1000

/** Placed samples in order of time, with the questions that are asked of them. */
export class Trace {
  readonly samples: readonly Sample[]
  /** energy of all samples, J */
  readonly totalJ: number
  /** energy of all samples by domain, J; a domain that no sample has is absent */
  readonly domainsJ: DomainsJ
  /** the domains of any sample, in the order of `domains` */
  readonly domains: readonly Domain[]
  /** those that add up to the total */
  readonly parts: readonly Domain[]
  /** `null` without samples */
  readonly medianSampleMs: number | null
  /** times between samples, and samples of unknown energy */
  readonly gaps: readonly Span[]
  readonly #doubtful: readonly Sample[]

  /** @param samples by start, not overlapping */
  constructor(samples: readonly Sample[]) {
    this.samples = samples
    this.domainsJ = sumsOf(samples)
    this.domains = domains.filter((domain) => this.domainsJ[domain] !== undefined)
    this.parts = partsOf(this.domainsJ as Parameters<typeof partsOf>[0])
    this.totalJ = this.parts.reduce((sum, domain) => sum + (this.domainsJ[domain] ?? 0), 0)
    const lengths = samples.filter(({ energy }) => energy !== null)
    const length = median(lengths.map(({ start, end }) => end - start))
    this.medianSampleMs = Number.isNaN(length) ? null : length / 1e6
    this.gaps = gapsOf(samples)
    this.#doubtful = samples.filter(({ certain }) => !certain)
  }

  /** positions of the samples that overlap an interval: `first` ≤ i < `last` */
  rangeOf(start: number, end: number): [first: number, last: number] {
    const first = firstWhere(this.samples, (sample) => sample.end > start)
    const last = firstWhere(this.samples, (sample) => sample.start >= end)
    return [first, Math.max(first, last)]
  }

  /** ns of the interval of which the energy is not known */
  uncovered(start: number, end: number): number {
    const [from, to] = [this.samples[0]?.start ?? end, this.samples.at(-1)?.end ?? end]
    let sum = Math.max(0, Math.min(end, from) - start) + Math.max(0, end - Math.max(start, to))
    for (let k = firstWhere(this.gaps, (gap) => gap.end > start); k < this.gaps.length; k += 1) {
      const gap = this.gaps[k]
      if (gap === undefined || gap.start >= end) break
      sum += Math.min(gap.end, end) - Math.max(gap.start, start)
    }
    return sum
  }

  /** no sample that the interval touches stands beside a gap */
  isCertain(start: number, end: number): boolean {
    const next = this.#doubtful[firstWhere(this.#doubtful, (sample) => sample.end > start)]
    return next === undefined || next.start >= end
  }

  /** Highest power of a sample that lies mostly in the interval, W; `null` when none does. */
  peakPower(start: number, end: number): number | null {
    let peak: number | null = null
    const [first, last] = this.rangeOf(start, end)
    for (let k = first; k < last; k += 1) {
      const sample = this.samples[k]
      if (sample === undefined || sample.energy === null) continue
      const length = sample.end - sample.start
      const inside = Math.min(sample.end, end) - Math.max(sample.start, start)
      if (inside > length / 2) peak = Math.max(peak ?? 0, (totalOf(sample.energy) / length) * 1e9)
    }
    return peak
  }
}

/** What a counter can have counted; anything else is a fault, and counts as nothing. */
export const isEnergy = (value: number | undefined): value is number =>
  value !== undefined && value >= 0 && value < Infinity

function sumsOf(samples: readonly Sample[]): DomainsJ {
  const sums: DomainsJ = {}
  for (const { energy } of samples) {
    if (energy === null) continue
    for (const domain of domains) {
      const value = energy[domain]
      if (isEnergy(value)) sums[domain] = (sums[domain] ?? 0) + value
    }
  }
  return sums
}

function gapsOf(samples: readonly Sample[]): Span[] {
  const gaps: Span[] = []
  let before: Sample | undefined
  for (const sample of samples) {
    if (before !== undefined && sample.start - before.end > seam) {
      gaps.push({ start: before.end, end: sample.start })
    }
    if (sample.energy === null) gaps.push({ start: sample.start, end: sample.end })
    before = sample
  }
  return gaps
}
