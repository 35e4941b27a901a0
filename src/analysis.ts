import { noFigure } from './energy/figure.ts'
import { attribute } from './energy/attribution.ts'
import { judge, nearestPattern, worstVerdict } from './energy/budget.ts'
import type {
  BudgetDeclaration,
  BudgetResult,
  Figure,
  TestEnergy,
  Verdict,
} from './energy/result.ts'
import type { Domain } from './energy/sample.ts'
import type { EnergyWindow, FileSpan } from './energy/window.ts'
import { circumstancesOf, computeFigures } from './figures.ts'
import type { Figures } from './figures.ts'
import type { JournalLine, RunLine, TestLine } from './journal.ts'
import type {
  BenchReport,
  ComparisonReport,
  EnergyReport,
  FileReport,
  MeterReport,
  RunReport,
  TestReport,
  VerdictCounts,
  Warning,
} from './report/json.ts'
import { RunState } from './run-state.ts'
import { nanoseconds } from './units.ts'

/** The figures of a test as they stand: what was settled is taken as it was. */
export class TestFigures {
  readonly #state: RunState
  readonly #figures: Figures | null
  readonly #windows = new Map<string, EnergyWindow[]>()

  /** @param figures of what is not settled; `null` when all that will be asked for is */
  constructor(state: RunState, figures: Figures | null) {
    this.#state = state
    this.#figures = figures
    for (const window of state.windows) {
      const known = this.#windows.get(window.testId)
      if (known === undefined) this.#windows.set(window.testId, [window])
      else known.push(window)
    }
  }

  #figureOf(id: string, missing: () => Figure): Figure {
    const settled = this.#state.settled.get(id)?.figure
    if (settled !== undefined && settled !== null) return settled
    const found = this.#figures?.figures.get(id)
    if (found === undefined) return missing()
    const { shares: _, netStandardErrorJ: _error, ...figure } = found
    if (figure.state !== 'no-meter') return figure
    return { ...figure, reason: this.#state.meter?.reason ?? figure.reason }
  }

  /** @returns last attempt in front, earlier ones in `attempts` */
  energyOf(test: TestLine): TestEnergy {
    const windows = this.#windows.get(test.testId) ?? []
    const reason = this.#state.samples.length > 0 ? 'the test did not run' : this.#noMeter()
    const attempts = windows.map(({ id, start, end }) =>
      this.#figureOf(id, () => noFigure('no-meter', this.#noMeter(), (end - start) / 1e6)),
    )
    const last = attempts.pop() ?? noFigure('no-meter', reason, test.durationMs)
    const budget = this.#budgetOf(test, last, windows.at(-1)?.id)
    return { result: test.result, ...last, attempts, budget }
  }

  #noMeter(): string {
    return this.#state.meter?.reason ?? 'there was no meter'
  }

  #budgetOf(test: TestLine, figure: Figure, id: string | undefined): BudgetResult | null {
    const { budget, unchecked } = test
    if (budget === null) return null
    const settled = id === undefined ? undefined : this.#state.settled.get(id)
    if (settled?.verdict) return { ...budget, verdict: settled.verdict, reason: settled.reason }
    if (unchecked !== null) return { ...budget, verdict: 'unchecked', reason: unchecked }
    const judged = judge(figure, budget)
    if (judged.verdict !== 'over') return judged
    // nobody was there to fail the test: it may not count as kept, nor as failed
    return {
      ...judged,
      verdict: 'unchecked',
      reason: 'the test had ended before it could be judged',
    }
  }
}

const hasRun = (result: TestLine['result']): boolean => result !== 'skipped' && result !== 'pending'

function testsOf(state: RunState, figures: Figures): TestReport[] {
  const source = new TestFigures(state, figures)
  return [...state.tests.values()]
    .filter(
      ({ holdsBenches, result, budget }) => !holdsBenches && (hasRun(result) || budget !== null),
    )
    .map((test) => ({
      id: test.testId,
      projectName: test.projectName,
      file: test.file,
      name: test.name,
      ...source.energyOf(test),
    }))
}

