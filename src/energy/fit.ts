import type { FitInput, Layout } from './layout.ts'
import { layoutOf } from './layout.ts'
import type { Prior } from './prior.ts'
import { Skyline } from './skyline.ts'

export interface Fit {
  /** J of each cell; the cells of a lump add up to its energy less what was given */
  shares: Float64Array
  /** J², of each party's energy */
  variances: Float64Array
}

/** the meter counts in whole millijoules: variance of a difference, J² */
const quantum = 0.001 ** 2 / 6

/** State of one solution: the powers above idle, and the numbers they were found with. */
interface Solution {
  layout: Layout
  matrix: Skyline
  /** W above idle of each cell */
  power: Float64Array
  /** J that crossed the end of each lump, because the counter was read late */
  crossing: Float64Array
  /** J², scatter of each lump about its prediction */
  scatter: Float64Array
  /** J² that a single's own power adds to that */
  loose: Float64Array
}

/**
 * Least squares with priors over all samples: the power of each party above idle may wander from
 * sample to sample; a sample's energy is the sum over its parties, plus noise, plus what crossed
 * its ends. A party that touches one sample only is summed out beforehand, so that the matrix
 * stays as narrow as the samples are long.
 */
export function fit(input: FitInput): Fit {
  const layout = layoutOf(input)
  const first = solve(input, layout, null)
  const second = solve({ ...input, priors: relaxed(input, first) }, layout, first)
  return { shares: sharesOf(input, second), variances: variancesOf(input, second) }
}

/** What the first solution says of each party's size, so that steps and doubts are to its scale. */
function relaxed({ parties, cells, priors, noise }: FitInput, { power }: Solution): Prior[] {
  const sums = new Float64Array(parties.length)
  const times = new Float64Array(parties.length)
  for (let i = 0; i < cells.count; i += 1) {
    const p = cells.party[i] ?? 0
    sums[p] = (sums[p] ?? 0) + (power[i] ?? 0) * (cells.overlap[i] ?? 0)
    times[p] = (times[p] ?? 0) + (cells.overlap[i] ?? 0)
  }
  return priors.map((prior, p) => {
    if (parties[p]?.kind === 'machine') return prior
    const mean = (sums[p] ?? 0) / Math.max(times[p] ?? 0, 1e-9)
    return {
      ...prior,
      deviation: Math.max(prior.deviation, Math.abs(mean - prior.mean)),
      step: Math.max(0.3 * prior.step, noise.wander * mean),
    }
  })
}

function solve(input: FitInput, layout: Layout, before: Solution | null): Solution {
  const { lumps, cells } = input
  const matrix = new Skyline(layout.first)
  const right = new Float64Array(layout.size)
  const solution: Solution = {
    layout,
    matrix,
    power: new Float64Array(cells.count),
    crossing: new Float64Array(lumps.length),
    scatter: new Float64Array(lumps.length),
    loose: new Float64Array(cells.count),
  }
  addChains(input, solution, right)
  addCrossings(input, solution, before)
  const residual = new Float64Array(lumps.length)
  for (let w = 0; w < lumps.length; w += 1) residual[w] = addLump(input, solution, right, w)
  matrix.factor()
  const values = matrix.solve(right)
  for (let w = 0; w < lumps.length; w += 1) readLump(input, solution, values, residual[w] ?? 0, w)
  return solution
}

/** Priors of the variables, and the ties along each chain of cells. */
function addChains(input: FitInput, { layout, matrix }: Solution, right: Float64Array): void {
  const { cells, priors } = input
  for (const { row, mean, deviation } of layout.tests) {
    matrix.add(row, row, 1 / deviation ** 2)
    right[row] = (right[row] ?? 0) + mean / deviation ** 2
  }
  for (let i = 0; i < cells.count; i += 1) {
    const row = layout.row[i] ?? -1
    const p = cells.party[i] ?? 0
    const prior = priors[p]
    if (row < 0 || prior === undefined) continue
    const previous = cells.previous[i] ?? -1
    const test = layout.testRow[p] ?? -1
    if (previous >= 0) {
      const distance = ((cells.overlap[i] ?? 0) + (cells.overlap[previous] ?? 0)) / 2
      const weight = layout.typical / (prior.step ** 2 * distance)
      tie(matrix, row, layout.row[previous] ?? 0, [weight, 1])
    } else if (test >= 0) tie(matrix, row, test, [1 / prior.repeat ** 2, prior.busy])
    else {
      matrix.add(row, row, 1 / prior.deviation ** 2)
      right[row] = (right[row] ?? 0) + prior.mean / prior.deviation ** 2
    }
  }
}

