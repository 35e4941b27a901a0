import { relative } from 'node:path'
import type { TestCase, TestModule, TestSuite } from 'vitest/node'
import {
  declarationSource,
  declaredAtTest,
  matchesPattern,
  nearestPattern,
} from './energy/budget.ts'
import { printable } from './energy/printable.ts'
import type { BudgetDeclaration } from './energy/result.ts'
import type { TestLine } from './journal.ts'
import { nearestNames } from './nearest.ts'
import type { ConfigBudget } from './options.ts'
import type { Warning } from './report/json.ts'

/** Path of a test file, relative to the root, `/` separated. */
export const fileOf = (module: TestModule, root: string): string =>
  relative(root, module.moduleId).replaceAll('\\', '/')

/** Innermost first. */
function suitesOf({ parent }: TestCase): TestSuite[] {
  const suites: TestSuite[] = []
  for (let each = parent; each.type === 'suite'; each = each.parent) suites.push(each)
  return suites
}

const namesOf = (test: TestCase): string[] =>
  [test, ...suitesOf(test)].map(({ name }) => name).toReversed()

function sourceOf(test: TestCase, file: string): string {
  const declared = { budget: test.meta().energyBudget, hasTags: test.tags.length > 0 }
  const suites = suitesOf(test).map((suite) => ({
    name: suite.name,
    budget: suite.meta().energyBudget,
  }))
  return declarationSource(file, declared, suites)
}

/** The budget of a test, at the test or by pattern; one that cannot be read has failed the test already. */
function declarationFor(
  test: TestCase,
  file: string,
  budgets: readonly ConfigBudget[],
): BudgetDeclaration | null {
  const { energyBudget } = test.meta()
  if (energyBudget === undefined) {
    const subject = { projectName: test.project.name, file, names: namesOf(test) }
    return nearestPattern(budgets, subject, false)
  }
  try {
    return declaredAtTest(energyBudget, sourceOf(test, file))
  } catch {
    return null
  }
}

function uncheckedReason(test: TestCase): string | null {
  const { state } = test.result()
  if (state === 'skipped') return 'the test was skipped'
  if (test.options.fails === true) return 'the test is expected to fail'
  return state === 'failed' ? 'the test failed' : null
}

/**
 * What the journal keeps of a test that has ended.
 * @param isNarrowed tests were chosen by name: those left out have no budget to check
 */
export function testLineOf(
  test: TestCase,
  root: string,
  budgets: readonly ConfigBudget[],
  isNarrowed: boolean,
): TestLine {
  const file = fileOf(test.module, root)
  const benches = holdsBenches(test)
  const isLeftOut = isNarrowed && test.result().state === 'skipped'
  return {
    type: 'test',
    testId: test.id,
    projectName: test.project.name,
    file,
    name: test.fullName,
    result: test.result().state,
    durationMs: test.diagnostic()?.duration ?? 0,
    budget: benches || isLeftOut ? null : declarationFor(test, file, budgets),
    unchecked: uncheckedReason(test),
    holdsBenches: benches,
  }
}

/** A line for each test that holds benches and has a limit for one run of itself. */
export function misplacedBudgets(modules: readonly TestModule[], root: string): Warning[] {
  return modules.flatMap((module) =>
    [...module.children.allTests()]
      .filter((test) => holdsBenches(test) && test.meta().energyBudget !== undefined)
      .map((test) => {
        const name = printable([fileOf(module, root), ...namesOf(test)].join(' > '))
        const message = `${name} holds benches: its meta.energyBudget is not checked; write energyBudget at each bench`
        return { code: 'budget-misplaced', message }
      }),
  )
}

const holdsBenches = (test: TestCase): boolean => test.benchmarks().length > 0

/**
 * A line for each limit in the config that names a test of the other kind, and so is never judged.
 * Names only: what a wildcard meets may well be meant for others.
 */
export function misplacedPatterns(
  budgets: readonly ConfigBudget[],
  modules: readonly TestModule[],
  root: string,
): Warning[] {
  const named = budgets.filter(({ pattern }) => !pattern.includes('*'))
  return named.flatMap(({ pattern, perOp, budget }) => {
    const found = modules.flatMap((module) => {
      const place = { projectName: module.project.name, file: fileOf(module, root) }
      return [...module.children.allTests()].filter((test) =>
        matchesPattern(pattern, { ...place, names: namesOf(test) }),
      )
    })
    const mend = perOp
      ? 'which has no operations: leave `/op` out'
      : "that holds benches: write ' > *' behind its name, and `/op` behind the limit"
    const isMisplaced = (test: TestCase): boolean =>
      perOp ? test.ok() && !holdsBenches(test) : holdsBenches(test)
    if (!found.some(isMisplaced)) return []
    const message = `${printable(budget.source)} is not checked: it names a test ${mend}`
    return [{ code: 'budget-misplaced', message }]
  })
}

/** Whether every bench case of the run is known: one that failed or was skipped told of none. */
function knowsBenches(modules: readonly TestModule[]): boolean {
  const ran = modules.filter(({ project }) => project.config.benchmark.enabled)
  const tests = ran.flatMap(({ children }) => [...children.allTests()])
  return tests.some(holdsBenches) && tests.every((test) => holdsBenches(test) || test.ok())
}

/**
 * A line for each pattern that met nothing, with the names most like it.
 * @param benchesOnly nothing but benches has run, so that nothing is known of tests
 */
export function unmatchedPatterns(
  budgets: readonly ConfigBudget[],
  modules: readonly TestModule[],
  root: string,
  benchesOnly: boolean,
): Warning[] {
  const withBenches = knowsBenches(modules)
  const asked = budgets.filter(({ perOp }) => (perOp ? withBenches : !benchesOnly))
  if (asked.length === 0) return []
  const subjects = modules.flatMap((module) => {
    const projectName = module.project.name
    const file = fileOf(module, root)
    const tests = [...module.children.allTests()].flatMap((test) => {
      const names = namesOf(test)
      const cases = test.benchmarks().flatMap(({ tasks }) => tasks.map(({ name }) => name))
      // a test that holds benches has no energy of its own to limit
      if (cases.length === 0) return [{ perOp: false, projectName, file, names }]
      return cases.map((name) => ({ perOp: true, projectName, file, names: [...names, name] }))
    })
    return [{ perOp: false, projectName, file, names: [] as string[] }, ...tests]
  })
  return asked
    .filter(
      ({ pattern, perOp }) =>
        !subjects.some((subject) => subject.perOp === perOp && matchesPattern(pattern, subject)),
    )
    .map(({ pattern, perOp, budget }) => {
      const names = subjects
        .filter((subject) => subject.perOp === perOp)
        .map(({ file, names }) => printable([file, ...names].join(' > ')))
      const near = nearestNames(pattern, names, 3)
      const what = `${printable(budget.source)} matches no ${perOp ? 'bench case' : 'test'}`
      const mend =
        near.length === 0
          ? '; write names as `npx vitest list` prints them'
          : `; nearest: ${near.map((name) => `'${name}'`).join(', ')}`
      return { code: 'budget-unmatched', message: what + mend }
    })
}
