import { describe, expect, test } from 'vitest'
import {
  benchEnergy,
  clearOfBudget,
  compareCases,
  computeRounds,
  noBenchEnergy,
  relativeHalfWidth,
} from '../../src/energy/bench.ts'
import type { CaseFacts, Circumstances } from '../../src/energy/bench.ts'
import { compareAll } from '../../src/energy/comparison.ts'
import { disturbedRounds, measureBlocks } from '../../src/energy/round.ts'
import type { Block, Evidence } from '../../src/energy/round.ts'
import type { Sample } from '../../src/energy/sample.ts'
import type { Joules, Nanoseconds } from '../../src/units.ts'

const ns = (ms: number) => (ms * 1e6) as Nanoseconds

/** Samples of 100 ms with these energies, J, from 0 on. */
const samplesOf = (...energies: (number | null)[]): Sample[] =>
  energies.map((energy, index) => ({
    index,
    start: ns(index * 100),
    end: ns((index + 1) * 100),
    energy: energy === null ? null : { cpu: energy as Joules, gpu: 0 as Joules },
    segment: 0,
    certain: true,
  }))

const evidenceOf = (
  samples: Sample[],
  blocks: Block[],
  rest: Partial<Evidence> = {},
): Evidence => ({
  samples,
  blocks,
  watched: [],
  machineCpuMs: () => null,
  workerApart: true,
  ...rest,
})

/** A block of 200 ms from `at` on, ms, with 300 ms of quiet on either side. */
const blockAt = (at: number, rest: Partial<Block> = {}): Block => ({
  case: 0,
  round: 0,
  quietFrom: ns(at - 300),
  start: ns(at),
  end: ns(at + 200),
  quietUntil: ns(at + 500),
  ops: 10,
  cpuMs: null,
  ...rest,
})

const facts: CaseFacts = { name: 'a', budget: null, hooksIncluded: false, units: null }

const usual: Circumstances = {
  stoppedBy: 'precision',
  roundsNeeded: 2,
  quick: false,
  shortage: null,
  meterEnded: null,
}

/** Rounds of 800 ms: quiet, a block of 200 ms that draws `work` J in all, quiet. */
function roundsOf(work: readonly number[], idle = 0.1): { samples: Sample[]; blocks: Block[] } {
  const energies = work.flatMap((joules) => {
    const busy = joules / 2 + idle
    return [idle, idle, idle, busy, busy, idle, idle, idle]
  })
  const blocks = work.map((_, round) => blockAt(round * 800 + 300, { round }))
  return { samples: samplesOf(...energies), blocks }
}

const figure = (
  work: readonly number[],
  how: Partial<Circumstances> = {},
  change: (block: Block) => Partial<Block> = () => ({}),
) => {
  const { samples, blocks } = roundsOf(work)
  const changed = blocks.map((block) => Object.assign(block, change(block)))
  const soFar = computeRounds([facts], evidenceOf(samples, changed))
  const [one] = soFar.cases
  return benchEnergy(one as NonNullable<typeof one>, soFar, { ...usual, ...how })
}

const cores = (values: readonly number[]) =>
  values.map((otherCores, round) => ({
    block: blockAt(0, { round }),
    grossJ: 1,
    domainsJ: {},
    seconds: 1,
    samples: 5,
    otherCores,
  }))

const series = (name: string, values: readonly number[]) => ({
  name,
  rounds: new Map(values.map((value, round) => [round + 1, value])),
  idleSlope: 0,
})

/** 50 ms of CPU time in each sample of round 2, 1 ms in all others. */
const busyInRound2 = (index: number) => (Math.floor(index / 8) === 2 ? 50 : 1)

const width = ({ low = 0, high = 0 }: { low?: number; high?: number } = {}) => high / low

const noisy = (scale: number, seed: number) =>
  Array.from({ length: 10 }, (_, at) => scale * (1 + 0.02 * Math.sin(seed * 7 + at * 3)))

