import { TestRunner, inject } from 'vitest'
import type { BenchOptions } from 'vitest'
import type { BenchEnergy, BudgetDeclaration } from '../energy/result.ts'
import { toNanoseconds } from '../units.ts'
import type { Milliseconds } from '../units.ts'
import { CaseRunner } from './blocks.ts'
import type { BenchTask } from './latency.ts'
import { now } from './now.ts'
import { planRounds } from './plan.ts'
import { Rounds } from './rounds.ts'
import { attemptStart, paceOf, sharedWith, surroundingsOf } from './scene.ts'
import { traceOf } from './settle.ts'

/** A test has other things to do: half as many rounds as a bench, and at most 10 s of them. */
const options = { rounds: 5, samplesPerBlock: 5, precision: 0.1, maxTimeMs: 10_000, quick: false }

const none: BenchOptions = {}

/** Time of one call, ns. It also warms the function up. */
async function timeOnce(fn: () => unknown): Promise<number> {
  const start = now()
  await fn()
  return now() - start
}

/**
 * Calls `fn` in blocks until the meter can tell what one call uses, net of idle.
 * @returns why it was not measured, as text
 * @throws what `fn` throws
 */
export async function measureCalls(
  fn: () => unknown,
  budget: BudgetDeclaration,
): Promise<BenchEnergy | string> {
  const context = inject('vitestEnergy')
  const test = TestRunner.getCurrentTest()
  if (context === undefined || context === null) return 'vitest-energy is not installed in this run'
  if (context.noMeter !== null) return context.noMeter
  if (test === undefined) return 'it was not called in a test'
  const trace = traceOf(context)
  const silent = await trace.waitFor(now(), test.context.signal)
  const why = silent ?? sharedWith(trace)
  if (why !== null) return why
  const opNs = await timeOnce(fn)
  const { signal } = test.context
  // `this` of the function is nobody's: it is no task
  const task = undefined as unknown as BenchTask
  const runner = new CaseRunner({ fn, fnOpts: none, options: {}, task, opNs, signal })
  const one = {
    name: 'one call',
    opNs,
    units: null,
    budget,
    hooksIncluded: false,
    prepare: () => Promise.resolve(),
    work: (until: Parameters<CaseRunner['work']>[0]) => runner.work(until),
    finish: () => Promise.resolve(),
  }
  const start = attemptStart(trace, test)
  const timeoutNs =
    test.timeout > 0
      ? start + toNanoseconds(test.timeout as Milliseconds)
      : Number.POSITIVE_INFINITY
  const pace = await paceOf(trace, () => signal.aborted)
  const plan = planRounds({
    options,
    ...pace,
    opNs: [opNs],
    nowNs: now(),
    timeoutNs,
    startNs: start,
    reserveNs: 0,
  })
  const silentScene = {
    ...surroundingsOf(context, trace, { test }, { names: [], slow: pace.slow }),
    record: () => {},
    progress: () => {},
  }
  const outcome = await new Rounds([one], plan, silentScene).run()
  const [error] = outcome.errors.values()
  if (error !== undefined) throw error
  const [energy] = outcome.energies
  if (energy === undefined) return 'the meter gave no samples'
  const shared = sharedWith(trace)
  return shared ?? energy
}
