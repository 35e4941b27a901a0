import { judgedBudgets } from './report/budget-lines.ts'
import type { EnergyReport } from './report/json.ts'
import { printable } from './energy/printable.ts'
import { budgetMessage } from './energy/verdict-text.ts'

/**
 * What makes the run fail that no test has failed for: budgets of files and of the run, and, with
 * `required`, whatever could not be judged.
 * @returns one message for each, none when the run may pass
 */
export function judgeRun(report: EnergyReport, required: boolean): string[] {
  const judged = judgedBudgets(report)
  const over = judged
    .filter(({ kind, budget }) => budget.verdict === 'over' && (kind === 'run' || kind === 'file'))
    .map(budgetMessage)
  if (!required) return over
  const open = judged
    .filter(({ budget }) => budget.verdict === 'unchecked' || budget.verdict === 'inconclusive')
    .map(budgetMessage)
  const { state, reason } = report.meter
  const mend =
    report.meter.mend ?? 'leave `required` (VITEST_ENERGY_REQUIRED) out where there is no meter'
  const meter =
    state === 'ok'
      ? []
      : [
          `no usable meter (${printable(reason ?? state)}), but \`required\` asks for one\n  ${printable(mend)}`,
        ]
  return [...over, ...open, ...meter]
}
