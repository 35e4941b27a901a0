import { judge } from './budget.ts'
import type { BenchEnergy, BudgetDeclaration, BudgetResult } from './result.ts'

/** Judges a figure per operation. What does not stand out from idle is still below its upper end. */
export function judgeBench(figure: BenchEnergy, budget: BudgetDeclaration): BudgetResult {
  const { state, lowJ, highJ } = figure
  const bounded = state === 'below-resolution' && lowJ !== null && highJ !== null
  return judge({ ...figure, boundsJ: bounded ? [Math.max(0, lowJ), highJ] : null }, budget)
}
