import type { BudgetResult, FigureState, Verdict } from '../../energy/result.ts'
import {
  formatDuration,
  formatEnergy,
  formatOperationTime,
  formatPercent,
  formatPower,
  milliseconds,
  nanoseconds,
} from '../../units.ts'
import { renderBenchNotes } from '../bench-notes.ts'
import { escapeHtml } from '../escape.ts'
import type { BenchReport, EnergyReport, TestReport } from '../json.ts'
import { hasFigure, stateWords } from '../standing.ts'
import { relativeHalfWidth, renderBenchCells } from '../table.ts'
import type { BenchRow } from '../table.ts'
import { formatFigure } from '../test-suffix.ts'
import { groupBenches } from '../text.ts'
import type { BenchGroup } from '../text.ts'

const stateClass: Readonly<Record<FigureState, string>> = {
  measured: 'good',
  rough: 'warn',
  'below-resolution': '',
  shared: '',
  disturbed: 'warn',
  gap: 'bad',
  fault: 'bad',
  'no-meter': '',
}

function stateTag(state: FigureState, reason: string | null): string {
  const words = state === 'below-resolution' ? 'too short' : stateWords[state] || 'measured'
  const title = reason === null ? '' : ` title="${escapeHtml(reason)}"`
  return `<span class="tag ${stateClass[state]}"${title}>${words}</span>`
}

const verdictTags: Readonly<Record<Verdict, readonly [kind: string, words: string]>> = {
  within: ['good', '✓ within'],
  over: ['bad', '✗ over'],
  inconclusive: ['warn', '? too close to'],
  unchecked: ['warn', '? not checked:'],
}

/** How a budget was judged, as a tag; `''` without one. */
export function budgetTag(budget: BudgetResult | null): string {
  if (budget === null) return ''
  const [kind, words] = verdictTags[budget.verdict]
  const title = `${budget.source}${budget.reason === null ? '' : `: ${budget.reason}`}`
  return `<span class="tag ${kind}" title="${escapeHtml(title)}">${words} ${escapeHtml(budget.text)}</span>`
}

/** A cell that sorts by `value`; unknown values sort last. */
const numberCell = (value: number | null, text: string): string =>
  `<td data-v="${value === null || !Number.isFinite(value) ? '' : value}">${text}</td>`

function testRow(test: TestReport): string {
  const { energyJ, lowJ, highJ, netJ, powerW, durationMs } = test
  // a figure that is not fit for print still has an upper bound, which is worth a look
  const bound = test.boundsJ === null ? '–' : `≤ ${formatEnergy(test.boundsJ[1], 2)}`
  const figure = formatFigure(test)
  const known = figure !== ''
  const energy = known ? figure.replace(/ ±.*/, '') : bound
  const part = known ? relativeHalfWidth(energyJ, lowJ, highJ) : null
  const project = test.projectName === '' ? '' : `|${escapeHtml(test.projectName)}| `
  const failed = test.result === 'failed' ? ' <span class="tag bad">failed</span>' : ''
  return `<tr><th scope="row">${escapeHtml(test.name)}${failed}<small>${project}${escapeHtml(test.file)}</small></th>${[
    numberCell(known ? energyJ : null, energy),
    numberCell(part, part === null ? '–' : `±${formatPercent(part)}%`),
    numberCell(known ? netJ : null, known && netJ !== null ? formatEnergy(netJ) : '–'),
    numberCell(known ? powerW : null, known && powerW !== null ? formatPower(powerW) : '–'),
    numberCell(durationMs, formatDuration(milliseconds(durationMs))),
    numberCell(test.samples, String(test.samples)),
  ].join(
    '',
  )}<td class="text">${stateTag(test.state, test.reason)}</td><td class="text">${budgetTag(test.budget)}</td></tr>`
}

const testHeads = [
  ['Test', ''],
  ['Energy', 'number'],
  ['±95%', 'number'],
  ['Above idle', 'number'],
  ['Power', 'number'],
  ['Time', 'number'],
  ['Samples', 'number'],
  ['State', ''],
  ['Budget', ''],
] as const

