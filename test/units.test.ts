import { describe, expect, test } from 'vitest'
import {
  columnScale,
  energyOf,
  formatDuration,
  formatEnergy,
  formatEnergyPerOp,
  formatOperationTime,
  formatPercent,
  formatPower,
  formatScaled,
  formatSignificant,
  limitTextAbove,
  milliseconds,
  nanoseconds,
  parseEnergyLimit,
  powerOf,
  scaleFor,
  joules,
  watts,
} from '../src/units.ts'

describe('quantities', () => {
  test('4 W for half a second are 2 J, and back', () => {
    expect(energyOf(watts(4), nanoseconds(5e8))).toBe(2)
    expect(powerOf(joules(2), nanoseconds(5e8))).toBe(4)
  })

  test('no time gives no power', () => {
    expect(powerOf(joules(0), nanoseconds(0))).toBeNaN()
  })
})

describe('limits', () => {
  test.each([
    ['5 J', 5, false],
    ['5 mJ', 5e-3, false],
    ['2.5 µJ/op', 2.5e-6, true],
    ['2.5 μJ/op', 2.5e-6, true],
    ['2.5 uJ/op', 2.5e-6, true],
    ['0 nJ', 0, false],
  ])('%s is read', (text, limit, perOp) => {
    expect(parseEnergyLimit(text)).toEqual({ limit, perOp, text })
  })

  test.each(['5', '5 mj', '5mJ', '-1 J', '5 J/Op', '1e3 J', ' 5 J', '5 kJ', '.5 J', 5, null])(
    '%j is no limit',
    (text) => {
      expect(parseEnergyLimit(text)).toBeUndefined()
    },
  )

  test('a proposed limit reads back as at least what it was proposed for', () => {
    for (const energy of [0, 1e-13, 4.4e-10, 17.9e-6, 0.999, 1, 12.3, 99.9, 12_345]) {
      const read = parseEnergyLimit(limitTextAbove(energy, true))
      expect(read?.perOp).toBe(true)
      expect(read?.limit).toBeGreaterThanOrEqual(energy * (1 - 1e-9))
    }
  })

  test('a proposed limit has two digits, rounded up', () => {
    expect(limitTextAbove(18.1e-6, true)).toBe('19 µJ/op')
    expect(limitTextAbove(19e-6, true)).toBe('19 µJ/op')
    expect(limitTextAbove(1.01, false)).toBe('1.1 J')
    expect(limitTextAbove(12_345, false)).toBe('13000 J')
    expect(limitTextAbove(4.41e-10, false)).toBe('0.45 nJ')
  })
})

describe('text', () => {
  test.each([
    [0, '0 J'],
    [1234, '1.23 kJ'],
    [41.84, '41.8 J'],
    [0.9996, '1.00 J'],
    [0.0369, '36.9 mJ'],
    [9.996e-6, '10.0 µJ'],
    [3.2e-11, '0.0320 nJ'],
    [-0.5, '-500 mJ'],
  ])('%d J is %s', (energy, text) => {
    expect(formatEnergy(energy)).toBe(text)
  })

  test('a number that is none is a dash', () => {
    expect(formatSignificant(Number.NaN)).toBe('–')
    expect(formatEnergy(Infinity)).toMatch(/^–/)
    expect(formatPercent(Number.NaN)).toBe('–')
  })

  test.each([
    [0, '0 W'],
    [3.344, '3.34 W'],
    [0.031, '31.0 mW'],
  ])('%d W is %s', (power, text) => {
    expect(formatPower(power)).toBe(text)
  })

  test.each([
    [3, '3.0 ms'],
    [318, '318 ms'],
    [999.6, '1000 ms'],
    [13_120, '13.1 s'],
    [245_000, '4 min 5 s'],
    [3_600_000, '60 min 0 s'],
  ])('%d ms is %s', (duration, text) => {
    expect(formatDuration(milliseconds(duration))).toBe(text)
  })

  test.each([
    [31.4, '31.4 ns'],
    [999.6, '1.00 µs'],
    [1660, '1.66 µs'],
    [2.5e9, '2.50 s'],
  ])('%d ns of one operation is %s', (duration, text) => {
    expect(formatOperationTime(nanoseconds(duration))).toBe(text)
  })

  test('percent has one decimal below ten, none above', () => {
    expect([0.004, 0.0996, 0.0994, 0.3, 9.99, 12].map((part) => formatPercent(part))).toEqual([
      '0.4',
      '10',
      '9.9',
      '30',
      '999',
      '>999',
    ])
  })

  test('energy of an operation names the operation', () => {
    expect(formatEnergyPerOp(17.9e-6)).toBe('17.9 µJ/op')
  })
})

describe('one unit for a column', () => {
  test('it is that of the largest value', () => {
    expect(columnScale([5.46e-6, 751e-9], 'J').suffix).toBe('µJ')
    expect(formatScaled(751e-9, columnScale([5.46e-6, 751e-9], 'J'))).toBe('0.751 µJ')
  })

  test('it is the geometric middle where the values are more than a thousandfold apart', () => {
    expect(columnScale([30e-9, 5e-3], 'J').suffix).toBe('µJ')
  })

  test('zeros and unknown values do not choose it', () => {
    expect(columnScale([0, Number.NaN, 2e-3], 'W').suffix).toBe('mW')
    expect(columnScale([], 'W')).toEqual(scaleFor(0, 'W'))
  })
})
