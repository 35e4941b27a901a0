import { expect, test } from 'vitest'
import type { RunnerTestCase } from 'vitest'
import { rememberOverBudget, throwOverBudget } from '../../src/worker/over.ts'

/** A test after `attempts` attempts. */
const testOf = (id: string, attempts = 0): RunnerTestCase =>
  ({
    id,
    name: 'parsers',
    file: { filepath: '/project/a.bench.ts' },
    location: { line: 4, column: 1 },
    result: { attempts: Array.from({ length: attempts }) },
  }) as unknown as RunnerTestCase

const caseOf = (name: string) => ({
  message: `${name} uses 3 mJ/op`,
  actual: '3 mJ/op',
  expected: '<= 2 mJ/op',
})

test('all cases of a test are in one error, which points at the test', () => {
  const one = testOf('one')
  rememberOverBudget(one, [caseOf('a')])
  rememberOverBudget(one, [caseOf('b')])
  expect(() => throwOverBudget(one)).toThrow('a uses 3 mJ/op\n\nb uses 3 mJ/op')
  rememberOverBudget(one, [caseOf('a')])
  expect(() => throwOverBudget(one)).toThrow(
    expect.objectContaining({
      name: 'EnergyBudgetError',
      actual: '3 mJ/op',
      expected: '<= 2 mJ/op',
      stack: expect.stringContaining('at parsers (/project/a.bench.ts:4:1)') as string,
    }),
  )
})

test('it is thrown once, and only for its own test', () => {
  const two = testOf('two')
  rememberOverBudget(two, [caseOf('a')])
  throwOverBudget(testOf('another'))
  expect(() => throwOverBudget(two)).toThrow('a uses')
  expect(() => throwOverBudget(two)).not.toThrow()
})

test('a retry forgets what the attempt before it left', () => {
  rememberOverBudget(testOf('three'), [caseOf('a')])
  rememberOverBudget(testOf('three', 1), [])
  expect(() => throwOverBudget(testOf('three', 1))).not.toThrow()
})
