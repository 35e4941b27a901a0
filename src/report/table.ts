import { printable } from '../energy/printable.ts'
import type { BudgetResult, Comparison } from '../energy/result.ts'
import { columnScale, formatPercent, formatScaled } from '../units.ts'
import type { Scale } from '../units.ts'
import { alignLeft, alignRight, plain, visibleWidth, widestOf } from './columns.ts'
import type { Colors } from './columns.ts'
import type { BenchReport } from './json.ts'
import { computeStandings, hasFigure, stateWords } from './standing.ts'
import type { Standing } from './standing.ts'

/** The part of a case that a row shows; any {@link BenchReport} is one. */
export type BenchRow = Pick<
  BenchReport,
  'name' | 'state' | 'energyPerOpJ' | 'lowJ' | 'highJ' | 'powerW' | 'budget'
>

/** Cells to put behind Vitest's: one row for each case, all of the same width but for the marks. */
export interface BenchColumns {
  head: string
  rows: string[]
}

const gap = '  '
const headings = ['energy/op', '±95%', 'power', 'energy'] as const

/** Half the interval's width as a part of the value; the wider side of an uneven one. */
export function relativeHalfWidth(
  value: number | null,
  low: number | null,
  high: number | null,
): number | null {
  if (value === null || low === null || high === null || value === 0) return null
  return Math.max(high - value, value - low) / Math.abs(value)
}

/** `≈` and two digits where the figure is not `measured`: it must not look as sure as the others. */
function energyCell(row: BenchRow, scale: Scale): string {
  if (!hasFigure(row) || row.energyPerOpJ === null) return '–'
  return row.state === 'measured'
    ? formatScaled(row.energyPerOpJ, scale)
    : `≈ ${formatScaled(row.energyPerOpJ, scale, 2)}`
}

function intervalCell(row: BenchRow): string {
  const part = relativeHalfWidth(row.energyPerOpJ, row.lowJ, row.highJ)
  return part === null || !hasFigure(row) ? '–' : `±${formatPercent(part)}%`
}

/** `over 15 µJ/op`: how a figure stands to its budget; empty where there is none. */
function budgetMark(budget: BudgetResult | null, colors: Colors = plain): string {
  if (budget === null) return ''
  const text = printable(budget.text)
  switch (budget.verdict) {
    case 'over':
      return colors.red(`over its budget of ${text}`)
    case 'inconclusive':
      return colors.yellow(`too close to its budget of ${text}`)
    case 'unchecked':
      return colors.yellow(`budget of ${text} not checked`)
    case 'within':
      return colors.dim(`within ${text}`)
  }
}

function standingMark({ kind, dearest, ratio }: Standing, colors: Colors): string {
  if (kind === 'none') return ''
  if (kind === 'cheapest') return colors.bold(colors.green('cheapest'))
  if (kind === 'tie') return colors.dim('tie')
  return dearest ? `${ratio} ${colors.bold(colors.gray('dearest'))}` : ratio
}

function marks(row: BenchRow, standing: Standing, colors: Colors): string {
  const state = stateWords[row.state]
  return [
    state === '' ? '' : colors.yellow(state),
    standingMark(standing, colors),
    budgetMark(row.budget, colors),
  ]
    .filter((mark) => mark !== '')
    .join(', ')
}

/** The cells of one bench table, before they are aligned. */
export interface BenchCells {
  head: readonly string[]
  /** one for each case; empty cells where there is no case */
  rows: string[][]
}

/**
 * What stands in the energy columns of one bench table; one unit for each column, chosen for all of
 * its cells. Only the last cell (the marks) is coloured, and as long as it needs.
 */
export function renderBenchCells(
  cases: readonly (BenchRow | undefined)[],
  comparisons: readonly Comparison[],
  colors: Colors = plain,
): BenchCells {
  const shown = cases.filter((row) => row !== undefined && hasFigure(row))
  const { suffix, factor } = columnScale(
    shown.map((row) => row?.energyPerOpJ ?? 0),
    'J/op',
  )
  const unit = { suffix: suffix.replace('/op', ''), factor }
  const powerScale = columnScale(
    shown.map((row) => row?.powerW ?? 0),
    'W',
  )
  const standings = computeStandings(cases, comparisons)
  const rows = cases.map((row, i) => {
    const standing = standings[i]
    if (row === undefined || standing === undefined) return ['', '', '', '']
    const power = hasFigure(row) && row.powerW !== null ? formatScaled(row.powerW, powerScale) : '–'
    return [energyCell(row, unit), intervalCell(row), power, marks(row, standing, colors)]
  })
  return { head: headings, rows }
}

/**
 * The energy columns of one bench table, without what stands before them; one unit for each column.
 * @param cases in the order of Vitest's rows; `undefined` where Vitest has a row and we have none
 * @param comparisons those between these cases
 * @returns `null` when there is nothing to show: no case has energy, or there was no meter
 */
export function renderBenchColumns(
  cases: readonly (BenchRow | undefined)[],
  comparisons: readonly Comparison[],
  colors: Colors = plain,
): BenchColumns | null {
  if (cases.every((row) => row === undefined || row.state === 'no-meter')) return null
  const { head, rows } = renderBenchCells(cases, comparisons, colors)
  const widths = head.map((heading, i) =>
    widestOf([heading, ...rows.map((cells) => cells[i] ?? '')]),
  )
  const last = head.length - 1
  const align = (cells: readonly string[], styles: readonly ((cell: string) => string)[]): string =>
    cells
      .map((cell, i) => {
        const style = styles[i] ?? String
        return i === last ? style(cell) : style(alignRight(cell, widths[i] ?? 0))
      })
      .join(gap)
      .trimEnd()
  const { bold, blue, dim, cyan } = colors
  return {
    head: align(head, [bold, bold, bold, bold]),
    rows: rows.map((cells) => align(cells, [blue, dim, cyan])),
  }
}

/**
 * Puts our cells behind lines that Vitest made (its head first), whatever these hold.
 * @returns `null` when the numbers of lines differ: then Vitest's lines must stand as they are
 */
export function appendColumns(lines: readonly string[], columns: BenchColumns): string[] | null {
  const ours = [columns.head, ...columns.rows]
  if (lines.length !== ours.length) return null
  const width = widestOf(lines)
  return lines.map((line, i) => `${alignLeft(line, width)}${gap}${ours[i] ?? ''}`.trimEnd())
}

/** The widest line that {@link appendColumns} would make, columns. */
export const appendedWidth = (lines: readonly string[], { head, rows }: BenchColumns): number =>
  widestOf(lines) + visibleWidth(gap) + widestOf([head, ...rows])

/**
 * A table of our own with the names before the cells: for narrow terminals, and wherever Vitest's
 * table cannot be joined. Head first.
 * @returns no lines when there is nothing to show
 */
export function renderCompactTable(
  cases: readonly BenchRow[],
  comparisons: readonly Comparison[],
  colors: Colors = plain,
): string[] {
  const columns = renderBenchColumns(cases, comparisons, colors)
  if (columns === null) return []
  const names = ['name', ...cases.map((row) => printable(row.name))]
  const width = widestOf(names)
  return [columns.head, ...columns.rows].map((cells, i) => {
    const name = alignLeft(names[i] ?? '', width)
    return `${i === 0 ? colors.bold(name) : name}${gap}${cells}`
  })
}
