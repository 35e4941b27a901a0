import type { BenchEnergy, Comparison } from '../energy/result.ts'
import { kept } from './kept.ts'

interface Place {
  name: string
  comparisons: readonly Comparison[]
}

const places = kept('compared', () => new WeakMap<BenchEnergy, Place>())

/** Keeps the ratios of one compare with its figures, for as long as somebody has those. */
export function rememberComparisons(
  cases: readonly { name: string; energy: BenchEnergy }[],
  comparisons: readonly Comparison[],
): void {
  for (const { name, energy } of cases) places.set(energy, { name, comparisons })
}

/** Energy of one ÷ energy of another, with its 95 % interval. */
export interface Ratio {
  ratio: number
  low: number
  high: number
}

function pairedRatio(a: BenchEnergy, b: BenchEnergy): Ratio | null {
  const [here, there] = [places.get(a), places.get(b)]
  if (here === undefined || there === undefined || here.comparisons !== there.comparisons)
    return null
  for (const { a: first, b: second, ratio, low, high } of here.comparisons) {
    if (first === there.name && second === here.name) return { ratio, low, high }
    if (first === here.name && second === there.name) {
      return { ratio: 1 / ratio, low: 1 / high, high: 1 / low }
    }
  }
  return null
}

/**
 * Energy per operation of `a` ÷ that of `b`: from the rounds of the compare that both belong to, else
 * from their own intervals, which is wider.
 * @returns `null` where one of them has no figure above 0
 */
export function ratioOf(a: BenchEnergy, b: BenchEnergy): Ratio | null {
  const paired = pairedRatio(a, b)
  if (paired !== null) return paired
  const { energyPerOpJ: x, highJ: xHigh } = a
  const { energyPerOpJ: y, highJ: yHigh } = b
  if (x === null || y === null || xHigh === null || yHigh === null || x <= 0 || y <= 0) return null
  const half = Math.hypot((xHigh - x) / x, (yHigh - y) / y)
  return { ratio: x / y, low: (x / y) * Math.exp(-half), high: (x / y) * Math.exp(half) }
}
