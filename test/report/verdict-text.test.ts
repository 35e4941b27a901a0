import { describe, expect, test } from 'vitest'
import type { BudgetFacts } from '../../src/energy/verdict-text.ts'
import { budgetMessage } from '../../src/energy/verdict-text.ts'
import { budgetOf } from './sample.ts'

const over: BudgetFacts = {
  kind: 'case',
  name: 'structuredClone',
  budget: {
    ...budgetOf('15 µJ/op', 15e-6, 'over'),
    source: "vitest.config.ts: budgets['bench/parse.bench.ts > parsers > *']",
  },
  valueJ: 17.9e-6,
  lowJ: 17.7e-6,
  highJ: 18.1e-6,
  rounds: 10,
  state: 'measured',
}

const head = (facts: BudgetFacts): string => budgetMessage(facts).split('\n')[0] ?? ''

const at = (lowJ: number): string => head({ ...over, lowJ, valueJ: 100e-6, highJ: 101e-6 })

describe('over', () => {
  test('what was used, how much too much, where the limit stands, what would allow it', () => {
    expect(`\n${budgetMessage(over)}\n`).toMatchInlineSnapshot(`
      "
      structuredClone uses 17.9 µJ/op, at least 18 % over its budget of 15 µJ/op
        measured  17.9 µJ/op (95 % interval 17.7–18.1), 10 rounds
        budget    15 µJ/op, set in vitest.config.ts: budgets['bench/parse.bench.ts > parsers > *']
        to fix    make it cheaper, or write '19 µJ/op' there
      "
    `)
  })

  test('a test is judged without operations', () => {
    const budget = budgetOf('5 mJ', 5e-3, 'over')
    const facts: BudgetFacts = {
      kind: 'test',
      name: '',
      budget,
      state: 'measured',
      valueJ: 16,
      lowJ: 15.6,
      highJ: 16.4,
    }
    expect(`\n${budgetMessage(facts)}\n`).toMatchInlineSnapshot(`
      "
      uses 16.0 J, at least 3120 × its budget of 5 mJ
        measured  16.0 J (95 % interval 15.6–16.4)
        budget    5 mJ, set in vitest.config.ts: budgets['x']
        to fix    make it cheaper, or write '17 J' there
      "
    `)
  })

  test('bounds that prove it are no 95 % interval', () => {
    const rough = budgetMessage({ ...over, kind: 'test', state: 'rough' })
    expect(rough).toContain('(certainly within 17.7–18.1)')
    expect(budgetMessage({ ...over, state: 'shared', valueJ: null })).toContain(
      'measured  17.7–18.1 µJ/op, whatever the split',
    )
  })

  test('a rough bench case is judged by its interval', () => {
    const text = budgetMessage({ ...over, kind: 'case', state: 'rough' })
    expect(text).toContain('(95 % interval 17.7–18.1)')
  })

  test('the excess is never rounded up', () => {
    expect(at(15.0001e-6)).toContain('more than its budget')
    expect(at(15.299e-6)).toContain('at least 1.9 % over its budget')
    expect(at(17.99e-6)).toContain('at least 19 % over its budget')
    expect(at(46.4e-6)).toContain('at least 3 × its budget')
  })

  test('a limit of nothing has no percentage', () => {
    const facts = { ...over, budget: budgetOf('0 J/op', 0, 'over') }
    expect(head(facts)).toBe('structuredClone uses 17.9 µJ/op, more than its budget of 0 J/op')
  })

  test('value and limit never look equal', () => {
    const facts = { ...over, valueJ: 15.004e-6, lowJ: 15.001e-6, highJ: 15.007e-6 }
    expect(budgetMessage(facts)).toContain('15.004 µJ/op (95 % interval 15.001–15.007)')
  })

  test('the run is named, a foreign name is printable', () => {
    expect(head({ ...over, kind: 'run', budget: budgetOf('1 µJ', 1e-6, 'over') })).toMatch(
      /^the run uses 17\.9 µJ,/,
    )
    expect(head({ ...over, name: 'a\nb\u001B[1m' })).toMatch(/^a\\nb\\x1b\[1m uses/)
  })
})

describe('other verdicts', () => {
  test('too close to call', () => {
    const budget = budgetOf('5.5 µJ/op', 5.5e-6, 'inconclusive')
    const facts = { ...over, budget, valueJ: 5.51e-6, lowJ: 5.47e-6, highJ: 5.55e-6, rounds: 30 }
    expect(budgetMessage({ ...facts, name: 'hand parser' })).toBe(
      'hand parser: 5.51 µJ/op (5.47–5.55) is too close to its budget of 5.5 µJ/op to call after 30 rounds',
    )
    expect(budgetMessage({ ...facts, name: '' })).toMatch(/^5\.51 µJ\/op \(/)
  })

  test('not checked, with the reason', () => {
    const budget = budgetOf('5 J', 5, 'unchecked', 'the meter was silent during it')
    expect(budgetMessage({ ...over, kind: 'test', name: 'x', budget, valueJ: null })).toBe(
      'x: not checked against its budget of 5 J: the meter was silent during it',
    )
  })

  test('within', () => {
    const budget = budgetOf('20 µJ/op', 20e-6, 'within')
    expect(budgetMessage({ ...over, budget })).toBe(
      'structuredClone uses 17.9 µJ/op, within its budget of 20 µJ/op',
    )
    expect(budgetMessage({ ...over, budget, valueJ: null })).toBe(
      'structuredClone is within its budget of 20 µJ/op',
    )
  })
})
