import { inject } from 'vitest'
import type { BenchmarkGroup, BenchmarkProvider, BenchResult } from 'vitest'
import { nearestPattern } from '../energy/budget.ts'
import { noBenchEnergy } from '../energy/bench.ts'
import type { BenchEnergy, BudgetDeclaration, Comparison, FigureState } from '../energy/result.ts'
import { budgetMessage } from '../energy/verdict-text.ts'
import { append } from '../journal.ts'
import type { WorkerContext } from '../journal.ts'
import { formatEnergy, toNanoseconds } from '../units.ts'
import type { Milliseconds } from '../units.ts'
import { benchIndex } from './bench-index.ts'
import { readCaseOptions } from './bench-options.ts'
import type { CaseOptions } from './bench-options.ts'
import { CaseRunner } from './blocks.ts'
import { rememberComparisons } from './compared.ts'
import { measureLatency, throwAll } from './latency.ts'
import type { Latency } from './latency.ts'
import type { LiveTrace } from './live.ts'
import { notesOf } from './notes.ts'
import { now } from './now.ts'
import { rememberOverBudget } from './over.ts'
import { planRounds, reserveFor } from './plan.ts'
import { fileOf, namesOf } from './recorder.ts'
import { Rounds } from './rounds.ts'
import type { MeasurableCase, Outcome } from './rounds.ts'
import { attemptStart, paceOf, sharedWith, surroundingsOf } from './scene.ts'
import { traceOf } from './settle.ts'

/** One case that has an energy phase. */
interface Measured {
  /** position among the registrations */
  at: number
  runner: CaseRunner
  measurable: MeasurableCase
}

/** What the latency phase hands on. */
interface Phase {
  cases: readonly Measured[]
  /** how long it took for one case */
  latencyNs: number
}

/** A case as the journal has it. */
interface CaseLine {
  at: number
  name: string
  energy: BenchEnergy
}

function budgetOf(
  group: BenchmarkGroup,
  context: WorkerContext,
  name: string,
  declared: BudgetDeclaration | null,
): BudgetDeclaration | null {
  if (declared !== null) return declared
  const { projectName, run } = context
  const names = [...namesOf(group.test), name]
  return nearestPattern(
    run.budgets,
    { projectName, file: fileOf(group.test.file.filepath, context.run.root), names },
    true,
  )
}

function casesOf(
  group: BenchmarkGroup,
  context: WorkerContext,
  latency: Latency,
  options: readonly CaseOptions[],
): Measured[] {
  return group.registrations.flatMap(({ name, fn, fnOpts = {} }, at) => {
    const { measured = false, units = null, budget: declared = null } = options[at] ?? {}
    const task = latency.tasks[at]
    if (!measured || task === undefined) return []
    const opNs = (latency.results[at]?.latency.mean ?? 0) * 1e6
    const { signal } = group.test.context
    const runner = new CaseRunner({ fn, fnOpts, options: group.options ?? {}, task, opNs, signal })
    const measurable: MeasurableCase = {
      name,
      opNs,
      units,
      budget: budgetOf(group, context, name, declared),
      hooksIncluded: runner.hooked,
      prepare: () => runner.prepare(),
      work: (until) => runner.work(until),
      finish: () => runner.finish(),
    }
    return { at, runner, measurable }
  })
}

async function runRounds(
  group: BenchmarkGroup,
  context: WorkerContext,
  trace: LiveTrace,
  { cases, latencyNs }: Phase,
): Promise<Outcome> {
  const measurable = cases.map((one) => one.measurable)
  const names = measurable.map(({ name }) => name)
  const { timeout } = group.test
  const start = attemptStart(trace, group.test)
  const pace = await paceOf(trace, () => group.test.context.signal.aborted)
  const nowNs = now()
  const timeoutNs =
    timeout > 0 ? start + toNanoseconds(timeout as Milliseconds) : Number.POSITIVE_INFINITY
  const plan = planRounds({
    options: context.run.bench,
    ...pace,
    opNs: measurable.map(({ opNs }) => opNs),
    nowNs,
    timeoutNs,
    startNs: start,
    reserveNs: reserveFor(latencyNs, group.test.benchmarks.length, timeoutNs - nowNs),
  })
  const around = surroundingsOf(context, trace, group, { names, slow: pace.slow })
  const outcome = await new Rounds(measurable, plan, around).run()
  for (const [at, energy] of outcome.energies.entries()) {
    const one = cases[at]
    const notes = one === undefined ? [] : notesOf(energy, one.measurable, one.runner, pace)
    if (notes.length > 0) energy.notes = notes
  }
  return outcome
}

/** Cases that were not measured, for one reason that holds for all. */
const without = (cases: readonly Measured[], state: FigureState, reason: string): Outcome => ({
  energies: cases.map(({ measurable }) => noBenchEnergy(state, reason, measurable)),
  comparisons: [],
  errors: new Map(),
})

