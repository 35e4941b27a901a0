import { printable } from '../energy/printable.ts'
import type { BudgetResult, Verdict } from '../energy/result.ts'
import { budgetMessage } from '../energy/verdict-text.ts'
import type { BudgetFacts } from '../energy/verdict-text.ts'
import { flow, wrapWords } from './columns.ts'
import type { Colors } from './columns.ts'
import type { BenchReport, EnergyReport, FileReport, TestReport } from './json.ts'

/** A budget of the report with all that was known when it was judged. */
export interface JudgedBudget extends BudgetFacts {
  projectName: string
  /** relative to the root; `null` for the run */
  file: string | null
}

type WithBudget<T extends { budget: BudgetResult | null }> = T & { budget: BudgetResult }

const hasBudget = <T extends { budget: BudgetResult | null }>(one: T): one is WithBudget<T> =>
  one.budget !== null

function ofTest(test: WithBudget<TestReport>): JudgedBudget {
  const { projectName, file, name, budget, state, energyJ, boundsJ } = test
  const byInterval = state === 'measured' || boundsJ === null
  return {
    kind: 'test',
    projectName,
    file,
    name,
    budget,
    state,
    valueJ: state === 'measured' || state === 'rough' ? energyJ : null,
    lowJ: byInterval ? test.lowJ : boundsJ[0],
    highJ: byInterval ? test.highJ : boundsJ[1],
  }
}

function ofCase(bench: WithBudget<BenchReport>): JudgedBudget {
  const { projectName, file, test, name, budget, state, energyPerOpJ, lowJ, highJ, rounds } = bench
  const named = { projectName, file, name: `${test} > ${name}` }
  return { kind: 'case', ...named, budget, state, valueJ: energyPerOpJ, lowJ, highJ, rounds }
}

function ofFile({ projectName, file, budget, energyJ, lowJ, highJ }: FileReport): JudgedBudget {
  const figure = { valueJ: energyJ, lowJ, highJ, state: 'measured' as const }
  return { kind: 'file', projectName, file, name: file, budget, ...figure }
}

function ofRun({ run }: EnergyReport): JudgedBudget[] {
  if (run.budget === null) return []
  const figure = { valueJ: run.energyJ, lowJ: null, highJ: null, state: 'measured' as const }
  return [{ kind: 'run', projectName: '', file: null, name: '', budget: run.budget, ...figure }]
}

/** All budgets of the report: the run's, then files', tests' and cases' in the report's order. */
export function judgedBudgets(report: EnergyReport): JudgedBudget[] {
  return [
    ...ofRun(report),
    ...(report.files ?? []).map(ofFile),
    ...report.tests.filter(hasBudget).map(ofTest),
    ...report.benches.filter(hasBudget).map(ofCase),
  ]
}

const mostLines = 5

/** At most {@link mostLines} of `items`, and how many more there are. */
function abridged(items: readonly string[]): string[] {
  if (items.length <= mostLines) return [...items]
  return [...items.slice(0, mostLines), `… and ${items.length - mostLines} more`]
}

const label = ({ kind, file, name }: JudgedBudget): string =>
  kind === 'run' ? 'the run' : kind === 'file' ? (file ?? name) : `${file ?? ''} > ${name}`

/** Unchecked budgets by reason: a missing meter is said once, not a hundred times. */
function uncheckedLines(budgets: readonly JudgedBudget[]): string[] {
  const groups = Map.groupBy(budgets, ({ budget }) => budget.reason ?? 'no reason is known')
  return [...groups].map(([reason, members]) => {
    const names = abridged(members.map((one) => printable(label(one)))).join(', ')
    return `not checked: ${printable(reason)} (${names})`
  })
}

/** Over, but failed by no test: Vitest prints those itself, with a code frame. */
const saidNowhereElse = ({ kind }: JudgedBudget): boolean => kind === 'run' || kind === 'file'

const verdictWords: readonly (readonly [verdict: Verdict, words: string])[] = [
  ['within', 'within'],
  ['over', 'over'],
  ['inconclusive', 'too close to call'],
  ['unchecked', 'not checked'],
]

/**
 * The budgets of the run: one line of counts, then what the reader could miss.
 * @returns no lines when there are no budgets
 */
export function renderBudgetLines(
  report: EnergyReport,
  { colors, width, required }: { colors: Colors; width: number; required: boolean },
): string[] {
  const { verdicts, energyJ } = report.run
  const said = verdictWords.filter(([verdict]) => verdicts[verdict] > 0)
  // where nothing was measured, the energy line has said that none was checked
  if (said.every(([verdict]) => verdict === 'unchecked' && energyJ === null)) return []
  const paint: Record<Verdict, (text: string) => string> = {
    within: colors.green,
    over: colors.red,
    inconclusive: colors.yellow,
    unchecked: colors.yellow,
  }
  const counts = verdictWords.map(([verdict, words]) => {
    const text = `${verdicts[verdict]} ${words}`
    return verdicts[verdict] === 0 ? text : paint[verdict](text)
  })
  const budgets = judgedBudgets(report)
  const judged = (verdict: Verdict) => budgets.filter(({ budget }) => budget.verdict === verdict)
  const over = judged('over').filter(saidNowhereElse)
  const close = judged('inconclusive')
  const unchecked = energyJ === null ? [] : uncheckedLines(judged('unchecked'))
  const messages = (some: readonly JudgedBudget[]): string[] =>
    abridged(some.map((one) => budgetMessage({ ...one, name: label(one) })))
      .flatMap((message) => message.split('\n'))
      .flatMap((line) => (line.startsWith(' ') ? [line] : wrapWords(line, width)))
  const consequence = required
    ? 'budgets in doubt fail this run, because `required` is set'
    : 'budgets in doubt pass; to fail here set `required: true`'
  return [
    ...flow(counts, width, ', '),
    ...messages(over).map(colors.red),
    ...messages(close).map(colors.yellow),
    ...unchecked.flatMap((line) => wrapWords(line, width)).map(colors.yellow),
    ...(close.length + unchecked.length === 0 ? [] : wrapWords(consequence, width).map(colors.dim)),
  ]
}