/** (a − factor × b)² × weight */
function tie(matrix: Skyline, a: number, b: number, [weight, factor]: [number, number]): void {
  matrix.add(a, a, weight)
  matrix.add(b, b, weight * factor * factor)
  matrix.add(a, b, -weight * factor)
}

function addCrossings(input: FitInput, solution: Solution, before: Solution | null): void {
  const { lumps } = input
  for (let w = 0; w + 1 < lumps.length; w += 1) {
    const row = solution.layout.crossing[w] ?? -1
    const [a, b] = [lumps[w], lumps[w + 1]]
    if (row < 0 || a === undefined || b === undefined) continue
    const mean = (a.energy / (a.end - a.start) + b.energy / (b.end - b.start)) / 2
    const power = before === null ? mean : powerAcross(input, before, w, mean)
    const deviation = Math.max(1e-5, a.slack * power)
    solution.matrix.add(row, row, 1 / deviation ** 2)
  }
}

/** Power at the end of a lump: of the parties that go on across it. */
function powerAcross(input: FitInput, { power }: Solution, w: number, unknown: number): number {
  const { cells, idle } = input
  let [sum, found] = [idle, false]
  for (let i = cells.begin[w] ?? 0; i < (cells.begin[w + 1] ?? 0); i += 1) {
    const next = cells.next[i] ?? -1
    if (next < 0 || cells.lump[next] !== w + 1) continue
    found = true
    sum += Math.max(0, ((power[i] ?? 0) + (power[next] ?? 0)) / 2)
  }
  return found ? sum : unknown
}

/** One sample's equation. @returns what it says beyond idle and the means of the singles, J */
function addLump(input: FitInput, solution: Solution, right: Float64Array, w: number): number {
  const { lumps, cells, priors, noise, idle, given } = input
  const { layout, matrix } = solution
  const lump = lumps[w]
  if (lump === undefined) return 0
  let residual = lump.energy - (given[w] ?? 0)
  let scatter = (noise.white * lump.energy) ** 2 + quantum
  for (let i = cells.begin[w] ?? 0; i < (cells.begin[w + 1] ?? 0); i += 1) {
    const p = cells.party[i] ?? 0
    const prior = priors[p]
    residual -= idle * (cells.alone[i] ?? 0)
    if (prior === undefined || (layout.row[i] ?? -1) >= 0) continue
    const time = cells.overlap[i] ?? 0
    const isTest = (layout.testRow[p] ?? -1) >= 0
    if (!isTest) residual -= time * prior.mean
    const loose = (time * (isTest ? prior.repeat : prior.deviation)) ** 2
    solution.loose[i] = loose
    scatter += loose
  }
  solution.scatter[w] = scatter
  const { rows, weights } = layout.equations[w] ?? { rows: [], weights: [] }
  for (const [a, row] of rows.entries()) {
    const weight = (weights[a] ?? 0) / scatter
    right[row] = (right[row] ?? 0) + weight * residual
    for (let b = 0; b <= a; b += 1) matrix.add(row, rows[b] ?? 0, weight * (weights[b] ?? 0))
  }
  return residual
}

/** Takes the powers of a lump's cells out of the solved variables. */
function readLump(
  input: FitInput,
  solution: Solution,
  values: Float64Array,
  ...[residual, w]: [residual: number, w: number]
): void {
  const { cells, priors } = input
  const { layout, power, loose } = solution
  const { rows, weights } = layout.equations[w] ?? { rows: [], weights: [] }
  let left = residual
  for (const [a, row] of rows.entries()) left -= (weights[a] ?? 0) * (values[row] ?? 0)
  for (let i = cells.begin[w] ?? 0; i < (cells.begin[w + 1] ?? 0); i += 1) {
    const p = cells.party[i] ?? 0
    const row = layout.row[i] ?? -1
    const test = layout.testRow[p] ?? -1
    const prior = priors[p]
    if (row >= 0) power[i] = values[row] ?? 0
    else if (prior !== undefined) {
      const mean = test < 0 ? prior.mean : prior.busy * (values[test] ?? 0)
      const gain = (loose[i] ?? 0) / (solution.scatter[w] ?? 1)
      power[i] = mean + (gain * left) / Math.max(cells.overlap[i] ?? 0, 1e-9)
    }
  }
  const row = layout.crossing[w] ?? -1
  if (row >= 0) solution.crossing[w] = values[row] ?? 0
}

