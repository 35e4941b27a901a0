import { mean, median } from './statistics.ts'
import type { Cells } from './cells.ts'
import type { Lump } from './cadence.ts'
import type { Party } from './party.ts'

/** How a meter scatters, and how steadily a test draws. */
export interface Noise {
  /** of a sample's energy, relative */
  white: number
  /** change of a test's power from one sample to the next, relative */
  wander: number
}

/** before anything was learnt (docs/method.md, "Noise") */
const assumed: Noise = { white: 0.03, wander: 0.2 }
/** samples that the assumptions are worth: noise is hard to tell from counters read off time */
const worth = { white: 1000, wander: 100 }

/**
 * Noise from samples that one window fills. Where a sample's noise raised it, the step up to it
 * and the step down from it are both larger: neighbouring steps of opposite sign are noise, the
 * rest is the test's own change.
 */
export function noiseOf(parties: readonly Party[], lumps: readonly Lump[], cells: Cells): Noise {
  const [squares, products] = moments(steps(parties, lumps, cells))
  if (squares.length < 10 || products.length < 10) return assumed
  // a counter read off time by δ adds 6 δ² to the squares and −4 δ² to the products
  const offTime = median(lumps.map(({ start, end, slack }) => slack / (end - start))) ** 2
  const white = Math.max(0, -mean(products) - 4 * offTime)
  const change = Math.max(0, mean(squares) - 2 * white - 6 * offTime)
  const mixed = (learnt: number, key: keyof Noise): number => {
    const [prior, weight] = [assumed[key] ** 2, worth[key]]
    return Math.sqrt((squares.length * learnt + weight * prior) / (squares.length + weight))
  }
  return {
    white: Math.min(0.1, mixed(white, 'white')),
    wander: Math.min(0.4, Math.max(0.1, mixed(change, 'wander'))),
  }
}

/** Relative change from each sample to the next; `null` where both are not of one window. */
function steps(parties: readonly Party[], lumps: readonly Lump[], cells: Cells): (number | null)[] {
  return lumps.map((lump, w) => {
    const [begin, middle, end] = [cells.begin[w], cells.begin[w + 1], cells.begin[w + 2]]
    const after = lumps[w + 1]
    if (begin === undefined || middle !== begin + 1 || end !== begin + 2) return null
    const party = cells.party[begin] ?? -1
    if (after === undefined || parties[party]?.kind !== 'window') return null
    if (cells.party[middle] !== party || after.first !== lump.last + 1) return null
    const [a, b] = [powerOf(lump), powerOf(after)]
    return a + b > 0 ? (2 * (b - a)) / (a + b) : null
  })
}

const powerOf = ({ start, end, energy }: Lump): number => energy / (end - start)

/** Squares of the steps and products of neighbouring ones, without the test's own jumps. */
function moments(steps: readonly (number | null)[]): [squares: number[], products: number[]] {
  const known = steps.filter((step) => step !== null)
  const size = Math.sqrt(median(known.map((step) => step * step)) / 0.4549)
  // wide enough to keep all that noise does: cutting its tail would make it look smaller
  const limit = 4.5 * size
  const products: number[] = []
  for (const [w, step] of steps.entries()) {
    const next = steps[w + 1]
    if (step === null || typeof next !== 'number') continue
    // a jump is no noise, and the sample that it falls into makes two steps of it
    if (Math.abs(step) < limit && Math.abs(next) < limit) products.push(step * next)
  }
  return [known.map((step) => Math.min(limit, Math.abs(step)) ** 2), products]
}
