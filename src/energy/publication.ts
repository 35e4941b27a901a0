import { totalOf } from './sample.ts'
import type { DomainEnergy, Domain, Sample } from './sample.ts'
import type { Nanoseconds } from '../units.ts'

const isZero = ({ energy }: Sample): boolean => energy !== null && totalOf(energy) === 0

/** One zero from a busy machine may be a fault of a single record. */
const leastBusyZeros = 2

/** Times between two values to be seen before the longest is believed. */
const leastLumps = 2

/** What a stretch of samples tells of the counters behind the meter. */
export interface Cadence {
  /** zeros were read from a busy machine: the counters advance less often than they are read */
  slow: boolean
  /** the longest time between two values, nanoseconds; `null` while too few were seen */
  longest: Nanoseconds | null
}

/**
 * How often the counters behind the meter advance, where that is less often than it samples: runs of
 * zeros from a busy machine, each ended by a lump (macOS 27: about 2.1 s, M1 Ultra 0.3–0.7 s).
 * @param busy whether the machine computed during a sample, so that zero cannot be true
 */
export function publicationCadence(
  samples: readonly Sample[],
  busy: (index: number) => boolean,
): Cadence {
  const lengths: number[] = []
  let since: number | null = null
  let zeros = 0
  let busyZeros = 0
  for (const sample of samples) {
    if (isZero(sample)) {
      zeros += 1
      if (busy(sample.index)) busyZeros += 1
      continue
    }
    if (since !== null && zeros > 0) lengths.push(sample.end - since)
    since = sample.end
    zeros = 0
  }
  const known = lengths.length >= leastLumps
  return {
    slow: busyZeros >= leastBusyZeros,
    longest: known ? (Math.max(...lengths) as Nanoseconds) : null,
  }
}

/** Samples merged to what the counters published, and which of them each is made of. */
export interface Publications {
  samples: Sample[]
  /** first and last index of the samples merged into each, by the index of the merged one */
  ranges: Map<number, readonly [first: number, last: number]>
}

function sum(a: DomainEnergy | null, b: DomainEnergy | null): DomainEnergy | null {
  if (a === null || b === null) return null
  const joined: Partial<Record<Domain, number>> = { ...a }
  for (const [domain, joules] of Object.entries(b) as [Domain, number][]) {
    joined[domain] = (joined[domain] ?? 0) + joules
  }
  return joined as DomainEnergy
}

/**
 * Joins each run of zeros with the lump that ends it: that is the time whose energy the lump is. A run
 * that has not ended yet is left out.
 */
export function mergePublications(samples: readonly Sample[]): Publications {
  const merged: Sample[] = []
  const ranges = new Map<number, readonly [number, number]>()
  let first: Sample | null = null
  let energy: DomainEnergy | null = {}
  for (const sample of samples) {
    first ??= sample
    energy = sum(energy, sample.energy)
    if (isZero(sample)) continue
    const certain = first.certain && sample.certain && first.segment === sample.segment
    merged.push({ ...sample, start: first.start, energy, certain })
    ranges.set(sample.index, [first.index, sample.index])
    first = null
    energy = {}
  }
  return { samples: merged, ranges }
}
