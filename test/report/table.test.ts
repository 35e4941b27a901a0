import { stripVTControlCharacters } from 'node:util'
import picocolors from 'picocolors'
import { describe, expect, test } from 'vitest'
import type { Comparison } from '../../src/energy/result.ts'
import { renderBenchNotes } from '../../src/report/bench-notes.ts'
import { alignLeft, flow, shorten, visibleWidth } from '../../src/report/columns.ts'
import { computeStandings, formatRatio } from '../../src/report/standing.ts'
import {
  appendColumns,
  appendedWidth,
  renderBenchColumns,
  renderCompactTable,
} from '../../src/report/table.ts'
import { benchOf, budgetOf, parserComparisons, parsers } from './sample.ts'

const text = (lines: readonly string[] | null): string => `\n${(lines ?? []).join('\n')}\n`
const colors = picocolors.createColors(true)

describe('width', () => {
  test('colours take no column, East Asian characters and emoji two, marks none', () => {
    expect(visibleWidth('\u001B[31mred\u001B[39m')).toBe(3)
    expect(visibleWidth('写真')).toBe(4)
    expect(visibleWidth('가나')).toBe(4)
    expect(visibleWidth('😀 👩‍👩‍👧 🇩🇪')).toBe(8)
    expect(visibleWidth('e\u0301 µ ± × – ≈')).toBe(11)
  })

  test('a cut text is no wider than asked', () => {
    expect(shorten('写真を縮小する', 7)).toBe('写真を…')
    expect(shorten('abc', 3)).toBe('abc')
    expect(shorten('abcd', 3)).toBe('ab…')
  })

  test('a text that is too wide for its column is kept whole', () => {
    expect(alignLeft('abcd', 3)).toBe('abcd')
  })

  test('parts flow into lines, a part that is too long stands alone', () => {
    expect(flow(['aa', 'bb', 'cccccccccc', 'd'], 8)).toEqual(['aa · bb', 'cccccccccc', 'd'])
  })
})

describe('table', () => {
  test('three cases of one compare', () => {
    expect(text(renderCompactTable(parsers, parserComparisons))).toMatchInlineSnapshot(`
      "
      name             energy/op   ±95%   power  energy
      JSON.parse         5.46 µJ  ±1.0%  3.34 W  cheapest
      hand parser        5.51 µJ  ±1.0%  3.33 W  tie
      structuredClone    17.9 µJ  ±1.0%  3.37 W  3.28× (3.24–3.32) dearest
      "
    `)
  })

  test('one unit for each column, whatever its values', () => {
    const cases = [
      benchOf('tiny', 751e-9, { powerW: 0.9 }),
      benchOf('large', 20.6e-6, { powerW: 22 }),
    ]
    const rows = renderBenchColumns(cases, [])?.rows
    expect(text(rows ?? null)).toMatchInlineSnapshot(`
      "
       0.751 µJ  ±1.0%  0.900 W
        20.6 µJ  ±1.0%   22.0 W
      "
    `)
  })

  test('budgets and doubtful states are marked, their figures are not given as sure', () => {
    const cases = [
      benchOf('kept', 5e-6, { budget: budgetOf('6 µJ/op', 6e-6, 'within') }),
      benchOf('over', 9e-6, { budget: budgetOf('6 µJ/op', 6e-6, 'over') }),
      benchOf('close', 6e-6, { budget: budgetOf('6 µJ/op', 6e-6, 'inconclusive') }),
      benchOf('rough', 7.123e-6, { state: 'rough', lowJ: 5e-6, highJ: 9e-6 }),
      benchOf('parallel', 7e-6, { state: 'shared' }),
      benchOf('tiny', 1e-9, { state: 'below-resolution', powerW: null }),
      benchOf('silent', 1, {
        state: 'gap',
        energyPerOpJ: null,
        budget: budgetOf('6 µJ/op', 6e-6, 'unchecked', 'the meter was silent'),
      }),
    ]
    expect(text(renderCompactTable(cases, []))).toMatchInlineSnapshot(`
      "
      name      energy/op   ±95%   power  energy
      kept        5.00 µJ  ±1.0%  3.34 W  within 6 µJ/op
      over        9.00 µJ  ±1.0%  3.34 W  over its budget of 6 µJ/op
      close       6.00 µJ  ±1.0%  3.34 W  too close to its budget of 6 µJ/op
      rough      ≈ 7.1 µJ   ±30%  3.34 W  rough
      parallel          –      –       –  shared
      tiny              –      –       –  too little to measure
      silent            –      –       –  meter was silent, budget of 6 µJ/op not checked
      "
    `)
  })

  test('a row that we do not know stays empty', () => {
    expect(renderBenchColumns([undefined, benchOf('a', 1e-6)], [])?.rows).toEqual([
      '',
      '  1.00 µJ  ±1.0%  3.34 W',
    ])
  })

  test('without a meter there are no columns', () => {
    const none = benchOf('a', 0, { state: 'no-meter', energyPerOpJ: null })
    expect(renderBenchColumns([none, undefined], [])).toBeNull()
    expect(renderCompactTable([none], [])).toEqual([])
  })

  test('colours change no letter and no place', () => {
    const plainLines = renderCompactTable(parsers, parserComparisons)
    const coloured = renderCompactTable(parsers, parserComparisons, colors)
    expect(coloured.join('')).toContain('\u001B[')
    expect(coloured.map((line) => stripVTControlCharacters(line))).toEqual(plainLines)
  })

  test('cells stand below each other behind lines of any width and colour', () => {
    const columns = renderBenchColumns(parsers, parserComparisons)
    if (columns === null) throw new Error('no columns')
    const lines = ['name    hz', '写真    12', `\u001B[34mb\u001B[39m   1   fastest`, 'c']
    const joined = appendColumns(lines, columns) ?? []
    const places = joined.map((line) => visibleWidth(line.slice(0, line.search(/µJ|energy\/op/))))
    expect(places).toEqual([17, 24, 24, 24])
    expect(appendedWidth(lines, columns)).toBe(Math.max(...joined.map(visibleWidth)))
  })

  test('lines that do not match the cases are left alone', () => {
    expect(appendColumns(['head', 'a'], { head: 'h', rows: ['1', '2'] })).toBeNull()
  })
})

