import { describe, expect, test } from 'vitest'
import type { BenchEnergy } from '../../src/energy/result.ts'
import type { Nanoseconds } from '../../src/units.ts'
import { planRounds, reserveFor } from '../../src/worker/plan.ts'
import type { PlanInput } from '../../src/worker/plan.ts'
import { Rounds } from '../../src/worker/rounds.ts'
import type { MeasurableCase } from '../../src/worker/rounds.ts'
import { accuracyOf, compare } from '../../bench/benches.ts'
import { mergePublications } from '../../src/energy/publication.ts'
import { SimulatedMachine } from '../../bench/simulated-machine.ts'
import type { MachineOptions } from '../../bench/simulated-machine.ts'

type CaseOptions = Parameters<SimulatedMachine['simulatedCase']>[1]

const defaults = {
  rounds: 10,
  samplesPerBlock: 5,
  precision: 0.02,
  maxTimeMs: 15_000,
  quick: false,
}

const quick = { rounds: 3, samplesPerBlock: 3, precision: 0.1, maxTimeMs: 5000, quick: true }

interface Setting {
  machine?: Partial<MachineOptions>
  plan?: Partial<PlanInput['options']>
  timeoutMs?: number
  reserveMs?: number
  change?: (machine: SimulatedMachine) => void
}

/** One compare on a simulated machine: 3.4 W each, 10 µs an operation, unless told otherwise. */
async function measure(cases: Partial<CaseOptions>[], setting: Setting = {}) {
  const machine = new SimulatedMachine({ seed: 1, ...setting.machine })
  setting.change?.(machine)
  const around = machine.surroundings()
  const made: MeasurableCase[] = cases.map((one, at) =>
    machine.simulatedCase(`case ${at}`, { watts: 3.4, opSeconds: 1e-5, at, ...one }),
  )
  const nowNs = around.now()
  const plan = planRounds({
    options: { ...defaults, ...setting.plan },
    sampleNs: 108e6 as Nanoseconds,
    slow: false,
    opNs: made.map(({ opNs }) => opNs),
    nowNs,
    timeoutNs: nowNs + (setting.timeoutMs ?? Number.POSITIVE_INFINITY) * 1e6,
    startNs: nowNs,
    reserveNs: setting.reserveMs === undefined ? 0 : setting.reserveMs * 1e6,
  })
  const outcome = await new Rounds(made, plan, around).run()
  return { machine, outcome, seconds: (around.now() - nowNs) / 1e9 }
}

const budget = (limitJ: number) => ({ limitJ, text: `${limitJ} J/op`, source: 'here' })

const first = (energies: readonly BenchEnergy[]): BenchEnergy => {
  const [energy] = energies
  if (energy === undefined) throw new Error('no case was measured')
  return energy
}

const order = async (seed: number) => {
  const { machine } = await measure([{}, {}, {}], { machine: { seed } })
  return machine.blocks.map((block) => block.case).join('')
}

const fails = () => Promise.reject(new Error('always'))

describe('a default measurement', () => {
  test('stands on ten rounds of five samples and finds the energy of the work', async () => {
    const { outcome, machine, seconds } = await measure([{}], { machine: { drift: 0 } })
    const energy = first(outcome.energies)
    expect(energy).toMatchObject({ state: 'measured', rounds: 10, stoppedBy: 'precision' })
    expect(energy.samples).toBeGreaterThanOrEqual(45)
    expect(energy.samples).toBeLessThanOrEqual(60)
    expect(energy.energyPerOpJ).toBeGreaterThan(3.4e-5 * 0.985)
    expect(energy.energyPerOpJ).toBeLessThan(3.4e-5 * 1.015)
    expect(energy.timePerOpNs).toBeCloseTo(10_000, 3)
    expect(machine.blocks).toHaveLength(11)
    expect(seconds).toBeLessThan(11)
  })

  test('of two cases takes less than 22 s', async () => {
    const { seconds } = await measure([{}, {}], { machine: { sampleSeconds: 0.112 } })
    expect(seconds).toBeLessThan(22)
  })

  test('has every case once in every round, in changing order', async () => {
    const { machine } = await measure([{}, {}, {}])
    const orders = Map.groupBy(machine.blocks, ({ round }) => round)
    const rounds = [...orders.values()].map((blocks) => blocks.map((block) => block.case))
    for (const round of rounds) expect(round.toSorted((a, b) => a - b)).toEqual([0, 1, 2])
    expect(new Set(rounds.map(String)).size).toBeGreaterThan(2)
  })

  test('takes the same orders with the same seed', async () => {
    expect(await order(7)).toBe(await order(7))
    expect(await order(7)).not.toBe(await order(8))
  })

  test('tells of its progress', async () => {
    const { machine } = await measure([{}])
    expect(machine.progress).toHaveLength(11)
    expect(machine.progress.slice(0, 2)).toEqual([null, null])
    expect(machine.progress.at(-1)).toBeLessThan(0.02)
  })

  test('of an idle function is below resolution', async () => {
    const { outcome } = await measure([{ watts: 0 }])
    expect(first(outcome.energies).state).toBe('below-resolution')
  })
})