function report(
  group: BenchmarkGroup,
  context: WorkerContext,
  found: readonly CaseLine[],
  comparisons: Comparison[],
): void {
  if (found.length === 0) return
  const { test } = group
  const cases = found.toSorted((a, b) => a.at - b.at).map(({ name, energy }) => ({ name, energy }))
  append(context.journal, {
    type: 'bench',
    testId: test.id,
    projectName: context.projectName,
    file: fileOf(group.test.file.filepath, context.run.root),
    index: benchIndex(test),
    cases,
    comparisons,
  })
  const over = cases.flatMap(({ name, energy }) => {
    const { budget, energyPerOpJ: valueJ, lowJ, highJ, rounds, state } = energy
    if (budget?.verdict !== 'over') return []
    const message = budgetMessage({
      kind: 'case',
      name,
      budget,
      valueJ,
      lowJ,
      highJ,
      rounds,
      state,
    })
    return { message, actual: `${formatEnergy(valueJ ?? 0)}/op`, expected: `<= ${budget.text}` }
  })
  rememberOverBudget(test, over)
}

/** A given number of calls, and no time: the user counts them. */
const countsCalls = ({ options }: BenchmarkGroup): boolean =>
  options?.time === 0 && options.iterations !== undefined

/**
 * Cases without an energy phase. No budget counts as kept because nothing was measured.
 * @param ended why the meter gives nothing; `null` while it works
 */
function unmeasuredCases(
  group: BenchmarkGroup,
  context: WorkerContext,
  options: readonly CaseOptions[],
  ended: string | null,
): CaseLine[] {
  const counted = countsCalls(group) ? '`time: 0` with `iterations`' : null
  return group.registrations.flatMap(({ name }, at) => {
    const { measured = false, budget: declared = null } = options[at] ?? {}
    const unwanted = measured ? counted : '`energy: false`'
    const reason = unwanted ?? ended
    const budget = budgetOf(group, context, name, declared)
    if (reason === null || (unwanted !== null && budget === null)) return []
    const facts = { name, units: null, budget, hooksIncluded: false }
    return [{ at, name, energy: noBenchEnergy('no-meter', reason, facts) }]
  })
}

function markShared(energy: BenchEnergy, reason: string): void {
  energy.state = 'shared'
  energy.reason = reason
  if (energy.budget !== null) energy.budget = { ...energy.budget, verdict: 'unchecked', reason }
}

async function outcomeOf(
  group: BenchmarkGroup,
  context: WorkerContext,
  trace: LiveTrace,
  phase: Phase & { silent: string | null },
): Promise<Outcome> {
  const { cases, silent } = phase
  if (silent !== null) return without(cases, 'gap', silent)
  const together = group.options?.concurrency === 'bench' ? 'the cases ran at the same time' : null
  const before = together ?? sharedWith(trace)
  if (before !== null) return without(cases, 'shared', before)
  const outcome = await runRounds(group, context, trace, phase)
  const after = sharedWith(trace)
  if (after !== null) for (const energy of outcome.energies) markShared(energy, after)
  return outcome
}

/** Energy of the cases, by position of the registration. @throws what a case throws */
async function measureEnergy(
  group: BenchmarkGroup,
  context: WorkerContext,
  phase: Phase,
  options: readonly CaseOptions[],
): Promise<Map<number, BenchEnergy>> {
  const trace = traceOf(context)
  const silent = await trace.waitFor(now(), group.test.context.signal)
  const unmeasured = unmeasuredCases(group, context, options, trace.ended)
  if (trace.ended !== null) {
    report(group, context, unmeasured, [])
    return new Map()
  }
  const outcome = await outcomeOf(group, context, trace, { ...phase, silent })
  const energies = new Map<number, BenchEnergy>()
  const lines: CaseLine[] = []
  for (const [position, { at, measurable }] of phase.cases.entries()) {
    const energy = outcome.energies[position]
    if (energy === undefined || outcome.errors.has(position)) continue
    energies.set(at, energy)
    lines.push({ at, name: measurable.name, energy })
  }
  rememberComparisons(lines, outcome.comparisons)
  report(group, context, [...unmeasured, ...lines], outcome.comparisons)
  const errors = [...outcome.errors].sort(([a], [b]) => a - b).map(([, error]) => error)
  throwAll(group.options?.throws === true ? errors.slice(0, 1) : errors)
  return energies
}

const withEnergy = (result: BenchResult, energy: BenchEnergy | undefined): BenchResult =>
  energy === undefined
    ? result
    : // baselines, JSON and blobs keep `latency` whole and nothing beside it
      { ...result, latency: Object.assign(result.latency, { energy }), energy }

async function run(group: BenchmarkGroup): Promise<BenchResult[]> {
  const context = inject('vitestEnergy')
  const { test, registrations } = group
  const options = registrations.map((one) => readCaseOptions(one, test.file.name))
  benchIndex(test)
  const began = now()
  const latency = await measureLatency(group)
  const latencyNs = (now() - began) / registrations.length
  const { results } = latency
  if (context === undefined || context === null) return results
  const cases = countsCalls(group) ? [] : casesOf(group, context, latency, options)
  if (context.noMeter !== null || cases.length === 0) {
    report(group, context, unmeasuredCases(group, context, options, context.noMeter), [])
    return results
  }
  const energies = await measureEnergy(group, context, { cases, latencyNs }, options)
  return results.map((result, at) => withEnergy(result, energies.get(at)))
}

const provider: BenchmarkProvider = { run }

/** Vitest's benchmark provider: latency as ever, then energy. */
export default provider
