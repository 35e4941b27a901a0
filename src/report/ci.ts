import type { Verdict } from '../energy/result.ts'
import { budgetMessage } from '../energy/verdict-text.ts'
import { judgedBudgets } from './budget-lines.ts'
import type { JudgedBudget } from './budget-lines.ts'
import { annotationProperty, annotationText } from './escape.ts'
import type { EnergyReport } from './json.ts'

/** What decides whether a budget that could not be judged is an error. */
export interface AnnotationOptions {
  /** the option of that name; @default false */
  required?: boolean
  /** most lines of one kind; GitHub shows 10 for each step (its documentation of workflow limits) */
  limit?: number
}

type Level = 'warning' | 'error'

function annotation(level: Level, title: string, file: string | null, message: string): string {
  const properties = [
    ...(file === null ? [] : [`file=${annotationProperty(file)}`]),
    `title=${annotationProperty(title)}`,
  ]
  return `::${level} ${properties.join(',')}::${annotationText(message)}`
}

const titles: Readonly<Record<Exclude<Verdict, 'within'>, string>> = {
  over: 'Energy budget exceeded',
  inconclusive: 'Energy budget too close to call',
  unchecked: 'Energy budget not checked',
}

/** Tests and cases that are over fail as tests: Vitest's own reporter annotates them. */
const annotatedByVitest = ({ kind, budget }: JudgedBudget): boolean =>
  budget.verdict === 'over' && (kind === 'test' || kind === 'case')

/** One line a reason where there was no meter: the same mend holds for every budget. */
function uncheckedAnnotations(budgets: readonly JudgedBudget[], level: Level): string[] {
  const groups = Map.groupBy(budgets, ({ budget }) => budget.reason)
  return [...groups.values()].map((members) => {
    const [first] = members
    const title = titles.unchecked
    if (first === undefined || members.length === 1) {
      return annotation(
        level,
        title,
        first?.file ?? null,
        first === undefined ? '' : budgetMessage(first),
      )
    }
    const names = members.map(({ name, kind }) => (kind === 'run' ? 'the run' : name)).join(', ')
    const reason = first.budget.reason ?? 'no reason is known'
    return annotation(
      level,
      title,
      null,
      `${members.length} budgets not checked: ${reason} (${names})`,
    )
  })
}

/**
 * Workflow commands for GitHub Actions, one a line: budgets over their limit that no test fails for
 * (run, files), and those that could not be judged.
 */
export function renderAnnotations(report: EnergyReport, options: AnnotationOptions = {}): string[] {
  const { required = false, limit = 10 } = options
  const doubt: Level = required ? 'error' : 'warning'
  const budgets = judgedBudgets(report)
  const over = budgets.filter((one) => one.budget.verdict === 'over' && !annotatedByVitest(one))
  const close = budgets.filter(({ budget }) => budget.verdict === 'inconclusive')
  const unchecked = budgets.filter(({ budget }) => budget.verdict === 'unchecked')
  return [
    ...over
      .map((one) => annotation('error', titles.over, one.file, budgetMessage(one)))
      .slice(0, limit),
    ...[
      ...uncheckedAnnotations(unchecked, doubt),
      ...close.map((one) => annotation(doubt, titles.inconclusive, one.file, budgetMessage(one))),
    ].slice(0, limit),
  ]
}
