import type { Comparison, FigureState } from '../energy/result.ts'
import { formatSignificant } from '../units.ts'

/** What a state is called where there is room for a few words; empty for `measured`. */
export const stateWords: Readonly<Record<FigureState, string>> = {
  measured: '',
  rough: 'rough',
  'below-resolution': 'too little to measure',
  shared: 'shared',
  disturbed: 'disturbed',
  gap: 'meter was silent',
  fault: 'meter fault',
  'no-meter': 'no meter',
}

/** A case as far as its place among the others goes. */
export interface Ranked {
  name: string
  state: FigureState
  energyPerOpJ: number | null
}

/** A case's place in its comparison. */
export interface Standing {
  kind: 'none' | 'cheapest' | 'tie' | 'dearer'
  /** the costliest of three or more, and not tied with the next */
  dearest: boolean
  /** `3.28× (3.24–3.32)` against the cheapest; empty unless `dearer` */
  ratio: string
}

/** States whose figure is printed; the others have none of their own, or none to trust. */
export const hasFigure = (figure: { state: FigureState; energyPerOpJ: number | null }): boolean =>
  figure.energyPerOpJ !== null &&
  (figure.state === 'measured' || figure.state === 'rough' || figure.state === 'disturbed')

/** Energy of `of` ÷ that of `to`, whichever way round it was compared. */
function findRatio(
  comparisons: readonly Comparison[],
  of: string,
  to: string,
): Omit<Comparison, 'a' | 'b'> | undefined {
  for (const { a, b, ratio, low, high, different } of comparisons) {
    if (a === to && b === of) return { ratio, low, high, different }
    if (a === of && b === to) return { ratio: 1 / ratio, low: 1 / high, high: 1 / low, different }
  }
  return undefined
}

/** `3.28× (3.24–3.32)`, with as many digits as it takes to show that it is not 1. */
export function formatRatio({
  ratio,
  low,
  high,
}: Omit<Comparison, 'a' | 'b' | 'different'>): string {
  const texts = (digits: number) => [ratio, low, high].map((n) => formatSignificant(n, digits))
  const enough = [3, 4, 5].find((digits) => {
    const [, least, most] = texts(digits)
    return least !== most && Number(least) !== 1 && Number(most) !== 1
  })
  const [middle, least, most] = texts(enough ?? 3)
  return `${middle}× (${least}–${most})`
}

const none: Standing = { kind: 'none', dearest: false, ratio: '' }

/**
 * Places the cases of one compare by energy: the cheapest, those that cannot be told from it, and
 * how much dearer the rest is. Cases without a figure, or not compared, have no place.
 * @param comparisons those of this compare only
 */
export function computeStandings(
  cases: readonly (Ranked | undefined)[],
  comparisons: readonly Comparison[],
): Standing[] {
  const byCost = cases
    .filter((one) => one !== undefined && hasFigure(one))
    .sort((a, b) => (a?.energyPerOpJ ?? 0) - (b?.energyPerOpJ ?? 0))
  const [cheapest] = byCost
  const [next, last] = byCost.slice(-2)
  if (cheapest === undefined || comparisons.length === 0) return cases.map(() => none)
  const against = (one: Ranked) => findRatio(comparisons, one.name, cheapest.name)
  const anyDearer = byCost.some((one) => one !== undefined && against(one)?.different === true)
  const clearLast =
    byCost.length > 2 &&
    last !== undefined &&
    next !== undefined &&
    findRatio(comparisons, last.name, next.name)?.different === true
  return cases.map((one) => {
    if (one === undefined || !byCost.includes(one)) return none
    if (one === cheapest) return { ...none, kind: anyDearer ? 'cheapest' : 'tie' }
    const found = against(one)
    if (found === undefined) return none
    if (!found.different) return { ...none, kind: 'tie' }
    return { kind: 'dearer', dearest: clearLast && one === last, ratio: formatRatio(found) }
  })
}