describe('the energy of a block', () => {
  test('is that of all samples that touch it and of the one after them', () => {
    const { blocks } = measureBlocks(
      evidenceOf(samplesOf(1, 1, 1, 8, 8, 4, 1, 1), [blockAt(310, { end: ns(490) })]),
    )
    expect(blocks[0]).toMatchObject({ grossJ: 8 + 8 + 4, samples: 2 })
    expect(blocks[0]?.seconds).toBeCloseTo(0.3, 12)
  })

  test('is kept whole where a sample ends a few milliseconds before it begins', () => {
    // the sample may be placed a little early: the work may have begun in it
    const { blocks } = measureBlocks(evidenceOf(samplesOf(1, 1, 2, 8, 8, 1, 1, 1), [blockAt(304)]))
    expect(blocks[0]?.grossJ).toBe(2 + 8 + 8 + 1 + 1)
  })

  test('is unknown where a sample is damaged', () => {
    const block = blockAt(300)
    const damaged = measureBlocks(evidenceOf(samplesOf(1, 1, 1, 8, null, 1, 1, 1), [block]))
    expect(damaged.blocks).toEqual([])
    expect(damaged.unusable).toEqual([block])
  })

  test('is unknown where one long sample covers what comes after, too', () => {
    const samples = samplesOf(1, 1, 1, 8)
    samples.push({ ...(samples[0] as Sample), index: 4, start: ns(400), end: ns(1400) })
    expect(measureBlocks(evidenceOf(samples, [blockAt(300)])).blocks).toEqual([])
  })

  test('is unknown as long as the samples do not reach its end', () => {
    expect(measureBlocks(evidenceOf(samplesOf(1, 1, 1, 8), [blockAt(300)])).unusable).toHaveLength(
      1,
    )
  })
})

describe('idle power', () => {
  test('is that of the gaps, without the sample after a block', () => {
    const block = blockAt(310, { end: ns(490) })
    const { idle } = measureBlocks(evidenceOf(samplesOf(1, 1, 1, 8, 8, 4, 1, 1), [block]))
    expect(idle?.total.value).toBeCloseTo(10, 12)
    expect(idle?.domains).toEqual({ cpu: expect.closeTo(10, 12) as number, gpu: 0 })
  })

  test('does not feel a burst in the watch', () => {
    const { samples, blocks } = roundsOf([2, 2, 2, 2, 2, 2])
    const watch = samplesOf(...Array.from({ length: 110 }, () => 50)).slice(100)
    for (const sample of watch) sample.index += samples.length
    const watched = [{ start: ns(10_000), end: ns(11_000) }]
    const { idle } = measureBlocks(evidenceOf([...samples, ...watch], blocks, { watched }))
    expect(idle?.total.value).toBeCloseTo(1, 12)
  })

  test('is not known without a quiet sample', () => {
    const tight = blockAt(0, { quietFrom: ns(0), end: ns(300), quietUntil: ns(300) })
    expect(measureBlocks(evidenceOf(samplesOf(5, 5, 5), [tight])).idle).toBeNull()
  })
})

