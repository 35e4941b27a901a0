import { expect, expectTypeOf, test } from 'vitest'
import type { Bench, BenchResult } from 'vitest'
import type { BenchEnergy } from '../../src/energy/result.ts'
import type { EnergyBenchOptions } from '../../src/worker/bench-options.ts'
import type { EnergyMatcherOptions } from '../../src/worker/matchers.ts'

declare const bench: Bench
declare const result: BenchResult

test('a case takes a budget, units and `energy: false`', () => {
  bench('a', { energyBudget: '2 mJ/op', units: 512 }, () => 1)
  bench('a', { energy: false, beforeEach: () => {} }, () => 1)
  expectTypeOf<EnergyBenchOptions['units']>().toEqualTypeOf<number | undefined>()
})

test('a budget without /op, without a unit or as a number is refused', () => {
  expectTypeOf<EnergyBenchOptions['energy']>().toEqualTypeOf<false | undefined>()
  // @ts-expect-error a case has operations
  bench('a', { energyBudget: '2 mJ' }, () => 1)
  // @ts-expect-error no unit
  bench('a', { energyBudget: '2/op' }, () => 1)
  // @ts-expect-error a number
  bench('a', { energyBudget: 2 }, () => 1)
  // @ts-expect-error only `false`: leaving it out measures
  bench('a', { energy: true }, () => 1)
})

test('a result has its energy, which may be absent', () => {
  expectTypeOf(result.energy).toEqualTypeOf<BenchEnergy | undefined>()
  expectTypeOf<BenchEnergy['energyPerOpJ']>().toEqualTypeOf<number | null>()
})

test('the matchers take limits of their kind', () => {
  expectTypeOf(expect(result).toStayWithinEnergy('2 mJ/op')).toEqualTypeOf<void>()
  expectTypeOf(expect(result).not.toStayWithinEnergy('2 mJ/op')).toEqualTypeOf<void>()
  expectTypeOf(
    expect(result).toUseLessEnergyThan(result, { delta: 0.1, strict: true }),
  ).toEqualTypeOf<void>()
  expectTypeOf(expect(() => 1).toUseAtMost('5 mJ')).toEqualTypeOf<Promise<void>>()
  expectTypeOf<EnergyMatcherOptions>().toEqualTypeOf<{ strict?: boolean }>()
  // @ts-expect-error energy of one operation
  expect(result).toStayWithinEnergy('2 mJ')
  // @ts-expect-error energy of one call
  void expect(() => 1).toUseAtMost('2 mJ/op')
  // @ts-expect-error no result
  expect(result).toUseLessEnergyThan(5)
})