describe('the length', () => {
  test('grows until the precision is reached', async () => {
    const { outcome } = await measure([{}], { plan: { precision: 0.008, maxTimeMs: 60_000 } })
    const energy = first(outcome.energies)
    expect(energy.stoppedBy).toBe('precision')
    expect(energy.rounds).toBeGreaterThan(10)
    expect((energy.highJ ?? 0) / (energy.energyPerOpJ ?? 1) - 1).toBeLessThan(0.009)
  })

  test('ends with `maxTime`, counted per case', async () => {
    const plan = { precision: 1e-9 }
    const one = await measure([{}], { plan })
    expect(first(one.outcome.energies)).toMatchObject({ state: 'measured', stoppedBy: 'maxTime' })
    expect(one.seconds).toBeLessThan(16)
    const two = await measure([{}, {}], { plan })
    expect(two.seconds).toBeGreaterThan(25)
    expect(two.seconds).toBeLessThan(31)
  })

  test('is rough, and says why, where `maxTime` leaves no time for the rounds', async () => {
    const { outcome } = await measure([{}], { plan: { maxTimeMs: 5000 } })
    const { state, reason, rounds, stoppedBy } = first(outcome.energies)
    expect(stoppedBy).toBe('maxTime')
    expect(rounds).toBeLessThan(10)
    expect({ state, reason }).toEqual({
      state: 'rough',
      reason: `${rounds} of 10 rounds: \`bench.maxTime\` was up`,
    })
  })

  test("keeps within 80 % of what is left of the test's timeout, and says which would do", async () => {
    const { outcome, seconds } = await measure([{}, {}], { timeoutMs: 10_000 })
    expect(seconds).toBeLessThan(8)
    const energy = first(outcome.energies)
    expect(energy.stoppedBy).toBe('timeout')
    expect(energy.reason).toMatch(/timeout leaves no time for more; `timeout: 25000` would$/)
  })

  test('leaves a reserve for what comes after', async () => {
    const { outcome, seconds } = await measure([{}], { timeoutMs: 20_000, reserveMs: 15_000 })
    expect(seconds).toBeLessThan(5)
    expect(first(outcome.energies).reason).toMatch(/`timeout: 25000` would$/)
  })

  test('that would do does', async () => {
    const { outcome } = await measure([{}, {}], { timeoutMs: 25_000 })
    expect(first(outcome.energies)).toMatchObject({ state: 'measured', stoppedBy: 'precision' })
  })

  test('of a timeout too short for three rounds is none: the function is not called', async () => {
    const { outcome, machine } = await measure([{}], { timeoutMs: 1500 })
    expect(machine.truth.size).toBe(0)
    expect(first(outcome.energies)).toMatchObject({ rounds: 0, stoppedBy: 'timeout' })
    expect(first(outcome.energies).reason).toMatch(/^0 of 10 rounds: /)
  })

  test('with an operation too slow for `maxTime` is none, and says how slow it is', async () => {
    const { outcome, machine } = await measure([{ opSeconds: 20 }])
    expect(machine.truth.size).toBe(0)
    expect(first(outcome.energies).reason).toBe(
      '0 of 10 rounds: `bench.maxTime` was up, one operation takes 20.0 s',
    )
  })

  test('of a block is one operation where that is longer than five samples', async () => {
    const { outcome } = await measure([{ opSeconds: 1.5 }], { plan: { maxTimeMs: 40_000 } })
    expect(first(outcome.energies)).toMatchObject({ state: 'measured', rounds: 10, ops: 10 })
  })

  test('of a quick look is three rounds of three samples', async () => {
    const { outcome, machine, seconds } = await measure([{}], { plan: quick })
    expect(first(outcome.energies)).toMatchObject({ state: 'rough', rounds: 3, stoppedBy: 'quick' })
    expect(machine.blocks).toHaveLength(4)
    expect(seconds).toBeLessThan(4)
  })
})

