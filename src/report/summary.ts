import { printable } from '../energy/printable.ts'
import { columnScale, formatDuration, formatEnergy, formatPower, milliseconds } from '../units.ts'
import { renderBudgetLines } from './budget-lines.ts'
import { flow, plain, shorten, wrapWords } from './columns.ts'
import type { Colors } from './columns.ts'
import type { EnergyReport, TestReport } from './json.ts'
import { formatFigure, sumOf } from './test-suffix.ts'

/** How the summary is drawn. */
export interface SummaryOptions {
  colors?: Colors
  /** columns; @default 100 */
  width?: number
  /** say what to do about what could not be measured; @default true */
  hints?: boolean
  /** how many of the costliest tests are named; @default 3 */
  costliest?: number
  /** workers that ran at once; `null` when it is not known */
  workers?: number | null
  /** a budget that cannot be judged fails the run (the option of that name); @default false */
  required?: boolean
}

type Resolved = Required<SummaryOptions>

/** Vitest's titles end in column 11, the text begins in column 13. */
const indent = 13

/** `      Energy  …`: a title as Vitest writes its own, and the lines below it. */
function titled(title: string, lines: readonly string[], { colors }: Resolved): string[] {
  return lines.map((line, i) => `${colors.dim(`${(i === 0 ? title : '').padStart(11)} `)} ${line}`)
}

const seconds = (durationMs: number): string => formatDuration(milliseconds(durationMs))

/** `CPU 41.2 J, GPU 0.60 J`: in the unit of the whole and with its decimals. */
function domainsText({ run }: EnergyReport): string {
  const { suffix, factor } = columnScale([run.energyJ ?? 0], 'J')
  const whole = (run.energyJ ?? 0) / factor
  const decimals = whole >= 99.95 ? 0 : whole >= 9.995 ? 1 : 2
  const least = 0.5 * 10 ** -decimals
  return Object.entries(run.domainsJ)
    .map(([domain, energy]) => {
      const value = energy / factor
      const number = value === 0 ? '0' : value < least ? `<${2 * least}` : value.toFixed(decimals)
      return `${domain === 'package' || domain === 'dram' ? domain : domain.toUpperCase()} ${number} ${suffix}`
    })
    .join(', ')
}

function totalLines(report: EnergyReport, { width, colors }: Resolved): string[] {
  const { energyJ, durationMs, idlePowerW, attributedJ, unattributedJ } = report.run
  if (energyJ === null) return []
  const idle = idlePowerW === null ? 'idle not known' : `idle ${formatPower(idlePowerW, 2)}`
  const average =
    durationMs > 0 ? [`${formatPower((energyJ / durationMs) * 1000)} on average (${idle})`] : []
  const whole = `${colors.bold(formatEnergy(energyJ))} in ${seconds(durationMs)}`
  const first = flow([whole, ...average], width, ', ')
  const domains = domainsText(report)
  const split =
    attributedJ === null || unattributedJ === null
      ? []
      : flow(
          [
            `${report.tests.length === 0 ? 'benches' : report.benches.length === 0 ? 'tests' : 'tests and benches'} ${formatEnergy(attributedJ)}`,
            `between them ${formatEnergy(unattributedJ)} (imports, hooks, waiting)`,
          ],
          width,
        )
  return [...flow(domains === '' ? first : [...first, domains], width), ...split]
}

const stateCounts: readonly (readonly [state: TestReport['state'], words: string])[] = [
  ['measured', 'measured'],
  ['rough', 'rough'],
  ['below-resolution', 'too short to tell apart'],
  ['shared', 'shared with other workers'],
  ['disturbed', 'disturbed by other programs'],
  ['gap', 'without the meter'],
  ['fault', 'with a meter fault'],
  ['no-meter', 'not measured'],
]

const inState = (report: EnergyReport, state: TestReport['state']): TestReport[] =>
  report.tests.filter((test) => test.state === state)

function countsLines(report: EnergyReport, { width }: Resolved): string[] {
  const parts = stateCounts.flatMap(([state, words]) => {
    const tests = inState(report, state)
    if (tests.length === 0) return []
    const sum = state === 'below-resolution' ? sumOf(tests) : null
    return [`${tests.length} ${words}${sum === null ? '' : ` (${formatEnergy(sum)} together)`}`]
  })
  const [first, ...rest] = parts
  if (first === undefined || report.tests.every(({ state }) => state === 'shared')) return []
  const tests = first.startsWith('1 ') ? 'test' : 'tests'
  return flow([first.replace(' ', ` ${tests} `), ...rest], width, ', ')
}

/** CPU time by file, largest first. */
function busiestFiles(tests: readonly TestReport[]): string[] {
  const byFile = Map.groupBy(tests, (test) => test.file)
  return [...byFile]
    .map(([file, members]) => ({
      file,
      cpuMs: members.reduce((sum, { cpuMs }) => sum + (cpuMs ?? 0), 0),
    }))
    .filter(({ cpuMs }) => cpuMs > 0)
    .sort((a, b) => b.cpuMs - a.cpuMs)
    .slice(0, 3)
    .map(({ file, cpuMs }) => `${printable(file)} ${seconds(cpuMs)}`)
}

/** Why tests that ran beside others have no joules of their own, and how they would get some. */
function sharedLines(report: EnergyReport, { width, workers, hints }: Resolved): string[] {
  const shared = inState(report, 'shared')
  if (shared.length === 0) return []
  const who = workers === null || workers === 1 ? 'tests' : `${workers} workers`
  const tests = shared.length === 1 ? 'test' : 'tests'
  const lines = [`${who} ran at once, so no joules for ${shared.length} single ${tests}`]
  if (hints) {
    const serialMs = report.tests.reduce((sum, { durationMs }) => sum + durationMs, 0)
    lines.push(
      `to see them:  npx vitest run --no-file-parallelism    (tests take ${seconds(serialMs)} then)`,
    )
  }
  const busiest = busiestFiles(shared)
  if (busiest.length > 0)
    lines.push(
      ...flow(busiest, width - 15).map((line, i) => (i === 0 ? `most CPU time: ${line}` : line)),
    )
  return lines
}

