import { median } from './statistics.ts'
import type { Lump } from './cadence.ts'
import type { Cells } from './cells.ts'
import type { Noise } from './noise.ts'
import type { Party } from './party.ts'
import type { Prior } from './prior.ts'

export interface FitInput {
  parties: readonly Party[]
  lumps: readonly Lump[]
  cells: Cells
  /** one for each party */
  priors: readonly Prior[]
  noise: Noise
  /** W */
  idle: number
  /** J of each lump that is given away already */
  given: Float64Array
}

/** One lump's coefficients, rows rising. */
interface Equation {
  rows: number[]
  weights: number[]
}

/** Which variable stands where in the matrix. */
export interface Layout {
  size: number
  /** rows from here on belong to tests whose repeats lie far apart */
  border: number
  /** first column of each row */
  first: Int32Array
  /** row of each cell's power, −1 where it is summed out */
  row: Int32Array
  /** row of what crossed the end of each lump, −1 where the next one does not follow at once */
  crossing: Int32Array
  /** row of the power per CPU-second that all repeats of a party's test share, −1 for none */
  testRow: Int32Array
  /** coefficient of that row in a summed-out cell's lump */
  testFactor: Float64Array
  /** the shared variables with their priors, W per CPU-second a second */
  tests: { row: number; mean: number; deviation: number }[]
  equations: Equation[]
  /** median length of a lump, s */
  typical: number
}

/** cells that a test's repeats may spread over before its row goes to the border */
const local = 200
/** work that the border may cost: rows² × cells */
const mostWork = 4e8

interface Test {
  parties: number[]
  firstCell: number
  lastCell: number
}

export function layoutOf(input: FitInput): Layout {
  const { parties, lumps, cells } = input
  const tests = repeatedTests(input)
  const layout: Layout = {
    size: 0,
    border: 0,
    first: new Int32Array(0),
    row: new Int32Array(cells.count).fill(-1),
    crossing: new Int32Array(lumps.length).fill(-1),
    testRow: new Int32Array(parties.length).fill(-1),
    testFactor: new Float64Array(cells.count),
    tests: [],
    equations: [],
    typical: median(lumps.map(({ start, end }) => end - start)),
  }
  const [near, far] = [
    tests.filter(({ firstCell, lastCell }) => lastCell - firstCell <= local),
    tests.filter(({ firstCell, lastCell }) => lastCell - firstCell > local),
  ]
  const ending = new Map<number, Test[]>()
  for (const test of near) {
    const w = cells.lump[test.lastCell] ?? 0
    ending.set(w, [...(ending.get(w) ?? []), test])
  }
  for (let w = 0; w < lumps.length; w += 1) {
    for (let i = cells.begin[w] ?? 0; i < (cells.begin[w + 1] ?? 0); i += 1) {
      const isChained = (cells.previous[i] ?? -1) >= 0 || (cells.next[i] ?? -1) >= 0
      if (isChained) layout.row[i] = layout.size++
    }
    for (const test of ending.get(w) ?? []) placeTest(input, layout, test)
    if (follows(input, w)) layout.crossing[w] = layout.size++
  }
  layout.border = layout.size
  if (far.length ** 2 * layout.size <= mostWork) {
    for (const test of far) placeTest(input, layout, test)
  }
  for (let w = 0; w < lumps.length; w += 1) layout.equations.push(equationOf(input, layout, w))
  layout.first = widths(input, layout)
  return layout
}

function repeatedTests({ parties, cells }: FitInput): Test[] {
  const tests = new Map<number, Test>()
  for (let i = 0; i < cells.count; i += 1) {
    const p = cells.party[i] ?? 0
    const group = parties[p]?.group ?? -1
    if (group < 0) continue
    const test = tests.get(group)
    if (test === undefined) tests.set(group, { parties: [p], firstCell: i, lastCell: i })
    else {
      if ((cells.previous[i] ?? -1) < 0) test.parties.push(p)
      test.lastCell = i
    }
  }
  return [...tests.values()].filter((test) => test.parties.length > 1)
}

function placeTest({ priors }: FitInput, layout: Layout, { parties }: Test): void {
  const row = layout.size++
  const own = parties.map((p) => priors[p]).filter((prior) => prior !== undefined)
  const busy = own.reduce((sum, prior) => sum + prior.busy, 0) / own.length
  const mean = own.reduce((sum, prior) => sum + prior.mean, 0) / own.length / busy
  const deviation = own.reduce((sum, prior) => sum + prior.deviation, 0) / own.length / busy
  for (const p of parties) layout.testRow[p] = row
  layout.tests.push({ row, mean, deviation })
}

/** The next lump begins where this one ends. */
function follows({ lumps }: FitInput, w: number): boolean {
  const [a, b] = [lumps[w], lumps[w + 1]]
  return a !== undefined && b !== undefined && b.start - a.end < 1e-6
}

function equationOf({ cells, priors }: FitInput, layout: Layout, w: number): Equation {
  const terms = new Map<number, number>()
  const add = (row: number, weight: number): void => {
    if (row >= 0) terms.set(row, (terms.get(row) ?? 0) + weight)
  }
  for (let i = cells.begin[w] ?? 0; i < (cells.begin[w + 1] ?? 0); i += 1) {
    const p = cells.party[i] ?? 0
    const time = cells.overlap[i] ?? 0
    const row = layout.row[i] ?? -1
    const test = layout.testRow[p] ?? -1
    if (row < 0 && test >= 0) layout.testFactor[i] = time * (priors[p]?.busy ?? 0)
    add(row >= 0 ? row : test, row >= 0 ? time : (layout.testFactor[i] ?? 0))
  }
  if (w > 0) add(layout.crossing[w - 1] ?? -1, -1)
  add(layout.crossing[w] ?? -1, 1)
  const rows = [...terms.keys()].sort((a, b) => a - b)
  return { rows, weights: rows.map((row) => terms.get(row) ?? 0) }
}

function widths({ cells }: FitInput, layout: Layout): Int32Array {
  const first = Int32Array.from({ length: layout.size }, (_, row) => row)
  const link = (a: number, b: number): void => {
    if (a < 0 || b < 0) return
    const [low, high] = a < b ? [a, b] : [b, a]
    first[high] = Math.min(first[high] ?? high, low)
  }
  for (const { rows } of layout.equations) for (const row of rows) link(row, rows[0] ?? row)
  for (let i = 0; i < cells.count; i += 1) {
    const row = layout.row[i] ?? -1
    const previous = cells.previous[i] ?? -1
    if (row < 0) continue
    if (previous >= 0) link(row, layout.row[previous] ?? -1)
    else link(row, layout.testRow[cells.party[i] ?? 0] ?? -1)
  }
  return first
}
