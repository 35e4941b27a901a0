import type { RunnerTask, RunnerTestCase } from 'vitest'
import type { TestCase, TestModule, TestSuite, Vitest } from 'vitest/node'

// Members that Vitest 5.1 has and keeps out of its types. All that relies on them stands here.

/** The task behind a reported test: what is changed in it, other reporters see. */
export const taskOf = (test: TestCase): RunnerTestCase =>
  (test as unknown as { task: RunnerTestCase }).task

/** Forgets where a test or suite stands: reporters print its name without `file:line`. */
export function forgetLocation(entity: TestCase | TestSuite): void {
  const inner = entity as unknown as { task: RunnerTask; location: unknown }
  delete inner.task.location
  inner.location = undefined
}

/** The wait for the meter and for the machine is ours, not the test's. */
export function takeWaitOff(test: TestCase, waits: ReadonlyMap<string, number>): void {
  const { result } = taskOf(test)
  if (result?.duration === undefined) return
  for (const attempt of result.attempts ?? []) {
    const wait = waits.get(`${attempt.retryIndex}.${attempt.repeatIndex}`) ?? 0
    attempt.duration -= wait
    result.duration -= wait
  }
}

/** The same for a file and its suites, once their tests have ended. */
export function takeWaitsOff(
  module: TestModule,
  waitsOf: (test: TestCase) => ReadonlyMap<string, number>,
): void {
  for (const test of module.children.allTests()) {
    const wait = [...waitsOf(test).values()].reduce((sum, each) => sum + each, 0)
    if (wait === 0) continue
    for (let task = taskOf(test).suite ?? null; task !== null; task = task.suite ?? null) {
      if (task.result?.duration !== undefined) task.result.duration -= wait
    }
    const { result } = taskOf(test).file
    if (result?.duration !== undefined) result.duration -= wait
  }
}

/** The reporters of the run, ready for use; the array itself. */
export const reportersOf = (vitest: Vitest): object[] =>
  (vitest as unknown as { reporters?: object[] }).reporters ?? []

/** `vitest bench`: nothing but benches runs. */
export const isBenchRun = (vitest: Vitest): boolean =>
  (vitest.config as unknown as { cliOptions?: { benchmarkOnly?: boolean } }).cliOptions
    ?.benchmarkOnly === true

/** Whether tests are chosen by name or tag. */
export const isNarrowedByName = ({ config }: Vitest): boolean =>
  Boolean(config.testNamePattern ?? config.tagsFilter)

/** Whether the command line or the config leaves tests out. */
export function isNarrowed(vitest: Vitest): boolean {
  const { filenamePattern } = vitest as unknown as { filenamePattern?: unknown }
  const { cliOptions, ...config } = vitest.config as unknown as Record<string, unknown> & {
    cliOptions?: { project?: unknown }
  }
  const filters = ['testNamePattern', 'shard', 'changed', 'related', 'bail', 'tagsFilter']
  return Boolean(filenamePattern || cliOptions?.project || filters.some((name) => config[name]))
}
