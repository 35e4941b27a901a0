import { aroundAll, aroundEach, expect, inject } from 'vitest'
import type { RunnerTestCase } from 'vitest'
import { declarationSource, declaredAtTest, nearestPattern } from '../energy/budget.ts'
import type { BudgetDeclaration } from '../energy/result.ts'
import type { AttemptLine, WorkerContext } from '../journal.ts'
import { placeAtTest } from './budget-error.ts'
import { meterWord } from './meter-word.ts'
import { installMatchers } from './matchers.ts'
import type { LiveTrace } from './live.ts'
import { Recorder, fileOf, namesOf, workerName } from './recorder.ts'
import { Turns } from './turns.ts'
import { throwOverBudget } from './over.ts'

declare module 'vitest' {
  interface ProvidedContext {
    vitestEnergy: WorkerContext | undefined
  }
  interface TaskMeta {
    /** Limit for one run of the test, such as `'5 mJ'`; on a `describe`, for each of its tests. */
    energyBudget?: string
  }
}

function sourceOf(test: RunnerTestCase, file: string): string {
  const suites: { name: string; budget: unknown }[] = []
  for (let suite = test.suite; suite !== undefined; suite = suite.suite) {
    suites.push({ name: suite.name, budget: suite.meta.energyBudget })
  }
  const hasTags = (test.tags?.length ?? 0) > 0
  return declarationSource(file, { budget: test.meta.energyBudget, hasTags }, suites)
}

function budgetOf(
  test: RunnerTestCase,
  context: WorkerContext,
  file: string,
): BudgetDeclaration | null {
  const { energyBudget } = test.meta
  if (energyBudget !== undefined) {
    try {
      return declaredAtTest(energyBudget, sourceOf(test, file))
    } catch (error) {
      throw error instanceof Error ? placeAtTest(test, error) : error
    }
  }
  if (context.run.budgets.length === 0) return null
  const { projectName, run } = context
  return nearestPattern(run.budgets, { projectName, file, names: namesOf(test) }, false)
}

async function afterAttempt(
  context: WorkerContext,
  test: RunnerTestCase,
  attempt: { begin: AttemptLine; end: AttemptLine },
  budget: BudgetDeclaration | null,
): Promise<void> {
  // an error of ours would count as the one that `test.fails` expects
  if (test.result?.state !== 'pass' || test.fails === true || context.noMeter !== null) return
  throwOverBudget(test)
  if (budget === null || test.benchmarks.length > 0) return
  const { settleAttempt } = await import('./settle.ts')
  await settleAttempt(context, test, attempt, budget)
}

const traceOf = async (context: WorkerContext): Promise<LiveTrace> =>
  (await import('./settle.ts')).traceOf(context)

/** A test with a budget has the machine to itself, where it can: not beside tests of its own file. */
function wantsMachine(context: WorkerContext, test: RunnerTestCase): boolean {
  const { run, noMeter } = context
  return run.workers > 1 && noMeter === null && test.concurrent !== true && test.fails !== true
}

const none = (): number => 0

async function record(context: WorkerContext, filepath: string): Promise<void> {
  const file = fileOf(filepath, context.run.root)
  // the file itself may have to wait: nothing of it runs before
  let running = none
  const turns = new Turns(
    context,
    workerName,
    () => running(),
    () => traceOf(context),
  )
  await turns.park()
  const recorder = new Recorder(context, file)
  running = () => recorder.running
  aroundAll(async (runFile) => {
    try {
      await runFile()
    } finally {
      recorder.close()
    }
  }, 0)
  aroundEach(async (runTest, { task, signal }) => {
    const budget = budgetOf(task, context, file)
    const alone = budget !== null && wantsMachine(context, task)
    let waitMs = await turns.park(signal)
    try {
      if (alone) waitMs += await turns.claim(task.id, signal)
      const begin = recorder.begin(task, waitMs)
      await runTest()
      const end = recorder.end(begin)
      await afterAttempt(context, task, { begin, end }, budget)
    } finally {
      if (alone) turns.release()
    }
  }, 0)
}

const provided = inject('vitestEnergy')
const { testPath } = expect.getState()
if (provided !== undefined && testPath !== undefined) {
  const noMeter = provided.starting ? await meterWord(provided) : provided.noMeter
  await record({ ...provided, noMeter }, testPath)
}
installMatchers()