function unmeasuredLines(
  report: EnergyReport,
  { width, hints, colors, required }: Resolved,
): string[] {
  const { meter, run, tests, benches } = report
  const why = meter.reason ?? (meter.state === 'off' ? 'the meter is off' : 'no sample came')
  const budgets = run.verdicts.unchecked
  const affected = tests.length === 0 && benches.length > 0 ? 'Benches' : 'Tests'
  const outcome = required ? 'The run fails: `required` is set.' : `${affected} are unaffected.`
  return [
    ...wrapWords(`not measured: ${printable(why)}. ${outcome}`, width),
    ...(budgets === 0
      ? []
      : [colors.yellow(`${budgets} budget${budgets === 1 ? '' : 's'} NOT checked`)]),
    ...(hints && meter.mend !== undefined && meter.mend !== null
      ? wrapWords(`to mend it:  ${printable(meter.mend)}`, width)
      : []),
  ]
}

/** The tests that cost most; where passing tests are not printed, this is where they are seen. */
function costliestLines(report: EnergyReport, { costliest, width }: Resolved): string[] {
  const figures = report.tests
    .filter((test) => formatFigure(test) !== '')
    .sort((a, b) => (b.energyJ ?? 0) - (a.energyJ ?? 0))
  if (figures.length < 2) return []
  const top = figures.slice(0, costliest).map((test) => [formatFigure(test), test] as const)
  const column = top.reduce((widest, [figure]) => Math.max(widest, figure.length), 0)
  return top.map(([figure, { file, name }]) => {
    const place = shorten(printable(`${file} > ${name}`), width - column - 2)
    return `${figure.padEnd(column)}  ${place}`
  })
}

function meterLines({ meter, source }: EnergyReport, { width, colors }: Resolved): string[] {
  const { medianSampleMs, intervalMs, cadenceMs, gaps, machine, domains } = meter
  if (medianSampleMs === null || meter.name === null) return []
  const stretched = medianSampleMs > 1.5 * intervalMs ? ` (asked: ${seconds(intervalMs)})` : ''
  const slow = cadenceMs !== null && cadenceMs > 1.5 * medianSampleMs
  const model =
    machine.model === null
      ? []
      : [`${printable(machine.model)}${machine.os === null ? '' : ` (${printable(machine.os)})`}`]
  const names = domains.map((domain) =>
    domain === 'package' || domain === 'dram' ? domain : domain.toUpperCase(),
  )
  const parts = [
    `${source === 'emulated' ? 'emulated ' : ''}${meter.name} every ${seconds(medianSampleMs)}${stretched}`,
    ...(slow ? [`values change every ${seconds(cadenceMs)}`] : []),
    ...(gaps > 0 ? [`silent ${gaps === 1 ? 'once' : `${gaps} times`}`] : []),
    ...model,
    `${names.join('+')}${source === 'emulated' ? '' : " as Apple's model estimates"}`,
  ]
  const trouble =
    meter.state === 'ok' ? [] : [colors.yellow(`${meter.state}: ${printable(meter.reason ?? '')}`)]
  return [...flow(parts, width, ', '), ...trouble]
}

/** What this tool itself used in the main process; less than can be seen is not told. */
function ownCostLines({ run, meter }: EnergyReport, { colors }: Resolved): string[] {
  const { overheadCpuMs } = run
  if (overheadCpuMs === null || overheadCpuMs < 1 || meter.samples === 0) return []
  const samples = meter.samples === 1 ? '1 sample' : `${meter.samples} samples`
  const time = overheadCpuMs < 999.5 ? `${Math.round(overheadCpuMs)} ms` : seconds(overheadCpuMs)
  return [colors.dim(`${time} CPU for ${samples}`)]
}

const emulatedLabel =
  'joules invented by the emulator from CPU load or a script, nothing was measured'

/**
 * The block that stands with Vitest's own summary: what the run cost and how well it is known, the
 * budgets, the meter, the warnings. An emulated run says so first. No blank line before or after.
 */
export function renderSummary(report: EnergyReport, options: SummaryOptions = {}): string[] {
  const { colors = plain, hints = true, costliest = 3, workers = null, required = false } = options
  const width = Math.max(40, (options.width ?? 100) - indent)
  const resolved: Resolved = { colors, hints, costliest, workers, required, width }
  const { energyJ } = report.run
  const energy =
    energyJ === null
      ? unmeasuredLines(report, resolved)
      : [
          ...totalLines(report, resolved),
          ...countsLines(report, resolved),
          ...sharedLines(report, resolved),
        ]
  const emulated =
    report.source === 'emulated' ? wrapWords(emulatedLabel, width).map(colors.yellow) : []
  const warnings = report.warnings.flatMap(({ message }) =>
    message
      .split('\n')
      .flatMap((line) => wrapWords(printable(line), width - 2))
      .map((line, i) => (i === 0 ? line : `  ${line}`)),
  )
  return [
    ...titled('Emulated', emulated, resolved),
    ...titled('Energy', energy, resolved),
    ...(energyJ === null ? [] : titled('Costliest', costliestLines(report, resolved), resolved)),
    ...titled('Budgets', renderBudgetLines(report, resolved), resolved),
    ...titled('Meter', meterLines(report, resolved), resolved),
    ...titled('Own cost', ownCostLines(report, resolved), resolved),
    ...titled('Warnings', warnings.map(colors.yellow), resolved),
  ]
}
