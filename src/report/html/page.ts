import { createHash } from 'node:crypto'
import { budgetMessage } from '../../energy/verdict-text.ts'
import { formatDuration, formatEnergy, formatPower, milliseconds } from '../../units.ts'
import { judgedBudgets } from '../budget-lines.ts'
import { escapeHtml } from '../escape.ts'
import type { EnergyReport } from '../json.ts'
import { script } from './script.ts'
import { style } from './style.ts'
import { budgetTag, renderBenches, renderTests } from './tables.ts'
import { renderTrace } from './trace.ts'
import type { PowerTrace } from './trace.ts'

const time = (ms: number): string => formatDuration(milliseconds(ms))

/** Nothing but this page's own style and script may act, whatever a name in it says. */
function policy(): string {
  const hash = createHash('sha256').update(script).digest('base64')
  return `default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-${hash}'`
}

function headline({ run, meter }: EnergyReport): string {
  if (run.energyJ !== null) {
    return `<p class="total">${formatEnergy(run.energyJ)} <small>in ${time(run.durationMs)}</small></p>`
  }
  const mend =
    meter.mend === undefined || meter.mend === null
      ? ''
      : `<br>To mend it: <code>${escapeHtml(meter.mend)}</code>`
  return `<p class="total">not measured</p><p class="note">${escapeHtml(meter.reason ?? 'there was no meter')}${mend}</p>`
}

function domainFacts({ run }: EnergyReport): [string, string][] {
  return Object.entries(run.domainsJ).map(([domain, energy]) => [
    domain.toUpperCase(),
    formatEnergy(energy),
  ])
}

const energyOrDash = (value: number | null): string => (value === null ? '–' : formatEnergy(value))

function facts(report: EnergyReport): string {
  const { run, meter, versions } = report
  const mean =
    run.energyJ === null || run.durationMs <= 0
      ? '–'
      : formatPower((run.energyJ / run.durationMs) * 1000)
  const { model, os } = meter.machine
  const rows: [string, string][] = [
    ['Mean power', mean],
    ['Idle power', run.idlePowerW === null ? 'not known' : formatPower(run.idlePowerW, 2)],
    ...domainFacts(report),
    ['In tests and benches', energyOrDash(run.attributedJ)],
    ['Between them', energyOrDash(run.unattributedJ)],
    ['Meter', `${meter.name ?? 'none'}, ${meter.state}`],
    ['Sample', meter.medianSampleMs === null ? '–' : time(meter.medianSampleMs)],
    ['Machine', model === null ? '–' : `${model}${os === null ? '' : ` (${os})`}`],
    ['Versions', `vitest ${versions.vitest}, node ${versions.node}`],
  ]
  const items = rows.map(
    ([name, value]) => `<div><dt>${escapeHtml(name)}</dt><dd>${escapeHtml(value)}</dd></div>`,
  )
  return `<dl class="facts">${items.join('')}</dl>`
}

const countWords = [
  ['within', 'good', 'within'],
  ['over', 'bad', 'over'],
  ['inconclusive', 'warn', 'too close to call'],
  ['unchecked', 'warn', 'not checked'],
] as const

function budgets(report: EnergyReport): string {
  const { verdicts, budget } = report.run
  const counted = countWords.filter(([verdict]) => verdicts[verdict] > 0)
  if (counted.length === 0) return ''
  const tags = counted.map(
    ([verdict, kind, words]) => `<span class="tag ${kind}">${verdicts[verdict]} ${words}</span>`,
  )
  const over = judgedBudgets(report)
    .filter((one) => one.budget.verdict === 'over')
    .map((one) => `<div class="note bad"><pre>${lines(budgetMessage(one))}</pre></div>`)
  const run = budget === null ? '' : `<p>The run: ${budgetTag(budget)}</p>`
  return `<h2>Budgets</h2><p>${tags.join(' ')}</p>${run}${over.join('')}`
}

/** Escaped line by line: the line ends are ours. */
const lines = (text: string): string => text.split('\n').map(escapeHtml).join('\n')

/**
 * One page that holds everything: style, script and picture are in it, nothing is loaded. Works without
 * its script. An emulated run says so on top.
 * @param trace power over time; without it there is no picture
 */
export function renderHtml(report: EnergyReport, trace?: PowerTrace): string {
  const title = `Energy, ${report.startTime}`
  const emulated =
    report.source === 'emulated'
      ? '<p class="note"><strong>Emulated:</strong> the joules on this page are invented from CPU load or a script. Nothing was measured.</p>'
      : ''
  const warnings = report.warnings.map(
    ({ message }) => `<div class="note"><pre>${lines(message)}</pre></div>`,
  )
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${policy()}">
<title>${escapeHtml(title)}</title><style>${style}</style></head>
<body><header><h1>vitest-energy · ${escapeHtml(report.startTime)}</h1>
${emulated}${headline(report)}${facts(report)}</header>
<main>${trace === undefined ? '' : renderTrace(trace, report.run.idlePowerW)}
${warnings.join('')}
${budgets(report)}
${renderBenches(report)}
${renderTests(report)}
</main><script>${script}</script></body></html>
`
}
