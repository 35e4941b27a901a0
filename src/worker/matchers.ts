import { expect } from 'vitest'
import type { BaselineData, BenchResult, MatcherState } from 'vitest'
import { printable } from '../energy/printable.ts'
import { judgeBench } from '../energy/judge-bench.ts'
import type { BenchEnergy, BudgetDeclaration, BudgetResult } from '../energy/result.ts'
import { EnergyError, quoted } from '../errors.ts'
import { formatEnergy, formatEnergyPerOp, formatPercent, parseEnergyLimit } from '../units.ts'
import type { EnergyPerOpText, EnergyText } from '../units.ts'
import { ratioOf } from './compared.ts'
import type { Ratio } from './compared.ts'

export interface EnergyMatcherOptions {
  /** Fail where it is too close to call, or was not measured. @default false: pass with a warning */
  strict?: boolean
}

export interface LessEnergyOptions extends EnergyMatcherOptions {
  /** By how much less at least: 0.1 is a tenth. @default 0 */
  delta?: number
}

/** A result of `bench().run()`, `bench.compare().get()` or `bench.from()`. */
export type MeasuredResult = BenchResult | BaselineData

declare module 'vitest' {
  // oxlint-disable-next-line no-unused-vars -- declarations merge only with the same parameters
  interface Matchers<R extends void | Promise<void> = void | Promise<void>, T = unknown> {
    /**
     * The result of a bench case needs no more than `limit` for one operation, by its 95 % interval.
     * @example expect(result).toStayWithinEnergy('2 mJ/op')
     */
    toStayWithinEnergy: (limit: EnergyPerOpText, options?: EnergyMatcherOptions) => R
    /**
     * The result needs less energy for one operation than another, by the interval of their ratio.
     * @example expect(a).toUseLessEnergyThan(b, { delta: 0.1 })
     */
    toUseLessEnergyThan: (other: MeasuredResult, options?: LessEnergyOptions) => R
    /**
     * One call of the function needs no more than `limit`, net of idle. It is called again and again
     * until the meter can tell.
     * @example await expect(() => resize(photo)).toUseAtMost('5 mJ')
     */
    toUseAtMost: (limit: EnergyText, options?: EnergyMatcherOptions) => Promise<void>
  }
}

interface Outcome {
  pass: boolean
  message: () => string
  actual?: string
  expected?: string
}

/** A matcher at work: its name, what stands in its brackets, and what was asked for. */
interface Asked {
  state: MatcherState
  matcher: 'toStayWithinEnergy' | 'toUseLessEnergyThan' | 'toUseAtMost'
  expected: string
  options: EnergyMatcherOptions
}

const hintOf = ({ state, matcher, expected }: Asked): string =>
  state.utils.matcherHint(matcher, 'received', expected, { isNot: state.isNot })

const warned = new Set<string>()

/** It cannot be told: passes with one warning, or fails where `strict` asks for that. */
function undecided(asked: Asked, why: string): Outcome {
  const { strict = false } = asked.options
  const text = `${asked.matcher}: ${why}`
  if (!strict && !warned.has(text)) {
    warned.add(text)
    console.warn(`vitest-energy: ${text}. It passed; { strict: true } would fail here.`)
  }
  const pass = asked.state.isNot ? strict : !strict
  return { pass, message: () => `${hintOf(asked)}\n\nCannot tell: ${why}.` }
}

function energyOf(value: unknown, matcher: string, which: string): BenchEnergy | null {
  const result = value as { latency?: { energy?: BenchEnergy }; energy?: BenchEnergy } | null
  if (typeof result !== 'object' || result === null || typeof result.latency !== 'object') {
    throw new TypeError(
      `${matcher} expects ${which} value to be a benchmark result, not ${quoted(value)}`,
    )
  }
  return result.energy ?? result.latency.energy ?? null
}

const noFigure = (energy: BenchEnergy | null): string =>
  `no energy was measured: ${energy?.reason ?? 'there was no meter, or the case has `energy: false`'}`

function limitOf(text: unknown, matcher: string, perOp: boolean): BudgetDeclaration {
  const parsed = parseEnergyLimit(text)
  if (parsed === undefined || parsed.perOp !== perOp) {
    const form = perOp ? '`2 mJ/op`' : '`5 mJ`'
    throw EnergyError.of('BUDGET_TEXT', `the limit of ${matcher}()`, quoted(text), form)
  }
  return { limitJ: parsed.limit, text: parsed.text, source: `${matcher}()` }
}

const intervalText = ({ lowJ, highJ, rounds }: BenchEnergy, say: (joules: number) => string) =>
  lowJ === null || highJ === null
    ? `${rounds} rounds`
    : `95 % interval ${say(lowJ)} … ${say(highJ)}, ${rounds} rounds`