function benchesOf(state: RunState): BenchReport[] {
  return state.lastBenches().flatMap((bench) =>
    bench.cases.map(({ name, energy }) => ({
      id: bench.testId,
      index: bench.index,
      projectName: bench.projectName,
      file: bench.file,
      test: state.tests.get(bench.testId)?.name ?? '',
      name,
      ...energy,
    })),
  )
}

function comparisonsOf(state: RunState): ComparisonReport[] {
  return state.lastBenches().flatMap((bench) =>
    bench.comparisons.map((comparison) => ({
      file: bench.file,
      test: state.tests.get(bench.testId)?.name ?? '',
      ...comparison,
    })),
  )
}

const spanWindow = (
  { projectName, file, worker, start, end, cpu }: FileSpan,
  until: number,
): EnergyWindow => ({
  id: `${projectName}\0${file}`,
  testId: `${projectName}\0${file}`,
  projectName,
  file,
  retry: 0,
  repeat: 0,
  worker,
  start,
  end: nanoseconds(Math.max(start, end ?? until)),
  cpu,
  concurrent: false,
})

/** Files with a budget of their own: import, hooks and tests together. */
function filesOf(state: RunState, idle: Figures['idle']): FileReport[] {
  const patterns = state.run?.budgets ?? []
  const until = state.samples.at(-1)?.end ?? 0
  const budgeted = state.spans.flatMap((span) => {
    const budget = nearestPattern(patterns, { ...span, names: [] }, false)
    return budget === null ? [] : [{ window: spanWindow(span, until), budget }]
  })
  if (budgeted.length === 0) return []
  const { figures } = attribute({
    ...circumstancesOf(state),
    samples: state.samples,
    windows: budgeted.map(({ window }) => window),
    idle,
  })
  return budgeted.map(({ window, budget }) => {
    const figure = figures.get(window.id) ?? noFigure('no-meter', 'the meter gave no samples', 0)
    const { projectName, file } = window
    const { energyJ, lowJ, highJ } = figure
    return { projectName, file, energyJ, lowJ, highJ, budget: judge(figure, budget) }
  })
}

/** The total is exact where the meter saw everything; a hole makes it a lower bound. */
function runBudgetOf(
  budget: BudgetDeclaration | null,
  totalJ: number | null,
  hole: string | null,
): BudgetResult | null {
  if (budget === null) return null
  if (totalJ === null) {
    return { ...budget, verdict: 'unchecked', reason: hole ?? 'the meter gave no samples' }
  }
  if (totalJ > budget.limitJ) return { ...budget, verdict: 'over', reason: null }
  return { ...budget, verdict: hole === null ? 'within' : 'unchecked', reason: hole }
}

function meterOf(state: RunState, run: RunLine, figures: Figures): MeterReport {
  const { identity, meter } = state
  const problem = meter?.event === 'problem' ? meter : null
  return {
    name: meter?.state === 'off' ? null : 'powermetrics',
    state:
      problem?.state ?? (identity === null ? 'missing' : figures.fault === null ? 'ok' : 'fault'),
    reason: problem?.reason ?? (identity === null ? 'it gave no record' : figures.fault),
    ...(problem?.mend ? { mend: problem.mend } : {}),
    domains: (identity?.domains ?? []) as Domain[],
    intervalMs: run.intervalMs,
    medianSampleMs: figures.medianSampleMs,
    samples: state.samples.length,
    gaps: holesIn(state),
    cadenceMs: figures.cadenceMs,
    machine: { model: identity?.model ?? null, os: identity?.os ?? null },
  }
}

/** Places where the energy is not known: between segments, and damaged records. */
function holesIn(state: RunState): number {
  const segments = new Set(state.samples.map(({ segment }) => segment)).size
  const damaged = state.samples.filter(({ energy }) => energy === null).length
  return Math.max(0, segments - 1) + damaged
}

