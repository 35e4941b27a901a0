import type { RunnerTestCase } from 'vitest'

/**
 * A budget that was not kept, as a failure of the test. Its stack is the test's own place, so that
 * terminals, JUnit and GitHub annotations point there; string `actual` and `expected` print as
 * Received and Expected.
 */
export function budgetError(
  test: RunnerTestCase,
  message: string,
  values: { actual: string; expected: string },
): Error {
  const error = Object.assign(new Error(message), values)
  error.name = 'EnergyBudgetError'
  return placeAtTest(test, error)
}

/** @returns the error, its stack being the test's own place */
export function placeAtTest(test: RunnerTestCase, error: Error): Error {
  const { line = 1, column = 1 } = test.location ?? {}
  const place = `${test.file.filepath}:${line}:${column}`
  error.stack = `${error.name}: ${error.message}\n    at ${test.name} (${place})`
  return error
}
