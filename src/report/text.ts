import { printable } from '../energy/printable.ts'
import { formatDuration, milliseconds } from '../units.ts'
import { renderBenchNotes } from './bench-notes.ts'
import { alignLeft, plain, widestOf } from './columns.ts'
import type { Colors } from './columns.ts'
import type { BenchReport, ComparisonReport, EnergyReport, TestReport } from './json.ts'
import { renderSummary } from './summary.ts'
import { renderCompactTable } from './table.ts'
import { formatSumSuffix, formatTestSuffix } from './test-suffix.ts'

/** The cases of one `run` or `compare` and what was found between them. */
export interface BenchGroup {
  projectName: string
  file: string
  /** the test that holds them */
  test: string
  cases: BenchReport[]
  comparisons: ComparisonReport[]
}

/** One test file of the report. */
interface FileGroup {
  projectName: string
  file: string
  tests: TestReport[]
  benches: BenchGroup[]
}

const keyOf = (...parts: readonly string[]): string => JSON.stringify(parts)

/** The benches as they were compared, in the order of the report. */
export function groupBenches({ benches, comparisons }: EnergyReport): BenchGroup[] {
  const groups = Map.groupBy(benches, ({ id, index, projectName }) =>
    keyOf(projectName, id, String(index)),
  )
  return [...groups.values()].flatMap((cases) => {
    const [first] = cases
    if (first === undefined) return []
    const { projectName, file, test } = first
    const names = new Set(cases.map(({ name }) => name))
    const between = comparisons.filter(
      (one) => one.file === file && one.test === test && names.has(one.a) && names.has(one.b),
    )
    return [{ projectName, file, test, cases, comparisons: between }]
  })
}

/** Tests and benches by file, in the order of the report. */
function groupByFile(report: EnergyReport): FileGroup[] {
  const groups = new Map<string, FileGroup>()
  const groupOf = ({ projectName, file }: { projectName: string; file: string }): FileGroup => {
    const key = keyOf(projectName, file)
    const found = groups.get(key) ?? { projectName, file, tests: [], benches: [] }
    groups.set(key, found)
    return found
  }
  for (const test of report.tests) groupOf(test).tests.push(test)
  for (const bench of groupBenches(report)) groupOf(bench).benches.push(bench)
  return [...groups.values()]
}

const marks: Readonly<Record<TestReport['result'], (colors: Colors) => string>> = {
  passed: ({ green }) => green('✓'),
  failed: ({ red }) => red('×'),
  skipped: ({ dim }) => dim('↓'),
  pending: ({ dim }) => dim('·'),
}

function testLines(tests: readonly TestReport[], colors: Colors): string[] {
  const names = tests.map(({ name }) => printable(name))
  const width = Math.min(60, widestOf(names))
  return tests.map((test, i) => {
    const duration = formatDuration(milliseconds(test.durationMs)).padStart(8)
    const suffix = formatTestSuffix(test, colors)
    const line = `   ${marks[test.result](colors)} ${alignLeft(names[i] ?? '', width)}  ${colors.dim(duration)}`
    return suffix === '' ? line : `${line}  ${suffix}`
  })
}

function fileLines(group: FileGroup, options: ReportTextOptions): string[] {
  const { colors = plain, width = 100 } = options
  const project = group.projectName === '' ? '' : `|${printable(group.projectName)}| `
  const sum = formatSumSuffix(group.tests)
  const head = ` ${project}${printable(group.file)}${sum === '' ? '' : colors.dim(` · ${sum}`)}`
  const tables = group.benches.flatMap(({ test, cases, comparisons }) => [
    `   ${printable(test)}`,
    ...[
      ...renderCompactTable(cases, comparisons, colors),
      ...renderBenchNotes(cases, { colors, width: width - 5 }),
    ].map((line) => `     ${line}`),
  ])
  return [head, ...testLines(group.tests, colors), ...tables, '']
}

/** How the whole report is drawn. */
export interface ReportTextOptions {
  colors?: Colors
  /** columns; @default 100 */
  width?: number
}

/**
 * The whole report as text: its origin, every file with its tests and benches, the summary. The text
 * depends on the report alone: no clock, no locale. Ends with a newline.
 */
export function renderReport(report: EnergyReport, options: ReportTextOptions = {}): string {
  const { colors = plain, width = 100 } = options
  const { vitestEnergy, vitest, node } = report.versions
  const origin = `vitest-energy ${vitestEnergy} · vitest ${vitest} · node ${node} · ${report.startTime}`
  const lines = [
    colors.dim(printable(origin)),
    '',
    ...groupByFile(report).flatMap((group) => fileLines(group, options)),
    ...renderSummary(report, { colors, width }),
  ]
  return `${lines.join('\n')}\n`
}