describe('the reserve', () => {
  test('is for eight more benches, but for no more than half of the time', () => {
    expect(reserveFor(1, 0, 100)).toBe(8)
    expect(reserveFor(1, 1, 10)).toBe(5)
    expect(reserveFor(1, 1, Number.POSITIVE_INFINITY)).toBe(8)
  })

  test('is for twenty more from the third bench of a test on', () => {
    expect(reserveFor(1, 2, 10)).toBe(20)
  })
})

describe('a budget', () => {
  test('far away stops nothing', async () => {
    const { outcome } = await measure([{ budget: budget(1) }])
    expect(first(outcome.energies)).toMatchObject({ rounds: 10, stoppedBy: 'precision' })
    expect(first(outcome.energies).budget).toMatchObject({ verdict: 'within', reason: null })
  })

  test('close by keeps the rounds going until it is clear', async () => {
    const near = { budget: budget(3.4e-5 * 1.012) }
    const { outcome } = await measure([near], {
      machine: { drift: 0 },
      plan: { maxTimeMs: 60_000 },
    })
    const energy = first(outcome.energies)
    expect(energy.rounds).toBeGreaterThan(10)
    expect(energy).toMatchObject({ stoppedBy: 'budget', budget: { verdict: 'within' } })
  })

  test('too close to call ends after thirty rounds', async () => {
    const { outcome } = await measure([{ budget: budget(3.4e-5) }], {
      machine: { drift: 0 },
      plan: { maxTimeMs: 60_000 },
    })
    expect(first(outcome.energies)).toMatchObject({
      rounds: 30,
      stoppedBy: 'rounds',
      budget: { verdict: 'inconclusive' },
    })
  })

  test('far exceeded is over', async () => {
    const { outcome } = await measure([{ budget: budget(1e-5) }])
    expect(first(outcome.energies).budget?.verdict).toBe('over')
  })
})

describe('what goes wrong', () => {
  test('other programs: the round is dropped and repeated', async () => {
    const bursts = { burstsPerSecond: 0.2, burstsUseCpu: true, seed: 3 }
    const { outcome, machine } = await measure([{}], {
      machine: bursts,
      plan: { maxTimeMs: 60_000 },
    })
    const energy = first(outcome.energies)
    expect(energy).toMatchObject({ state: 'measured', stoppedBy: 'precision' })
    expect(machine.blocks.length).toBeGreaterThan(energy.rounds + 1)
    expect((energy.energyPerOpJ ?? 0) / 3.4e-5).toBeCloseTo(1.01, 1)
  })

  test('a function that throws in round 3: the other case keeps its rounds', async () => {
    let calls = 0
    const { outcome } = await measure([
      {},
      {
        work: () => {
          calls += 1
          return calls === 3 ? Promise.reject(new Error('third')) : Promise.resolve(1)
        },
      },
    ])
    expect([...outcome.errors.values()]).toEqual([new Error('third')])
    expect(outcome.energies[0]).toMatchObject({ state: 'measured', rounds: 10 })
  })

  test('all functions throw: it ends', async () => {
    const { outcome, machine } = await measure([{ work: fails }, { work: fails }])
    expect(outcome.errors.size).toBe(2)
    expect(machine.blocks).toEqual([])
  })

  test('a hook that throws is an error of its case', async () => {
    const { outcome } = await measure([
      { prepare: () => Promise.reject(new Error('prepare')) },
      { finish: () => Promise.reject(new Error('finish')) },
      {},
    ])
    expect(new Set(outcome.errors.keys())).toEqual(new Set([0, 1]))
    expect(outcome.energies[2]?.state).toBe('measured')
  })

  test('a case whose own signal is aborted does not keep the others waiting', async () => {
    const { outcome } = await measure([{}, { work: () => Promise.resolve(0) }])
    expect(outcome.energies[0]).toMatchObject({ state: 'measured', stoppedBy: 'precision' })
    expect(outcome.energies[1]).toMatchObject({ rounds: 0, energyPerOpJ: null })
  })

  test('an abort in mid-round: what was measured is kept', async () => {
    const { outcome, seconds } = await measure([{}, {}], {
      change: (machine) => {
        machine.abortAfter = 9
      },
    })
    expect(seconds).toBeLessThan(11)
    const energy = first(outcome.energies)
    expect(energy).toMatchObject({ state: 'rough', stoppedBy: 'aborted' })
    expect(energy.reason).toMatch(/^\d of 10 rounds: the test was stopped$/)
    expect(energy.energyPerOpJ).toBeGreaterThan(3e-5)
  })

  test('the meter dies: what was measured is kept, with the reason', async () => {
    const { outcome } = await measure([{}], {
      change: (machine) => {
        machine.meterEndsAt = 1008
      },
    })
    const energy = first(outcome.energies)
    expect(energy.state).toBe('rough')
    expect(energy.reason).toMatch(/the meter ended$/)
    expect(energy.rounds).toBeGreaterThan(2)
  })
})