describe('the figure of a case', () => {
  test('is the net energy of one operation, the first round left out', () => {
    const { samples, blocks } = roundsOf([90, 2, 2, 2])
    const soFar = computeRounds([facts], evidenceOf(samples, blocks))
    const [one] = soFar.cases
    const energy = benchEnergy(one as NonNullable<typeof one>, soFar, usual)
    // 2 J in 10 operations and 200 ms
    expect(energy).toMatchObject({ state: 'measured', rounds: 3, samples: 6, ops: 30 })
    expect(energy.energyPerOpJ).toBeCloseTo(0.2, 12)
    expect(energy.timePerOpNs).toBeCloseTo(2e7, 6)
    expect(energy.powerW).toBeCloseTo(10, 9)
    // 0.1 J in each quiet sample of 100 ms
    expect(energy.idlePowerW).toBeCloseTo(1, 9)
    expect(energy.opsPerJ).toBeCloseTo(5, 9)
    expect(energy.edpJs).toBeCloseTo(0.2 * 0.02, 12)
    expect(energy.domainsPerOpJ.cpu).toBeCloseTo(0.2, 12)
    expect(energy.domainsPerOpJ.gpu).toBe(0)
  })

  test('carries the uncertainty of idle power', () => {
    const quiet = roundsOf([2, 2, 2, 2, 2, 2])
    const moved = quiet.samples.map((sample, at) =>
      at % 16 < 2 ? { ...sample, energy: { cpu: 0.11 as Joules, gpu: 0 as Joules } } : sample,
    )
    const width = (samples: Sample[]) =>
      relativeHalfWidth(
        computeRounds([facts], evidenceOf(samples, quiet.blocks)).cases[0] as Parameters<
          typeof relativeHalfWidth
        >[0],
      )
    expect(width(moved)).toBeGreaterThan(width(quiet.samples) + 0.001)
  })

  test('has joules per unit where the operation has units of work', () => {
    const { samples, blocks } = roundsOf([2, 2, 2, 2])
    const soFar = computeRounds([{ ...facts, units: 4 }], evidenceOf(samples, blocks))
    const [one] = soFar.cases
    const energy = benchEnergy(one as NonNullable<typeof one>, soFar, usual)
    expect(energy.units).toBe(4)
    expect(energy.energyPerUnitJ).toBeCloseTo(0.05, 12)
  })

  test('is rough with fewer rounds than asked for, and says why', () => {
    const shortage = '`bench.maxTime` was up'
    expect(figure([2, 2, 2], { roundsNeeded: 10, stoppedBy: 'maxTime', shortage })).toMatchObject({
      state: 'rough',
      reason: '2 of 10 rounds: `bench.maxTime` was up',
      stoppedBy: 'maxTime',
    })
  })

  test('is rough where the rounds differ by more than a tenth', () => {
    expect(figure([2, 2, 1, 3, 2, 4])).toMatchObject({ state: 'rough' })
  })

  test('is below resolution where it draws no more than idle', () => {
    expect(figure([0, 0, 0.01, -0.01, 0]).state).toBe('below-resolution')
  })

  test('is a fault where the meter reads nothing from a busy worker', () => {
    const { blocks } = roundsOf([2, 2, 2])
    const samples = samplesOf(...Array.from({ length: 24 }, () => 0))
    for (const block of blocks) block.cpuMs = 200
    const soFar = computeRounds([facts], evidenceOf(samples, blocks))
    const [one] = soFar.cases
    const energy = benchEnergy(one as NonNullable<typeof one>, soFar, usual)
    expect(energy).toMatchObject({ state: 'fault', energyPerOpJ: null, powerW: null })
  })

  test('is a gap where the meter ended before two rounds', () => {
    expect(figure([2], { roundsNeeded: 10, meterEnded: 'the meter died' })).toMatchObject({
      state: 'gap',
      reason: 'the meter died',
      energyPerOpJ: null,
    })
  })

  test('without a measurement leaves the budget unchecked with the reason', () => {
    const budget = { limitJ: 1, text: '1 J/op', source: 'here' }
    expect(noBenchEnergy('shared', 'others ran', { ...facts, budget }).budget).toEqual({
      ...budget,
      verdict: 'unchecked',
      reason: 'others ran',
    })
  })
})

describe('a round that others disturbed', () => {
  test('stands out by more than a tenth of a core', () => {
    expect(disturbedRounds(cores([0.02, 0.03, 0.5, 0.02, 0.11]))).toEqual(new Set([2]))
  })

  test("is not one in which the case's own child processes work as always", () => {
    expect(disturbedRounds(cores([1, 1.05, 0.98, 1.02]))).toEqual(new Set())
  })

  test('is not one among many on a machine that is never quiet', () => {
    expect(disturbedRounds(cores([0.1, 0.5, 0.3, 0.7, 0.2, 0.6, 0.4]))).toEqual(new Set())
    expect(disturbedRounds(cores([0.1, 0.5, 0.3, 1.9, 0.2, 0.6, 0.4]))).toEqual(new Set([3]))
  })

  test('is dropped for all cases', () => {
    const { samples, blocks } = roundsOf([2, 2, 9, 2, 2])
    const evidence = evidenceOf(samples, blocks, { machineCpuMs: busyInRound2, workerApart: false })
    const soFar = computeRounds([facts], evidence)
    expect(soFar.disturbed).toBe(1)
    expect(soFar.cases[0]?.blocks.map(({ block }) => block.round)).toEqual([1, 3, 4])
    expect(soFar.cases[0]?.estimate?.value).toBeCloseTo(0.2, 12)
  })
})