function limitOutcome(asked: Asked, energy: BenchEnergy, judged: BudgetResult): Outcome {
  const { state, matcher } = asked
  const { verdict, text, reason } = judged
  const say =
    matcher === 'toUseAtMost' ? (joules: number) => formatEnergy(joules) : formatEnergyPerOp
  const value = energy.energyPerOpJ === null ? 'unknown' : say(energy.energyPerOpJ)
  const received = `${value} (${intervalText(energy, say)})`
  if (verdict === 'unchecked') return undecided(asked, `not checked against ${text}: ${reason}`)
  if (verdict === 'inconclusive') {
    return undecided(asked, `${received} is too close to ${text} to call`)
  }
  const { EXPECTED_COLOR, RECEIVED_COLOR } = state.utils
  const expected = `${state.isNot ? '>' : '<='} ${text}`
  return {
    pass: verdict === 'within',
    actual: value,
    expected,
    message: () =>
      `${hintOf(asked)}\n\nExpected: ${EXPECTED_COLOR(expected)}\nReceived: ${RECEIVED_COLOR(received)}`,
  }
}

function toStayWithinEnergy(
  this: MatcherState,
  received: unknown,
  limit: unknown,
  options: EnergyMatcherOptions = {},
): Outcome {
  const matcher = 'toStayWithinEnergy'
  const budget = limitOf(limit, matcher, true)
  const asked: Asked = { state: this, matcher, expected: 'limit', options }
  const energy = energyOf(received, matcher, 'the received')
  if (energy === null) return undecided(asked, noFigure(energy))
  return limitOutcome(asked, energy, judgeBench(energy, budget))
}

const moreOrLess = (ratio: number): string =>
  ratio < 1 ? `${formatPercent(1 - ratio)} % less` : `${formatPercent(ratio - 1)} % more`

const ratioText = ({ ratio, low, high }: Ratio): string =>
  `${moreOrLess(ratio)} (95 % interval ${moreOrLess(low)} … ${moreOrLess(high)})`

function lessOutcome(
  asked: Asked,
  delta: number,
  energies: readonly [BenchEnergy, BenchEnergy],
  ratio: Ratio,
): Outcome {
  const { state } = asked
  const pass = ratio.high < 1 - delta
  const wanted = delta === 0 ? 'less energy' : `at least ${formatPercent(delta)} % less energy`
  if (!pass && ratio.low < 1 - delta) {
    return undecided(asked, `${ratioText(ratio)} is too close to call for '${wanted}'`)
  }
  const { EXPECTED_COLOR, RECEIVED_COLOR } = state.utils
  const [mine, other] = energies.map(({ energyPerOpJ }) => formatEnergyPerOp(energyPerOpJ ?? 0))
  const expected = `Expected to ${state.isNot ? 'not ' : ''}use ${wanted}, but it uses ${ratioText(ratio)}.`
  return {
    pass,
    message: () =>
      `${hintOf(asked)}\n\n${expected}\n\n` +
      `Received: ${RECEIVED_COLOR(String(mine))}\nOther:    ${EXPECTED_COLOR(String(other))}`,
  }
}

/** Why a figure cannot be compared; `null` when it can. */
function incomparable(energy: BenchEnergy | null): string | null {
  if (energy === null || energy.energyPerOpJ === null) return noFigure(energy)
  const fit = energy.state === 'measured' || energy.state === 'rough'
  return fit ? null : `one of them is no measurement: ${energy.reason ?? energy.state}`
}

function toUseLessEnergyThan(
  this: MatcherState,
  received: unknown,
  other: unknown,
  options: LessEnergyOptions = {},
): Outcome {
  const matcher = 'toUseLessEnergyThan'
  const { delta = 0 } = options
  if (!(delta >= 0 && delta < 1)) {
    throw EnergyError.of(
      'OPTION_INVALID',
      `delta of ${matcher}()`,
      quoted(delta),
      'from 0 to below 1',
    )
  }
  const asked: Asked = { state: this, matcher, expected: 'other', options }
  const a = energyOf(received, matcher, 'the received')
  const b = energyOf(other, matcher, 'the other')
  const why = incomparable(a) ?? incomparable(b)
  const ratio = a === null || b === null ? null : ratioOf(a, b)
  if (why !== null || a === null || b === null || ratio === null) {
    return undecided(
      asked,
      why ?? 'one of them does not stand out from what the machine draws at idle',
    )
  }
  return lessOutcome(asked, delta, [a, b], ratio)
}

async function toUseAtMost(
  this: MatcherState,
  received: unknown,
  limit: unknown,
  options: EnergyMatcherOptions = {},
): Promise<Outcome> {
  const matcher = 'toUseAtMost'
  const budget = limitOf(limit, matcher, false)
  if (typeof received !== 'function') {
    throw new TypeError(
      `${matcher} expects the received value to be a function, not ${quoted(received)}`,
    )
  }
  // the engine is heavy, and most files never ask for it
  const { measureCalls } = await import('./repeat.ts')
  const energy = await measureCalls(received as () => unknown, budget)
  const asked: Asked = { state: this, matcher, expected: 'limit', options }
  if (typeof energy === 'string') {
    return undecided(asked, `no energy was measured: ${printable(energy)}`)
  }
  return limitOutcome(asked, energy, judgeBench(energy, budget))
}

/** Adds the energy matchers to `expect`. To be called once per test file. */
export function installMatchers(): void {
  expect.extend({ toStayWithinEnergy, toUseLessEnergyThan, toUseAtMost })
}
