import type { Comparison } from './result.ts'
import { intervalOf, twoSidedP, yuen } from './statistics.ts'
import type { Estimate } from './statistics.ts'

/** One case's net energy per operation, by round. */
export interface Series {
  name: string
  /** joules per operation */
  rounds: ReadonlyMap<number, number>
  /** by how much its logarithm moves with each watt of idle power taken off, 1/W */
  idleSlope: number
}

interface Pair {
  a: string
  b: string
  /** natural logarithm of b ÷ a; `null` of fewer than two common rounds, or of energies ≤ 0 */
  logRatio: Estimate | null
  /** two-sided probability of a ratio this far from 1 by chance */
  p: number
}

/** The chance that any pair of equal cases is called different, all pairs together. */
const familyError = 0.05

function logRatio(a: Series, b: Series, idleError: number): Estimate | null {
  const values: number[] = []
  for (const [round, energy] of a.rounds) {
    const other = b.rounds.get(round)
    if (other === undefined) continue
    if (energy <= 0 || other <= 0) return null
    values.push(Math.log(other / energy))
  }
  const estimate = yuen(values)
  if (estimate === null) return null
  // one idle power is taken off both: what it is wrong by moves them together
  const common = idleError * (b.idleSlope - a.idleSlope)
  return { ...estimate, standardError: Math.hypot(estimate.standardError, common) }
}

function pairOf(a: Series, b: Series, idleError: number): Pair {
  const estimate = logRatio(a, b, idleError)
  if (estimate === null) return { a: a.name, b: b.name, logRatio: null, p: 1 }
  const { value, standardError, df } = estimate
  const p = standardError > 0 ? twoSidedP(value / standardError, df) : Number(value === 0)
  return { a: a.name, b: b.name, logRatio: estimate, p }
}

/**
 * Holm's step-down test (1979, Scandinavian Journal of Statistics 6, 65–70): the smallest p against
 * α/m, the next against α/(m−1) …, until one fails; from there on all fail. Each interval is that of
 * the level its pair was held to.
 */
function holm(pairs: readonly Pair[]): Map<Pair, { level: number; different: boolean }> {
  const verdicts = new Map<Pair, { level: number; different: boolean }>()
  const ordered = [...pairs].sort((x, y) => x.p - y.p)
  let failedAt: number | null = null
  for (const [rank, pair] of ordered.entries()) {
    const level: number = failedAt ?? familyError / (ordered.length - rank)
    const different = failedAt === null && pair.p < level
    if (!different) failedAt = level
    verdicts.set(pair, { level, different })
  }
  return verdicts
}

/**
 * Compares every case with every other, round by round.
 * @param idleError standard error of idle power, W
 * @returns in the order of the cases; a pair without a ratio is left out
 */
export function compareAll(series: readonly Series[], idleError: number): Comparison[] {
  const pairs = series.flatMap((a, at) => series.slice(at + 1).map((b) => pairOf(a, b, idleError)))
  const measured = pairs.filter((pair) => pair.logRatio !== null)
  const verdicts = holm(measured)
  return measured.flatMap((pair) => {
    const verdict = verdicts.get(pair)
    if (pair.logRatio === null || verdict === undefined) return []
    const { value, low, high } = intervalOf(pair.logRatio, 1 - verdict.level)
    const { a, b } = pair
    const { different } = verdict
    return { a, b, ratio: Math.exp(value), low: Math.exp(low), high: Math.exp(high), different }
  })
}
