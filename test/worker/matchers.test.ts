import { stripVTControlCharacters } from 'node:util'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import type { BenchResult } from 'vitest'
import type { BenchEnergy } from '../../src/energy/result.ts'
import { ratioOf, rememberComparisons } from '../../src/worker/compared.ts'
import { installMatchers } from '../../src/worker/matchers.ts'

installMatchers()

/** 2 mJ/op, measured, ± 5 %, unless told otherwise. */
const energyOf = (rest: Partial<BenchEnergy> = {}): BenchEnergy => ({
  state: 'measured',
  reason: null,
  energyPerOpJ: 2e-3,
  lowJ: 1.9e-3,
  highJ: 2.1e-3,
  rounds: 10,
  samples: 50,
  ops: 1000,
  timePerOpNs: 1e6,
  powerW: 2,
  opsPerJ: 500,
  edpJs: 2e-6,
  domainsPerOpJ: {},
  stoppedBy: 'precision',
  hooksIncluded: false,
  budget: null,
  ...rest,
})

const resultOf = (energy?: BenchEnergy): BenchResult =>
  ({ name: 'case', latency: {}, ...(energy === undefined ? {} : { energy }) }) as BenchResult

const scaled = (factor: number): BenchResult =>
  resultOf(energyOf({ energyPerOpJ: 2e-3 * factor, lowJ: 1.9e-3 * factor, highJ: 2.1e-3 * factor }))

/** What the assertion says when it fails. */
function messageOf(assertion: () => void): string {
  try {
    assertion()
  } catch (error) {
    return stripVTControlCharacters((error as Error).message)
  }
  throw new Error('it passed')
}

function spyOnWarnings(): string[] {
  const warnings: string[] = []
  const spy = vi
    .spyOn(console, 'warn')
    .mockImplementation((text: string) => void warnings.push(text))
  onTestFinished(() => spy.mockRestore())
  return warnings
}

describe('toStayWithinEnergy', () => {
  test('passes when the upper end of the interval is within the limit', () => {
    expect(resultOf(energyOf())).toStayWithinEnergy('2.1 mJ/op')
    expect(resultOf(energyOf())).not.toStayWithinEnergy('1.8 mJ/op')
  })

  test('fails when the lower end is above the limit', () => {
    const message = messageOf(() => expect(resultOf(energyOf())).toStayWithinEnergy('1.8 mJ/op'))
    expect(message).toMatchInlineSnapshot(`
      "expect(received).toStayWithinEnergy(limit)

      Expected: <= 1.8 mJ/op
      Received: 2.00 mJ/op (95 % interval 1.90 mJ/op … 2.10 mJ/op, 10 rounds)"
    `)
  })

  test('says the contrary with `.not`', () => {
    const message = messageOf(() => expect(resultOf(energyOf())).not.toStayWithinEnergy('3 mJ/op'))
    expect(message).toContain('expect(received).not.toStayWithinEnergy(limit)')
    expect(message).toContain('Expected: > 3 mJ/op')
  })

  test('too close to call passes with one warning, with `.not` too', () => {
    const warnings = spyOnWarnings()
    const result = resultOf(energyOf())
    expect(result).toStayWithinEnergy('2 mJ/op')
    expect(result).toStayWithinEnergy('2 mJ/op')
    expect(result).not.toStayWithinEnergy('2 mJ/op')
    expect(warnings).toEqual([
      'vitest-energy: toStayWithinEnergy: 2.00 mJ/op (95 % interval 1.90 mJ/op … 2.10 mJ/op, 10 rounds) is too close to 2 mJ/op to call. It passed; { strict: true } would fail here.',
    ])
  })

  test('too close to call fails where it is strict', () => {
    const result = resultOf(energyOf())
    const message = messageOf(() => expect(result).toStayWithinEnergy('2 mJ/op', { strict: true }))
    expect(message).toContain('Cannot tell: 2.00 mJ/op')
    messageOf(() => expect(result).not.toStayWithinEnergy('2 mJ/op', { strict: true }))
  })

  test('without a measurement passes with a warning that has the reason', () => {
    const warnings = spyOnWarnings()
    const disturbed = energyOf({ state: 'disturbed', reason: 'other programs used the machine' })
    expect(resultOf(disturbed)).toStayWithinEnergy('1 mJ/op')
    expect(resultOf()).toStayWithinEnergy('1 mJ/op')
    expect(warnings).toHaveLength(2)
    expect(warnings[0]).toContain('other programs used the machine')
    expect(warnings[1]).toContain('there was no meter')
  })

  test('below resolution is within a limit above its upper end', () => {
    const low = energyOf({
      state: 'below-resolution',
      energyPerOpJ: 1e-6,
      lowJ: -1e-6,
      highJ: 3e-6,
    })
    expect(resultOf(low)).toStayWithinEnergy('4 µJ/op', { strict: true })
  })

  test('reads a baseline, which has its energy in `latency`', () => {
    const baseline = { latency: { energy: energyOf() } } as unknown as BenchResult
    expect(baseline).toStayWithinEnergy('3 mJ/op', { strict: true })
  })

  test('refuses a limit without /op and a value that is no result', () => {
    const wrong = '2 mJ' as '2 mJ/op'
    expect(messageOf(() => expect(resultOf(energyOf())).toStayWithinEnergy(wrong))).toContain(
      '`2 mJ/op`',
    )
    expect(messageOf(() => expect(5).toStayWithinEnergy('2 mJ/op'))).toBe(
      'toStayWithinEnergy expects the received value to be a benchmark result, not `5` (number)',
    )
  })
})

