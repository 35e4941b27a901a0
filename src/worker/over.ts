import type { RunnerTestCase } from 'vitest'
import { budgetError } from './budget-error.ts'
import { kept } from './kept.ts'

/** A bench case that used more than its budget, in the words of the report. */
export interface OverBudget {
  message: string
  actual: string
  expected: string
}

interface Remembered {
  /** attempts of the test before this one */
  attempt: number
  cases: OverBudget[]
}

const remembered = kept('over', () => new Map<string, Remembered>())

/**
 * Remembers cases over their budget until the body of the test has ended: thrown at once, they would
 * take the table and the results with them. What an earlier attempt left is forgotten.
 */
export function rememberOverBudget(test: RunnerTestCase, cases: readonly OverBudget[]): void {
  const attempt = test.result?.attempts?.length ?? 0
  const known = remembered.get(test.id)
  const earlier = known?.attempt === attempt ? known.cases : []
  remembered.set(test.id, { attempt, cases: [...earlier, ...cases] })
}

/**
 * To be called after the body of a test that has passed.
 * @throws {Error} one `EnergyBudgetError` for all cases of the test that used more than their budget
 */
export function throwOverBudget(test: RunnerTestCase): void {
  const { cases = [] } = remembered.get(test.id) ?? {}
  remembered.delete(test.id)
  if (cases.length === 0) return
  const join = (of: 'message' | 'actual' | 'expected', by: string) =>
    cases.map((one) => one[of]).join(by)
  throw budgetError(test, join('message', '\n\n'), {
    actual: join('actual', ', '),
    expected: join('expected', ', '),
  })
}