/** All tests, costliest first; those without a figure behind them in the order of the run. */
export function renderTests({ tests }: EnergyReport): string {
  if (tests.length === 0) return ''
  const known = tests.filter((test) => formatFigure(test) !== '')
  const unknown = tests.filter((test) => formatFigure(test) === '')
  known.sort((a, b) => (b.energyJ ?? 0) - (a.energyJ ?? 0))
  const rows = [...known, ...unknown].map(testRow)
  const heads = testHeads.map(
    ([text, sort], i) =>
      `<th scope="col" data-sort="${sort}"${sort === '' && i > 0 ? ' class="text"' : ''}${text === 'Energy' ? ' aria-sort="descending"' : ''}>${text}</th>`,
  )
  return `<h2>Tests</h2><p class="soft">Energy of the whole chip while each test ran, idle included; ≈ rough, ≤ no figure but an upper bound</p><div class="scroll"><table data-sort><thead><tr>${heads.join('')}</tr></thead><tbody>${rows.join('\n')}</tbody></table></div>`
}

/** The value as a bar against the dearest, with its interval as a line. */
function bar(bench: BenchReport, most: number): string {
  if (!hasFigure(bench) || bench.energyPerOpJ === null || most <= 0) return ''
  const at = (value: number) => ((Math.max(0, value) / most) * 100).toFixed(1)
  const { energyPerOpJ, lowJ, highJ } = bench
  const line = lowJ === null || highJ === null ? '' : `<path d="M${at(lowJ)} 5H${at(highJ)}"/>`
  return `<svg class="bar" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true"><rect width="${at(energyPerOpJ)}" height="10" rx="1" opacity=".55"/>${line}</svg>`
}

const compact = new Intl.NumberFormat('en', { notation: 'compact', maximumSignificantDigits: 3 })

function benchRow(bench: BenchReport, cells: readonly string[], most: number): string {
  const [energy = '', interval = '', power = '', mark = ''] = cells
  const time =
    bench.timePerOpNs === null ? '–' : formatOperationTime(nanoseconds(bench.timePerOpNs))
  const perJoule = hasFigure(bench) && bench.opsPerJ !== null ? compact.format(bench.opsPerJ) : '–'
  const texts = [energy, interval, power, time, perJoule].map(
    (cell) => `<td>${escapeHtml(cell)}</td>`,
  )
  return `<tr><th scope="row">${escapeHtml(bench.name)}</th>${texts.join('')}<td class="text">${bar(bench, most)}</td><td class="text">${escapeHtml(mark)}</td><td class="text">${stateTag(bench.state, bench.reason)} ${budgetTag(bench.budget)}</td></tr>`
}

/** The tag beside it tells the budget. */
const withoutBudget = ({
  name,
  state,
  energyPerOpJ,
  lowJ,
  highJ,
  powerW,
}: BenchReport): BenchRow => ({
  name,
  state,
  energyPerOpJ,
  lowJ,
  highJ,
  powerW,
  budget: null,
})

function benchTable(group: BenchGroup): string {
  const { head, rows } = renderBenchCells(group.cases.map(withoutBudget), group.comparisons)
  const most = group.cases.reduce((a, one) => Math.max(a, one.highJ ?? one.energyPerOpJ ?? 0), 0)
  const heads = ['Case', ...head.slice(0, 3), 'time/op', 'ops/J', '', 'compared', 'state']
    .map((text, i) => `<th scope="col"${i > 5 ? ' class="text"' : ''}>${text}</th>`)
    .join('')
  const notes = renderBenchNotes(group.cases, { width: Infinity })
  const body = group.cases.map((bench, i) => benchRow(bench, rows[i] ?? [], most)).join('\n')
  const project = group.projectName === '' ? '' : `|${escapeHtml(group.projectName)}| `
  return `<h3>${escapeHtml(group.test)}<small>${project}${escapeHtml(group.file)}</small></h3><div class="scroll"><table><thead><tr>${heads}</tr></thead><tbody>${body}</tbody></table></div>${notes.map((note) => `<p class="soft">${escapeHtml(note)}</p>`).join('')}`
}

/** One table for each compare. @returns `''` without benches */
export function renderBenches(report: EnergyReport): string {
  if (report.benches.length === 0) return ''
  return `<h2>Benches</h2>${groupBenches(report).map(benchTable).join('')}`
}