describe('slow counters', () => {
  test('cost time, not truth', async () => {
    const machine = new SimulatedMachine({ seed: 1, drift: 0, cadenceSeconds: 2 })
    const around = machine.surroundings()
    around.samples = () => mergePublications(machine.samples).samples
    around.machineCpuMs = () => null
    const one = machine.simulatedCase('slow', { watts: 3.4, opSeconds: 1e-5, at: 0 })
    const nowNs = around.now()
    const plan = planRounds({
      options: { ...defaults, maxTimeMs: 60_000 },
      sampleNs: 2.11e9 as Nanoseconds,
      slow: true,
      opNs: [one.opNs],
      nowNs,
      timeoutNs: Number.POSITIVE_INFINITY,
      startNs: nowNs,
      reserveNs: 0,
    })
    const { energies } = await new Rounds([one], plan, around).run()
    expect(first(energies)).toMatchObject({ state: 'measured', rounds: 10, stoppedBy: 'precision' })
    expect((first(energies).energyPerOpJ ?? 0) / 3.4e-5).toBeCloseTo(1, 1)
    expect((around.now() - nowNs) / 1e9).toBeLessThan(60)
  })
})

describe('the figures', () => {
  test('are within 0.8 % RMS, and the truth lies in their intervals', async () => {
    const { rms, coverage } = await accuracyOf({}, 60, true)
    expect(rms).toBeLessThan(0.008)
    expect(coverage).toBeGreaterThan(0.88)
  })

  test('are within 1.2 % RMS with bursts of background', async () => {
    const { rms } = await accuracyOf({ burstsPerSecond: 1 / 15 }, 60, true)
    expect(rms).toBeLessThan(0.012)
  })

  test('tell a case that is 5 % dearer', async () => {
    const { outcome } = await compare([3.4, 3.57], { seed: 5 })
    expect(outcome.comparisons[0]).toMatchObject({ different: true })
    expect(outcome.comparisons[0]?.ratio).toBeCloseTo(1.05, 1)
  })
})

describe('hooks', () => {
  test('run before and after each block, never inside another', async () => {
    const calls: string[] = []
    const hooked = (name: string) => ({
      prepare: () => {
        calls.push(`+${name}`)
        return Promise.resolve()
      },
      finish: () => {
        calls.push(`-${name}`)
        return Promise.resolve()
      },
    })
    await measure([hooked('a'), hooked('b')], { plan: quick })
    expect(calls).toHaveLength(16)
    for (let at = 0; at < calls.length; at += 2) {
      expect(calls[at]?.slice(1)).toBe(calls[at + 1]?.slice(1))
      expect(`${calls[at]?.[0]}${calls[at + 1]?.[0]}`).toBe('+-')
    }
  })

  test('that are work do not count as the work', async () => {
    const machines: SimulatedMachine[] = []
    const costly = () => {
      machines[0]?.spend(0.5, 10)
      return Promise.resolve()
    }
    const { outcome } = await measure([{ prepare: costly, finish: costly }], {
      machine: { drift: 0 },
      plan: { maxTimeMs: 60_000 },
      change: (machine) => void machines.push(machine),
    })
    const energy = first(outcome.energies)
    expect(energy.state).toBe('measured')
    expect((energy.energyPerOpJ ?? 0) / 3.4e-5).toBeCloseTo(1, 1)
  })
})
