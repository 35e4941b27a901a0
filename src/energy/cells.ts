import type { Lump } from './cadence.ts'
import type { Party } from './party.ts'

/** Where parties and lumps meet, in order of lumps and then of parties. */
export interface Cells {
  readonly party: Int32Array
  readonly lump: Int32Array
  /** s that both last */
  readonly overlap: Float64Array
  /** s of it that the party answers for: an instant is divided among those it belongs to */
  readonly alone: Float64Array
  /** the same party's cell in its next lump, −1 for none */
  readonly next: Int32Array
  /** the same party's cell in the lump before, −1 for none */
  readonly previous: Int32Array
  /** first cell of each lump, and the count of all at the end */
  readonly begin: Int32Array
  readonly count: number
}

/** @param parties by start */
export function cellsOf(parties: readonly Party[], lumps: readonly Lump[]): Cells {
  const pairs = meet(parties, lumps)
  const count = pairs.length / 2
  const cells = {
    party: new Int32Array(count),
    lump: new Int32Array(count),
    overlap: new Float64Array(count),
    alone: new Float64Array(count),
    next: new Int32Array(count).fill(-1),
    previous: new Int32Array(count).fill(-1),
    begin: new Int32Array(lumps.length + 1),
    count,
  }
  for (let k = 1; k < pairs.length; k += 2) add(cells.begin, (pairs[k] ?? 0) + 1, 1)
  for (let k = 1; k <= lumps.length; k += 1) add(cells.begin, k, cells.begin[k - 1] ?? 0)
  const free = cells.begin.slice()
  const time = dividedTime(parties)
  const last = new Int32Array(parties.length).fill(-1)
  for (let k = 0; k < pairs.length; k += 2) {
    const [p = 0, w = 0] = [pairs[k], pairs[k + 1]]
    const at = free[w] ?? 0
    free[w] = at + 1
    const [party, lump] = [parties[p], lumps[w]]
    if (party === undefined || lump === undefined) continue
    const [from, to] = [Math.max(party.start, lump.start), Math.min(party.end, lump.end)]
    cells.party[at] = p
    cells.lump[at] = w
    cells.overlap[at] = to - from
    cells.alone[at] = time(to) - time(from)
    const before = last[p] ?? -1
    cells.previous[at] = before
    if (before >= 0) cells.next[before] = at
    last[p] = at
  }
  return cells
}

function add(list: Int32Array, at: number, value: number): void {
  list[at] = (list[at] ?? 0) + value
}

/** Pairs of party and lump, flat, by party and then lump. */
function meet(parties: readonly Party[], lumps: readonly Lump[]): number[] {
  const pairs: number[] = []
  let from = 0
  for (const [p, { kind, start, end }] of parties.entries()) {
    while (from < lumps.length && (lumps[from]?.end ?? 0) <= start) from += 1
    if (kind === 'settled') continue
    for (let w = from; w < lumps.length; w += 1) {
      const lump = lumps[w]
      if (lump === undefined || lump.start >= end) break
      if (Math.min(end, lump.end) > Math.max(start, lump.start)) pairs.push(p, w)
    }
  }
  return pairs
}

/** ∫ dt ÷ number of parties: time itself where there is one at a time. */
function dividedTime(parties: readonly Party[]): (instant: number) => number {
  const edges = parties
    .filter(({ start, end }) => end > start)
    .flatMap(({ start, end }) => [
      { at: start, step: 1 },
      { at: end, step: -1 },
    ])
    .toSorted((a, b) => a.at - b.at || a.step - b.step)
  const times: number[] = []
  const sums: number[] = []
  const rates: number[] = []
  let [open, sum, last] = [0, 0, edges[0]?.at ?? 0]
  for (const { at, step } of edges) {
    if (open > 0) sum += (at - last) / open
    open += step
    last = at
    times.push(at)
    sums.push(sum)
    rates.push(open > 0 ? 1 / open : 0)
  }
  if (rates.every((rate) => rate === 1 || rate === 0)) return (instant) => instant
  return (instant) => {
    let [low, high] = [0, times.length]
    while (high - low > 1) {
      const middle = (low + high) >>> 1
      if ((times[middle] ?? Infinity) <= instant) low = middle
      else high = middle
    }
    return (sums[low] ?? 0) + Math.max(0, instant - (times[low] ?? 0)) * (rates[low] ?? 0)
  }
}