describe('toUseLessEnergyThan', () => {
  test('passes when the whole interval of the ratio is below 1', () => {
    expect(scaled(0.8)).toUseLessEnergyThan(scaled(1))
    expect(scaled(1.3)).not.toUseLessEnergyThan(scaled(1))
  })

  test('fails when the whole interval is above, and says how much more', () => {
    expect(messageOf(() => expect(scaled(1.3)).toUseLessEnergyThan(scaled(1))))
      .toMatchInlineSnapshot(`
      "expect(received).toUseLessEnergyThan(other)

      Expected to use less energy, but it uses 30 % more (95 % interval 21 % more … 40 % more).

      Received: 2.60 mJ/op
      Other:    2.00 mJ/op"
    `)
  })

  test('asks for a difference of at least delta', () => {
    expect(scaled(0.5)).toUseLessEnergyThan(scaled(1), { delta: 0.4 })
    const message = messageOf(() =>
      expect(scaled(0.5)).toUseLessEnergyThan(scaled(1), { delta: 0.6 }),
    )
    expect(message).toContain('Expected to use at least 60 % less energy, but it uses 50 % less')
  })

  test('too close to call passes with a warning and fails where it is strict', () => {
    const warnings = spyOnWarnings()
    expect(scaled(1)).toUseLessEnergyThan(scaled(1))
    expect(warnings).toHaveLength(1)
    expect(
      messageOf(() => expect(scaled(1)).toUseLessEnergyThan(scaled(1), { strict: true })),
    ).toContain('too close to call')
  })

  test('refuses a delta outside 0 … 1', () => {
    expect(
      messageOf(() => expect(scaled(1)).toUseLessEnergyThan(scaled(1), { delta: 2 })),
    ).toContain('`delta of toUseLessEnergyThan()` is `2` (number)')
  })
})

describe('the ratio of two results', () => {
  test('of one compare is that of its rounds, in either direction', () => {
    const [a, b] = [energyOf(), energyOf()]
    const pair = { a: 'a', b: 'b', ratio: 2, low: 1.6, high: 2.5, different: true }
    rememberComparisons(
      [
        { name: 'a', energy: a },
        { name: 'b', energy: b },
      ],
      [pair],
    )
    expect(ratioOf(b, a)).toEqual({ ratio: 2, low: 1.6, high: 2.5 })
    expect(ratioOf(a, b)).toEqual({ ratio: 0.5, low: 0.4, high: 0.625 })
  })

  test('of two runs comes from both intervals', () => {
    const ratio = ratioOf(energyOf(), energyOf())
    expect(ratio?.ratio).toBe(1)
    // 5 % and 5 %: √2 × 5 %
    expect(ratio?.high).toBeCloseTo(Math.exp(Math.SQRT2 * 0.05), 9)
  })

  test('is not known without a figure above 0', () => {
    expect(ratioOf(energyOf(), energyOf({ energyPerOpJ: null }))).toBeNull()
    expect(ratioOf(energyOf({ energyPerOpJ: -1 }), energyOf())).toBeNull()
  })
})

describe('toUseAtMost', () => {
  test('without the plugin does not call the function, and says so', async () => {
    const warnings = spyOnWarnings()
    let calls = 0
    await expect(() => ++calls).toUseAtMost('5 mJ')
    expect(calls).toBe(0)
    expect(warnings).toEqual([
      'vitest-energy: toUseAtMost: no energy was measured: vitest-energy is not installed in this run. It passed; { strict: true } would fail here.',
    ])
  })

  test('refuses a limit with /op and a value that is no function', async () => {
    await expect(async () => {
      await expect(() => 1).toUseAtMost('5 mJ/op' as '5 mJ')
    }).rejects.toThrow('`5 mJ`')
    await expect(async () => {
      await expect(7).toUseAtMost('5 mJ')
    }).rejects.toThrow('toUseAtMost expects the received value to be a function')
  })
})