describe('a budget', () => {
  test('is clear when the interval at 99 % leaves it on one side', () => {
    const { samples, blocks } = roundsOf([2, 1.9, 2.1, 2, 2, 1.95, 2.05])
    const clear = (limitJ: number) => {
      const budget = { limitJ, text: '', source: '' }
      const { cases } = computeRounds([{ ...facts, budget }], evidenceOf(samples, blocks))
      return cases.map(clearOfBudget)
    }
    expect([clear(0.1), clear(0.2), clear(0.3)]).toEqual([[true], [false], [true]])
  })
})

describe('a comparison', () => {
  test('goes by the ratio within each round, so that a common drift does not matter', () => {
    const a = [1, 2, 4, 8]
    const b = [1.5, 3.01, 5.99, 12]
    const [pair] = compareAll([series('a', a), series('b', b)], 0)
    expect(pair).toMatchObject({ a: 'a', b: 'b', different: true })
    expect(pair?.ratio).toBeCloseTo(1.5, 2)
    expect(pair?.low).toBeGreaterThan(1.49)
    expect(pair?.high).toBeLessThan(1.51)
  })

  test('of equal cases includes 1 and calls nothing different', () => {
    const [pair] = compareAll([series('a', [1, 1.1, 1, 1.2]), series('b', [1.1, 1, 1.2, 1])], 0)
    expect(pair).toMatchObject({ different: false })
    expect(pair?.low).toBeLessThan(1)
    expect(pair?.high).toBeGreaterThan(1)
  })

  test('asks more of each pair the more pairs there are', () => {
    const rounds = [1, 1.01, 0.99, 1.005, 1]
    const dearer = rounds.map((value, at) => value * (1.02 + 0.01 * (at % 2)))
    const alone = compareAll([series('a', rounds), series('b', dearer)], 0)
    const others = ['c', 'd', 'e'].map((name) => series(name, rounds.toReversed()))
    const among = compareAll([series('a', rounds), series('b', dearer), ...others], 0)
    const [pair] = among
    expect(alone[0]?.different).toBe(true)
    expect(width(pair)).toBeGreaterThan(width(alone[0]))
  })

  test('a pair is called different exactly when its interval excludes 1', () => {
    const cases = [1, 1.01, 1.03, 1.1, 1].map((scale, at) => series(`${at}`, noisy(scale, at)))
    for (const { low, high, different } of compareAll(cases, 0)) {
      expect(different).toBe(low > 1 || high < 1)
    }
  })

  test('leaves a pair out that has an energy of 0 or less', () => {
    expect(compareAll([series('a', [1, -1]), series('b', [1, 1])], 0)).toEqual([])
  })

  test('is wider when idle power is not well known and bears on one case more', () => {
    const a = { ...series('a', [1, 1.01, 0.99]), idleSlope: -1 }
    const b = { ...series('b', [2, 2.02, 1.99]), idleSlope: -3 }
    const [sure] = compareAll([a, b], 0)
    const [unsure] = compareAll([a, b], 0.1)
    expect(unsure?.high).toBeGreaterThan((sure?.high ?? 0) * 1.1)
  })

  test('comes out of the rounds of two cases', () => {
    const { samples } = roundsOf([2, 4, 2, 4, 2, 4, 2, 4])
    const blocks = Array.from({ length: 8 }, (_, at) =>
      blockAt(at * 800 + 300, { round: Math.floor(at / 2), case: at % 2 }),
    )
    const soFar = computeRounds([facts, { ...facts, name: 'b' }], evidenceOf(samples, blocks))
    const [pair] = compareCases(soFar)
    expect(pair).toMatchObject({ a: 'a', b: 'b', different: true })
    expect(pair?.ratio).toBeCloseTo(2, 9)
  })
})