/** Divides each lump's energy in the proportion of the fitted energies, so that it is conserved. */
function sharesOf(input: FitInput, solution: Solution): Float64Array {
  const { lumps, cells, priors, idle, given } = input
  const shares = new Float64Array(cells.count)
  for (let i = 0; i < cells.count; i += 1) {
    const least = 0.05 * (priors[cells.party[i] ?? 0]?.mean ?? 0)
    const above = Math.max(least, solution.power[i] ?? 0) * (cells.overlap[i] ?? 0)
    shares[i] = above + idle * (cells.alone[i] ?? 0)
  }
  for (let w = 0; w < lumps.length; w += 1) cross(input, solution, shares, w)
  for (let w = 0; w < lumps.length; w += 1) {
    const [begin, end] = [cells.begin[w] ?? 0, cells.begin[w + 1] ?? 0]
    let [sum, time] = [0, 0]
    for (let i = begin; i < end; i += 1) {
      shares[i] = Math.max(0, shares[i] ?? 0)
      sum += shares[i] ?? 0
      time += cells.overlap[i] ?? 0
    }
    const energy = (lumps[w]?.energy ?? 0) - (given[w] ?? 0)
    for (let i = begin; i < end; i += 1) {
      const part = sum > 0 ? (shares[i] ?? 0) / sum : (cells.overlap[i] ?? 0) / time
      shares[i] = energy * part
    }
  }
  return shares
}

/** What was counted on the wrong side of a lump's end belongs to those who went on across it. */
function cross(
  { cells }: FitInput,
  { crossing, power }: Solution,
  shares: Float64Array,
  w: number,
): void {
  const amount = crossing[w] ?? 0
  if (amount === 0) return
  const across: number[] = []
  let sum = 0
  for (let i = cells.begin[w] ?? 0; i < (cells.begin[w + 1] ?? 0); i += 1) {
    const next = cells.next[i] ?? -1
    if (next < 0 || cells.lump[next] !== w + 1) continue
    across.push(i)
    sum += Math.max(1e-9, power[i] ?? 0)
  }
  for (const i of across) {
    const part = (amount * Math.max(1e-9, power[i] ?? 0)) / sum
    const next = cells.next[i] ?? 0
    shares[i] = (shares[i] ?? 0) + part
    shares[next] = (shares[next] ?? 0) - part
  }
}

function variancesOf(input: FitInput, solution: Solution): Float64Array {
  const { parties, cells } = input
  const { layout, matrix } = solution
  const variances = new Float64Array(parties.length)
  const rows: number[][] = parties.map(() => [])
  const weights: number[][] = parties.map(() => [])
  for (let i = 0; i < cells.count; i += 1) {
    const p = cells.party[i] ?? 0
    if (parties[p]?.kind !== 'window') continue
    const row = layout.row[i] ?? -1
    if (row < 0) variances[p] = singleVariance(input, solution, i)
    else {
      rows[p]?.push(row)
      weights[p]?.push(cells.overlap[i] ?? 0)
    }
  }
  for (const [p, list] of rows.entries()) {
    if (list.length > 0) variances[p] = matrix.variance(list, weights[p] ?? [], layout.border)
  }
  return variances
}

/** A party within one lump gets its part of what is left over there. */
function singleVariance({ cells }: FitInput, solution: Solution, i: number): number {
  const { layout, matrix, scatter, loose } = solution
  const w = cells.lump[i] ?? 0
  const own = loose[i] ?? 0
  const gain = own / (scatter[w] ?? 1)
  const { rows, weights } = layout.equations[w] ?? { rows: [], weights: [] }
  const test = layout.testRow[cells.party[i] ?? 0] ?? -1
  const factor = layout.testFactor[i] ?? 0
  const mixed = weights.map((weight, a) => (rows[a] === test ? factor : 0) - gain * weight)
  const shared = rows.length === 0 ? 0 : matrix.variance(rows, mixed, layout.border)
  return own * (1 - gain) + shared
}
