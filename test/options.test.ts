import { describe, expect, test } from 'vitest'
import { EnergyError } from '../src/errors.ts'
import { resolveOptions } from '../src/options.ts'

const resolve = (options: unknown, env: NodeJS.ProcessEnv = {}) =>
  resolveOptions(options, env, 'vitest.config.ts')

function refusal(options: unknown, env: NodeJS.ProcessEnv = {}): { code: string; message: string } {
  try {
    resolve(options, env)
  } catch (error) {
    if (error instanceof EnergyError) return { code: error.code, message: error.message }
    throw error
  }
  throw new Error('nothing was refused')
}

describe('defaults', () => {
  test('are those of the documentation', () => {
    expect(resolve({})).toEqual({
      enabled: true,
      meter: 'auto',
      intervalMs: 100,
      powermetrics: { path: '/usr/bin/powermetrics', pathGiven: false, sudo: 'auto' },
      idleMs: 'auto',
      required: false,
      serial: false,
      watch: false,
      budgets: [],
      runBudget: null,
      bench: { rounds: 10, samplesPerBlock: 5, precision: 0.02, maxTimeMs: 15_000, quick: false },
      report: { json: false, html: false, markdown: false, journal: false },
    })
  })
})

describe('the environment', () => {
  test('overrides each option of its own', () => {
    const env = {
      VITEST_ENERGY: '0',
      VITEST_ENERGY_METER: 'powermetrics',
      VITEST_ENERGY_POWERMETRICS: '/opt/meter',
      VITEST_ENERGY_INTERVAL: '250',
      VITEST_ENERGY_REQUIRED: '1',
      VITEST_ENERGY_SERIAL: '1',
      VITEST_ENERGY_JSON: 'out.json',
    }
    expect(resolve({ meter: 'none', interval: 50, report: { json: true } }, env)).toMatchObject({
      enabled: false,
      meter: 'powermetrics',
      powermetrics: { path: '/opt/meter', pathGiven: true },
      intervalMs: 250,
      required: true,
      serial: true,
      report: { json: 'out.json' },
    })
  })

  test('switches off as well as on', () => {
    const env = { VITEST_ENERGY_REQUIRED: '0', VITEST_ENERGY_SERIAL: 'true' }
    expect(resolve({ required: true }, env)).toMatchObject({ required: false, serial: true })
  })

  test('that is empty overrides nothing', () => {
    expect(resolve({ interval: 50 }, { VITEST_ENERGY_INTERVAL: '' }).intervalMs).toBe(50)
  })

  test('with a wrong value is refused with what was seen', () => {
    expect(refusal({}, { VITEST_ENERGY_INTERVAL: 'fast' })).toEqual({
      code: 'OPTION_INVALID',
      message:
        '`interval` is `fast` (from VITEST_ENERGY_INTERVAL)\n  it must be a number from 20 to 10000 ms',
    })
    expect(refusal({}, { VITEST_ENERGY_METER: 'rapl' }).message).toContain(
      '`meter` is `rapl` (from VITEST_ENERGY_METER)',
    )
    expect(refusal({}, { VITEST_ENERGY_REQUIRED: 'yes' })).toEqual({
      code: 'OPTION_INVALID',
      message: '`VITEST_ENERGY_REQUIRED` is `yes`\n  it must be `1` or `0`',
    })
  })
})

describe('budgets', () => {
  test('are read with their unit, and know where they were written', () => {
    const { budgets, runBudget } = resolve({
      budgets: { 'a.bench.ts > *': '2.5 µJ/op', 'a.test.ts > x': '5 mJ', run: '400 J' },
    })
    expect(runBudget).toEqual({
      limitJ: 400,
      text: '400 J',
      source: "vitest.config.ts: budgets['run']",
    })
    expect(budgets).toEqual([
      {
        pattern: 'a.bench.ts > *',
        perOp: true,
        budget: {
          limitJ: 2.5e-6,
          text: '2.5 µJ/op',
          source: "vitest.config.ts: budgets['a.bench.ts > *']",
        },
      },
      {
        pattern: 'a.test.ts > x',
        perOp: false,
        budget: {
          limitJ: 0.005,
          text: '5 mJ',
          source: "vitest.config.ts: budgets['a.test.ts > x']",
        },
      },
    ])
  })

  test.each([5, '5', '5 mj', '5mJ', '5  mJ', '-1 J', '1e3 J', '5 MJ', '5 J/run', '', null, {}])(
    'refuse %j and show the right form',
    (text) => {
      const { code, message } = refusal({ budgets: { 'a > b': text } })
      expect(code).toBe('BUDGET_TEXT')
      expect(message).toContain('`5 mJ` for a test, `2 mJ/op` for a bench case')
    },
  )

  test('refuse a limit per operation for the whole run', () => {
    expect(refusal({ budgets: { run: '5 J/op' } }).message).toContain('`400 J`')
  })
})

describe('a mistake', () => {
  test('in a name is answered with the nearest', () => {
    expect(refusal({ intervall: 100 }).message).toMatch(
      /^unknown option `intervall`\n {2}did you mean `interval`\? Known here: enabled, meter/,
    )
    expect(refusal({ bench: { round: 5 } }).message).toMatch(/`bench\.round`\n.*`rounds`/)
  })

  test.each([
    [{ interval: 19 }, 'a number from 20 to 10000 ms'],
    [{ interval: 10_001 }, 'a number from 20 to 10000 ms'],
    [{ interval: Number.NaN }, 'a number from 20 to 10000 ms'],
    [{ meter: 'rapl' }, 'one of `auto`, `powermetrics`, `none`'],
    [{ required: 'yes' }, '`true` or `false`'],
    [{ idle: -1 }, 'a number from 0 to 600000 ms, or `auto`'],
    [{ bench: { rounds: 2.5 } }, 'a whole number from 3 to 1000'],
    [{ bench: 'fast' }, 'an object'],
    [{ report: { json: 5 } }, '`true` or a path'],
    [{ powermetrics: { path: '' } }, 'a path'],
    [[], 'an object'],
  ])('%j is refused', (options, expected) => {
    expect(refusal(options).message).toContain(expected)
  })
})
