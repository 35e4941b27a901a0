import { budgetMessage } from '../energy/verdict-text.ts'
import { formatDuration, milliseconds } from '../units.ts'
import { judgedBudgets } from './budget-lines.ts'
import { renderBenchNotes } from './bench-notes.ts'
import { escapeMarkdown, markdownCode } from './escape.ts'
import type { EnergyReport, TestReport } from './json.ts'
import { stateWords } from './standing.ts'
import { renderSummary } from './summary.ts'
import { renderBenchCells } from './table.ts'
import { formatFigure } from './test-suffix.ts'
import { groupBenches } from './text.ts'
import type { BenchGroup } from './text.ts'

const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`

/** A table whose first column is left aligned, the others right. */
const table = (head: readonly string[], rows: readonly (readonly string[])[]): string[] => [
  row(head),
  row(head.map((_, i) => (i === 0 ? ':--' : '--:'))),
  ...rows.map(row),
]

function verdictText({ budget }: { budget: TestReport['budget'] }): string {
  if (budget === null) return ''
  const words = {
    within: '✅ within',
    over: '❌ over',
    inconclusive: '⚠️ too close to',
    unchecked: '⚠️ not checked:',
  }
  return `${words[budget.verdict]} ${escapeMarkdown(budget.text)}`
}

function benchSection(group: BenchGroup): string[] {
  const { head, rows } = renderBenchCells(group.cases, group.comparisons)
  const cells = group.cases.map(({ name }, i) => [
    markdownCode(name),
    ...(rows[i] ?? []).map(escapeMarkdown),
  ])
  const notes = renderBenchNotes(group.cases, { width: Infinity })
  return [
    `### ${markdownCode(group.file)} > ${markdownCode(group.test)}`,
    '',
    ...table(['case', ...head], cells),
    '',
    ...notes.flatMap((note) => [escapeMarkdown(note), '']),
  ]
}

/** GitHub cuts a step summary at 1 MiB; the JSON report has every test. */
const mostTests = 200

function testSection({ tests }: EnergyReport): string[] {
  const shown = tests
    .filter((test) => formatFigure(test) !== '' || test.budget !== null)
    .sort((a, b) => (b.energyJ ?? 0) - (a.energyJ ?? 0))
  if (shown.length === 0) return []
  const rows = shown
    .slice(0, mostTests)
    .map((test) => [
      `${markdownCode(test.file)} > ${markdownCode(test.name)}`,
      formatFigure(test) || '–',
      formatDuration(milliseconds(test.durationMs)),
      stateWords[test.state],
      verdictText(test),
    ])
  const more = shown.length - mostTests
  return [
    '### Tests',
    '',
    ...table(['test', 'energy', 'time', 'state', 'budget'], rows),
    '',
    ...(more > 0 ? [`… and ${more} more in the JSON report.`, ''] : []),
  ]
}

function overSection(report: EnergyReport): string[] {
  const over = judgedBudgets(report).filter(({ budget }) => budget.verdict === 'over')
  if (over.length === 0) return []
  return [
    '### Over budget',
    '',
    ...over.flatMap((one) =>
      budgetMessage(one)
        .split('\n')
        .map((line, i) => `${i === 0 ? '' : '  '}- ${escapeMarkdown(line.trim())}`),
    ),
    '',
  ]
}

/** A fence that no line of the text can close. */
function fenced(lines: readonly string[]): string[] {
  const longest = (lines.join('\n').match(/`+/g) ?? []).reduce(
    (most, run) => Math.max(most, run.length),
    2,
  )
  const fence = '`'.repeat(longest + 1)
  return [`${fence}text`, ...lines, fence, '']
}

/**
 * A page in GitHub's Markdown for a run: the summary as the terminal shows it, what is over, a table
 * for each compare, the tests that have a figure or a budget. Ends with a newline.
 */
export function renderMarkdown(report: EnergyReport): string {
  const emulated = report.source === 'emulated' ? ' (emulated: joules invented)' : ''
  const lines = [
    `## Energy${emulated}`,
    '',
    ...fenced(renderSummary(report, { costliest: 0 })),
    ...overSection(report),
    ...groupBenches(report).flatMap(benchSection),
    ...testSection(report),
  ]
  return `${lines.join('\n').trimEnd()}\n`
}
