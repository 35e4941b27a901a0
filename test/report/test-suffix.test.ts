import picocolors from 'picocolors'
import { stripVTControlCharacters } from 'node:util'
import { expect, test } from 'vitest'
import { formatSumSuffix, formatTestSuffix, sumOf } from '../../src/report/test-suffix.ts'
import { budgetOf, figure, testOf, unknown } from './sample.ts'

test('a measured test has its energy and how sure it is', () => {
  expect(formatTestSuffix(testOf('a'))).toBe('4.00 J ±2%')
})

test('a rough one is marked and has two digits', () => {
  const rough = testOf('a', { state: 'rough', energyJ: 1.02, lowJ: 0.71, highJ: 1.33 })
  expect(formatTestSuffix(rough)).toBe('≈ 1.0 J ±30%  (rough)')
})

test.each(['below-resolution', 'shared', 'gap', 'fault', 'no-meter'] as const)(
  '%s has no figure to print',
  (state) => {
    expect(formatTestSuffix(testOf('a', { state }))).toBe('')
  },
)

test.each([
  ['within', '4.00 J ±2%  (budget 5 J)'],
  ['over', '4.00 J ±2%  (over budget 5 J)'],
  ['inconclusive', '4.00 J ±2%  (too close to budget 5 J)'],
  ['unchecked', '4.00 J ±2%  (budget 5 J not checked)'],
] as const)('a budget that is %s is said', (verdict, text) => {
  const test = testOf('a', { budget: budgetOf('5 J', 5, verdict) })
  expect(formatTestSuffix(test)).toBe(text)
  const coloured = formatTestSuffix(test, picocolors.createColors(true))
  expect(stripVTControlCharacters(coloured)).toBe(text)
})

test('a verdict without a figure is said alone', () => {
  const test = testOf('a', { ...unknown, state: 'gap', budget: budgetOf('5 J', 5, 'unchecked') })
  expect(formatTestSuffix(test)).toBe('(budget 5 J not checked)')
})

test('a sum counts tests too short for a figure of their own, and earlier attempts', () => {
  const tests = [
    testOf('a', { attempts: [{ ...figure, energyJ: 2 }] }),
    testOf('b', { state: 'below-resolution', energyJ: 0.5 }),
  ]
  expect(formatSumSuffix(tests)).toBe('6.50 J')
})

test('a sum that lacks a part is none', () => {
  expect(sumOf([testOf('a'), testOf('b', { ...unknown, state: 'gap' })])).toBeNull()
  expect(sumOf([testOf('a', { state: 'shared' })])).toBeNull()
  expect(formatSumSuffix([])).toBe('')
})
