import { relative } from 'node:path'
import type { TestCase, TestModule } from 'vitest/node'
import { declaredAtTest, matchesPattern, nearestPattern } from './energy/budget.ts'
import { printable } from './energy/printable.ts'
import type { BudgetDeclaration } from './energy/result.ts'
import type { TestLine } from './journal.ts'
import { nearestNames } from './nearest.ts'
import type { ConfigBudget } from './options.ts'
import type { Warning } from './report/json.ts'

/** Path of a test file, relative to the root, `/` separated. */
export const fileOf = (module: TestModule, root: string): string =>
  relative(root, module.moduleId).replaceAll('\\', '/')

const namesOf = (test: TestCase): string[] => {
  const names = [test.name]
  for (let { parent } = test; parent.type === 'suite'; { parent } = parent)
    names.unshift(parent.name)
  return names
}

/** Where `meta.energyBudget` of a test comes down from. */
function sourceOf(test: TestCase): string {
  const { energyBudget } = test.meta()
  const file = test.module.relativeModuleId
  for (let { parent } = test; parent.type === 'suite'; { parent } = parent) {
    if (parent.meta().energyBudget === energyBudget) {
      return `${file}: meta.energyBudget of describe('${parent.name}')`
    }
  }
  return `${file}: meta.energyBudget of the test`
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
    return declaredAtTest(energyBudget, sourceOf(test))
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

/** What the journal keeps of a test that has ended. */
export function testLineOf(
  test: TestCase,
  root: string,
  budgets: readonly ConfigBudget[],
): TestLine {
  const file = fileOf(test.module, root)
  const holdsBenches = test.benchmarks().length > 0
  return {
    type: 'test',
    testId: test.id,
    projectName: test.project.name,
    file,
    name: test.fullName,
    result: test.result().state,
    durationMs: test.diagnostic()?.duration ?? 0,
    budget: holdsBenches ? null : declarationFor(test, file, budgets),
    unchecked: uncheckedReason(test),
    holdsBenches,
  }
}

/** A line for each pattern that met nothing, with the names most like it. */
export function unmatchedPatterns(
  budgets: readonly ConfigBudget[],
  modules: readonly TestModule[],
  root: string,
): Warning[] {
  if (budgets.length === 0) return []
  const subjects = modules.flatMap((module) => {
    const projectName = module.project.name
    const file = fileOf(module, root)
    const tests = [...module.children.allTests()].flatMap((test) => {
      const names = namesOf(test)
      const cases = test.benchmarks().flatMap(({ tasks }) => tasks.map(({ name }) => name))
      return [
        { perOp: false, projectName, file, names },
        ...cases.map((name) => ({ perOp: true, projectName, file, names: [...names, name] })),
      ]
    })
    return [{ perOp: false, projectName, file, names: [] as string[] }, ...tests]
  })
  return budgets
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
        near.length === 0 ? '' : `; nearest: ${near.map((name) => `'${name}'`).join(', ')}`
      return { code: 'budget-unmatched', message: what + mend }
    })
}