function countVerdicts(budgets: readonly (BudgetResult | null)[]): VerdictCounts {
  const counts = { within: 0, over: 0, inconclusive: 0, unchecked: 0 }
  for (const budget of budgets) if (budget !== null) counts[budget.verdict] += 1
  return counts
}

function runOf(state: RunState, run: RunLine, figures: Figures): RunReport {
  const { idle, totalJ, attributedJ, unattributedJ, domainsJ } = figures
  const measured = state.samples.length > 0
  const problem = state.meter?.event === 'problem' ? state.meter.reason : null
  const silent = holesIn(state) > 0 ? 'the meter was silent for a part of the run' : null
  const hole = problem ?? figures.fault ?? silent
  const end = state.end?.atNs ?? state.samples.at(-1)?.end ?? run.atNs
  return {
    durationMs: (end - run.atNs) / 1e6,
    energyJ: measured ? totalJ : null,
    domainsJ: measured ? domainsJ : {},
    idlePowerW: idle?.power ?? null,
    attributedJ: measured ? attributedJ : null,
    unattributedJ: measured ? unattributedJ : null,
    overheadCpuMs: state.end?.overheadCpuMs ?? null,
    budget: runBudgetOf(run.runBudget, measured ? totalJ : null, hole),
    verdicts: countVerdicts([]),
  }
}

/** A hot machine runs slower, and each operation costs another amount. */
function thermalWarning({ readings }: RunState): Warning[] {
  const hot = readings.thermalPressures
  const [first] = hot
  if (first === undefined) return []
  const share = `${hot.length} of ${readings.length} samples`
  const message = `the machine was hot: thermal pressure ${first} in ${share}`
  return [{ code: 'thermal-pressure', message }]
}

function warningsOf(state: RunState, figures: Figures): Warning[] {
  const warnings: Warning[] = [
    ...state.clock.warnings,
    ...thermalWarning(state),
    ...(figures.idle?.warnings ?? []),
    ...figures.warnings,
    ...(state.end?.warnings ?? []),
  ]
  if (state.restarts > 0) {
    const message = `the meter was restarted ${state.restarts === 1 ? 'once' : `${state.restarts} times`}`
    warnings.push({ code: 'meter-restarted', message })
  }
  const pids = new Set(state.otherRuns.map(({ pid }) => pid))
  if (pids.size > 0) {
    const message = `another run of vitest-energy measured the same machine (pid ${[...pids].join(', ')}): no figure is of this run alone`
    warnings.push({ code: 'other-run', message })
  }
  return warnings.map(({ code, message }) => ({ code, message }))
}

/**
 * One run, from its journal to its report. Nothing else goes in, so that a kept journal gives the
 * same report on any system.
 * @param lines beginning with that of the run
 */
export function analyze(lines: readonly JournalLine[]): EnergyReport {
  const state = new RunState()
  for (const line of lines) state.take(line)
  if (state.run === null) throw new TypeError('a journal begins with the line of its run')
  return reportOf(state, state.run)
}

/** The report of a run whose journal was read line by line. */
export function reportOf(
  state: RunState,
  run: RunLine,
  figures: Figures = computeFigures(state),
): EnergyReport {
  const tests = testsOf(state, figures)
  const benches = benchesOf(state)
  const files = filesOf(state, figures.idle)
  const runReport = runOf(state, run, figures)
  const budgets = [...tests, ...benches, ...files, runReport].map(({ budget }) => budget)
  const verdicts = countVerdicts(budgets)
  const given = (Object.keys(verdicts) as Verdict[]).filter((verdict) => verdicts[verdict] > 0)
  return {
    schema: 'vitest-energy/1',
    source: state.identity?.source ?? 'live',
    versions: run.versions,
    startTime: run.startTime,
    meter: meterOf(state, run, figures),
    run: { ...runReport, verdicts },
    tests,
    benches,
    comparisons: comparisonsOf(state),
    ...(files.length === 0 ? {} : { files }),
    verdict: worstVerdict(given),
    warnings: warningsOf(state, figures),
  }
}