const kinds = (comparisons: readonly Comparison[], cases = parsers) =>
  computeStandings(cases, comparisons).map(({ kind, dearest }) => (dearest ? 'dearest' : kind))

describe('standing', () => {
  test('the cheapest, a tie and the dearest', () => {
    expect(kinds(parserComparisons)).toEqual(['cheapest', 'tie', 'dearest'])
  })

  test('two that tie have no cheapest', () => {
    expect(kinds(parserComparisons.slice(0, 1), parsers.slice(0, 2))).toEqual(['tie', 'tie'])
  })

  test('the last of two is dearer, not the dearest', () => {
    const [, pair] = parserComparisons
    expect(
      kinds(
        pair === undefined ? [] : [pair],
        [parsers[0], parsers[2]].filter((c) => c !== undefined),
      ),
    ).toEqual(['cheapest', 'dearer'])
  })

  test('a last that ties with the next is not the dearest', () => {
    const tied = parserComparisons.map((c) =>
      c.a === 'hand parser'
        ? Object.assign({}, c, { different: false })
        : Object.assign({}, c, { different: true }),
    )
    expect(kinds(tied)).toEqual(['cheapest', 'dearer', 'dearer'])
  })

  test('a pair counts whichever way round it was compared', () => {
    const [cheapest, last] = [benchOf('a', 1e-6), benchOf('b', 2e-6)]
    const pair = { a: 'b', b: 'a', ratio: 0.5, low: 0.4, high: 0.625, different: true }
    expect(computeStandings([cheapest, last], [pair])[1]?.ratio).toBe('2.00× (1.60–2.50)')
  })

  test('cases without a figure have no place', () => {
    const cases = [benchOf('a', 1e-6, { state: 'shared' }), benchOf('b', 2e-6)]
    const pair = { a: 'a', b: 'b', ratio: 2, low: 1.9, high: 2.1, different: true }
    expect(kinds([pair], cases)).toEqual(['none', 'tie'])
  })

  test('a ratio has the digits that tell it from one', () => {
    expect(formatRatio({ ratio: 1.004, low: 1.002, high: 1.006 })).toBe('1.004× (1.002–1.006)')
    expect(formatRatio({ ratio: 3.278, low: 3.24, high: 3.32 })).toBe('3.28× (3.24–3.32)')
  })
})

describe('notes', () => {
  test('how it was measured, and a budget that fits', () => {
    expect(renderBenchNotes(parsers, { hints: true })).toEqual([
      "10 rounds of 5 samples · idle 31 mW taken off · no budget: try '6.9 µJ/op' for JSON.parse",
    ])
  })

  test('what is true of some cases names them, what is true of all does not', () => {
    const cases = [
      benchOf('a', 1e-6, { hooksIncluded: true, stoppedBy: 'maxTime', rounds: 12, samples: 60 }),
      benchOf('b', 1e-6, {
        hooksIncluded: true,
        reason: 'few rounds',
        notes: ['raise the timeout'],
      }),
    ]
    expect(text(renderBenchNotes(cases))).toMatchInlineSnapshot(`
      "
      10–12 rounds of 5 samples · hooks included · stopped by maxTime before its precision was reached: a
      b: few rounds
      b: raise the timeout
      "
    `)
  })

  test('what several cases have in common is said once', () => {
    const reason = 'a quick look: 3 rounds'
    const cases = [benchOf('a', 1e-6, { reason }), benchOf('b', 1e-6, { reason })]
    expect(renderBenchNotes(cases).at(-1)).toBe('a, b: a quick look: 3 rounds')
  })

  test('units of work have their own energy', () => {
    const cases = [benchOf('decode', 1e-3, { units: 1000, energyPerUnitJ: 1e-6 })]
    expect(renderBenchNotes(cases)).toEqual([
      '10 rounds of 5 samples · for each unit of work: decode 1.00 µJ',
    ])
  })

  test('no hint where there is a budget, or no figure to go by', () => {
    const cases = [
      benchOf('a', 1e-6, { budget: budgetOf('2 µJ/op', 2e-6, 'within') }),
      benchOf('b', 1e-6),
    ]
    const shared = benchOf('c', 1e-6, { state: 'shared', idlePowerW: 0.1 })
    expect(renderBenchNotes(cases, { hints: true }).join('')).not.toContain('try')
    expect(renderBenchNotes([shared], { hints: true })).toEqual([])
  })
})
