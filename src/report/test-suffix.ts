import { printable } from '../energy/printable.ts'
import type { BudgetResult, Figure, TestEnergy } from '../energy/result.ts'
import { formatEnergy, formatPercent } from '../units.ts'
import { plain } from './columns.ts'
import type { Colors } from './columns.ts'
import { relativeHalfWidth } from './table.ts'

/** `4.08 J ±2%`, `≈ 1.0 J ±30%`; empty when the figure is none to print. */
export function formatFigure(figure: Figure): string {
  const { state, energyJ, lowJ, highJ } = figure
  const sure = state === 'measured'
  if (energyJ === null || (!sure && state !== 'rough' && state !== 'disturbed')) return ''
  const part = relativeHalfWidth(energyJ, lowJ, highJ)
  const interval = part === null ? '' : ` ±${formatPercent(part, 1)}%`
  return `${sure ? '' : '≈ '}${formatEnergy(energyJ, sure ? 3 : 2)}${interval}`
}

function budgetWords({ verdict, text }: BudgetResult): string {
  const limit = printable(text)
  if (verdict === 'over') return `over budget ${limit}`
  if (verdict === 'inconclusive') return `too close to budget ${limit}`
  return verdict === 'unchecked' ? `budget ${limit} not checked` : `budget ${limit}`
}

/**
 * What stands behind a test's duration: `4.08 J ±2%  (budget 5 J)`. The verdict on a budget is said
 * even where there is no figure.
 * @returns `''` when there is neither
 */
export function formatTestSuffix(test: TestEnergy, colors: Colors = plain): string {
  const figure = formatFigure(test)
  const state = figure !== '' && test.state !== 'measured' ? [test.state] : []
  const words = [...state, ...(test.budget === null ? [] : [budgetWords(test.budget)])].join(', ')
  const verdict = test.budget?.verdict
  const paint =
    verdict === 'over'
      ? colors.red
      : verdict === undefined || verdict === 'within'
        ? colors.dim
        : colors.yellow
  return [figure, words === '' ? '' : paint(`(${words})`)].filter((part) => part !== '').join('  ')
}

/** Figures that may be added up: shared ones are guesses of a split, the others are none. */
const countable = (figure: Figure): boolean =>
  figure.energyJ !== null && figure.state !== 'shared' && figure.state !== 'fault'

/**
 * Energy of several tests together, all attempts, those too short for a figure of their own too.
 * @returns joules; `null` when one of them is not known: a sum of the rest would be too low
 */
export function sumOf(tests: readonly TestEnergy[]): number | null {
  const figures = tests.flatMap((test) => [...test.attempts, test])
  if (figures.length === 0 || !figures.every(countable)) return null
  return figures.reduce((sum, { energyJ }) => sum + (energyJ ?? 0), 0)
}

/** What stands behind the duration of a file or a suite: `36.9 mJ`; `''` when it is not known. */
export function formatSumSuffix(tests: readonly TestEnergy[]): string {
  const sum = sumOf(tests)
  return sum === null ? '' : formatEnergy(sum)
}
