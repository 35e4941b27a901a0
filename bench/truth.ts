import { attribute } from '../src/energy/attribution.ts'
import type { AttributedFigure, AttributionInput } from '../src/energy/attribution.ts'
import { SampleClock } from '../src/energy/clock.ts'
import { idlePowerOf } from '../src/energy/idle.ts'
import type { Sample } from '../src/energy/sample.ts'
import { classHead, classRow, headRows, mean, outcomeOf, percent, row } from './outcome.ts'
import type { Outcome, Target } from './outcome.ts'
import { realRuns } from './real.ts'
import { meter, Random, Script, soundMeter, spanOf, toClock, windowOf } from './simulate.ts'
import type { MeterFlaws, SimulatedTest } from './simulate.ts'
import * as suites from './suites.ts'
import type { Levels, Suite } from './suites.ts'

interface Case {
  name: string
  runs: number
  suite: (random: Random) => Suite
  background?: Background
  flaws?: Partial<MeterFlaws>
  target?: Target
}

type Background = (random: Random, until: number) => Levels

interface Simulated {
  input: AttributionInput
  script: Script
  tests: readonly SimulatedTest[]
}

function simulate(
  random: Random,
  suite: (random: Random) => Suite,
  backgrounds: readonly Background[],
  flaws: Partial<MeterFlaws>,
): Simulated {
  const { tests, levels, end } = suite(random)
  const until = end + 1.5
  const others = [suites.desktop, ...backgrounds].flatMap((make) => make(random, until))
  const script = new Script([...levels, ...others])
  const clock = new SampleClock()
  for (const reading of meter(random, script, until, { ...soundMeter, ...flaws }).readings) {
    clock.add(reading)
  }
  const { samples } = clock
  const windows = random.shuffled(tests.map(windowOf))
  const spans = [spanOf(tests, [suites.watch, end], 0.03 * idleTime(tests, end))]
  const idle = idlePowerOf(samples, windows)
  const input = { samples, windows, spans, idle, hybridCpu: false, intervalMs: 100 }
  return { input, script, tests }
}

function run(random: Random, one: Case): Outcome[] {
  const backgrounds = one.background === undefined ? [] : [one.background]
  const { input, script, tests } = simulate(random, one.suite, backgrounds, one.flaws ?? {})
  const { figures } = attribute(input)
  const outcomes: Outcome[] = []
  const byTest = Map.groupBy(tests, ({ name }) => name)
  for (const test of tests) {
    const last = byTest.get(test.name)?.at(-1)
    if (test !== last) continue
    const figure = figures.get(windowOf(test).id)
    if (figure === undefined) continue
    const energyJ = script.energy(test.start, test.end)
    const truth = { start: toClock(test.start), end: toClock(test.end), energyJ }
    outcomes.push(outcomeOf(figure, truth, input.samples))
  }
  return outcomes
}

const idleTime = (tests: readonly SimulatedTest[], end: number): number =>
  tests.reduce((sum, test) => sum - (test.end - test.start), end - suites.watch)

/** What every class has in common. */
const sized = (
  sizes: readonly number[],
  name: string,
  make: (random: Random, size: number) => Suite,
  more: { targets?: Record<number, Target>; background?: Case['background'] } = {},
): Case[] =>
  sizes.map((size): Case => {
    const target = more.targets?.[size]
    return {
      name: `${name}, ${size} sample${size === 1 ? '' : 's'}`,
      runs: 34,
      suite: (random) => make(random, size),
      ...(target === undefined ? {} : { target }),
      ...(more.background === undefined ? {} : { background: more.background }),
    }
  })

const isolated = (random: Random, size: number): Suite => suites.isolated(random, size, 60)
const backToBack = (random: Random, size: number): Suite => suites.backToBack(random, size, 60)

const cases: Case[] = [
  ...sized([0.1, 0.25, 0.5, 1, 2, 3, 5], 'isolated', isolated),
  {
    name: 'isolated, 1 s',
    runs: 34,
    suite: (random) => isolated(random, 1 / suites.sample),
    target: { rms: 0.015, bias: 0.005, coverage: 0.93 },
  },
  ...sized([20], 'isolated', isolated),
  ...sized([0.1, 0.25, 0.5, 1, 2, 3, 5, 10, 20], 'back to back', backToBack, {
    targets: { 3: { rms: 0.03, coverage: 0.93 }, 10: { rms: 0.013, coverage: 0.93 } },
  }),
  ...sized([3, 10], 'power varies inside', (random, size) => suites.varying(random, size, 60), {
    targets: { 3: { rms: 0.04, coverage: 0.93 }, 10: { rms: 0.017, coverage: 0.93 } },
  }),
  {
    name: 'varying power, mixed lengths',
    runs: 34,
    suite: (random) => suites.mixed(random, 60),
    target: { coverage: 0.88 },
  },
  ...[1, 10, 30].map((times): Case => ({
    name: `5 … 50 ms, shuffled, ${times} ×`,
    runs: 10,
    suite: (random) => suites.repeated(random, 200, times),
  })),
  ...sized([3, 10], 'waiting for a child process', (random, size) =>
    suites.waiting(random, size, 60),
  ),
  ...sized([3, 10], 'busy background', backToBack, { background: suites.busyBackground }),
  {
    name: 'drift of 200 ppm, 5 samples',
    runs: 4,
    suite: (random) => suites.backToBack(random, 5, 600),
    flaws: { drift: 200e-6 },
  },
  ...[
    { name: 'stalls of the reader, 5 samples', flaws: { stalls: 0.2 } },
    { name: 'lost records, 5 samples', flaws: { drops: 0.005 } },
  ].map(({ name, flaws }): Case => ({
    name,
    runs: 34,
    suite: (random) => backToBack(random, 5),
    flaws,
  })),
  ...[10, 1].map((seconds): Case => ({
    name: `counter every 2.1 s, tests of ${seconds} s`,
    runs: 34,
    suite: (random) => backToBack(random, seconds / suites.sample),
    flaws: { cadence: 2.1 },
  })),
]

const print = (line: string): void => console.log(line)

function printClasses(only: string): void {
  for (const line of classHead) print(line)
  const all: Outcome[] = []
  for (const [k, one] of cases.entries()) {
    if (!one.name.includes(only)) continue
    const random = new Random(1000 + k)
    const outcomes = Array.from({ length: one.runs }, () => run(random, one)).flat()
    print(classRow(one.name, outcomes, one.target))
    all.push(...outcomes)
  }
  const measured = all.filter(({ state }) => state === 'measured')
  print(classRow('all that are called measured', measured, { coverage: 0.94 }))
  const off = measured.filter(({ error }) => Math.abs(error) > 0.25).length
  console.log(`\nMeasured, but off by more than 25 %: ${off} of ${measured.length}.`)
}

/** How far the ends of samples are from where they were, beyond the tool's own delay of 1 ms. */
function printPlacement(): void {
  console.log()
  const head = ['placement of samples', 'samples', '95 % within', '99 % within', 'in doubt']
  for (const line of headRows(head)) print(line)
  const runs: [name: string, seconds: number, count: number, flaws: Partial<MeterFlaws>][] = [
    ['10 s, late reads', 10, 60, {}],
    ['1 min, late reads, lost records', 60, 60, { drops: 0.002 }],
    ['10 min, late reads, lost records', 600, 12, { drops: 0.002 }],
    ['10 min, stalls on every fifth read', 600, 12, { drops: 0.002, stalls: 0.2 }],
  ]
  for (const [name, seconds, count, flaws] of runs) {
    const random = new Random(7)
    const [errors, all] = [[] as number[], [] as boolean[]]
    for (let k = 0; k < count; k += 1) {
      const script = new Script([{ at: 0, watts: 1 }])
      const { readings, ends } = meter(random, script, seconds, { ...soundMeter, ...flaws })
      const clock = new SampleClock()
      for (const reading of readings) clock.add(reading)
      for (const { index, end, certain } of clock.samples) {
        all.push(certain)
        if (certain) errors.push(Math.abs(end - (ends[index] ?? 0) - 1e6) / 1e6)
      }
    }
    errors.sort((a, b) => a - b)
    const within = (share: number): string =>
      `${(errors[Math.floor(share * (errors.length - 1))] ?? Number.NaN).toFixed(2)} ms`
    const doubt = percent(mean(all.map((certain) => (certain ? 0 : 1))))
    print(row([name, String(all.length), within(0.95), within(0.99), doubt]))
  }
}

/** Ten thousand tests at once. */
function printCost(): void {
  console.log()
  const head = ['10,000 tests', 'samples', 'attributed in', 'most given of a sample']
  for (const line of headRows(head)) print(line)
  const runs: [name: string, make: (random: Random) => Suite][] = [
    ['of 0.3 samples', (random) => suites.backToBack(random, 0.3, 10_000)],
    ['of 3 samples', (random) => suites.backToBack(random, 3, 10_000)],
    ['200 tests, 50 × shuffled', (random) => suites.repeated(random, 200, 50)],
  ]
  for (const [name, make] of runs) {
    const { input } = simulate(new Random(3), make, [], {})
    const start = performance.now()
    const { figures } = attribute(input)
    const time = `${(performance.now() - start).toFixed(0)} ms`
    const most = percent(mostGiven(input.samples, figures), 9)
    print(row([name, String(input.samples.length), time, most]))
  }
  const peak = process.resourceUsage().maxRSS / 1000
  console.log(`\nPeak memory of this whole bench: ${peak.toFixed(0)} MB.`)
}

/** The largest part of a sample's energy that windows were given: at most all of it. */
function mostGiven(
  samples: readonly Sample[],
  figures: ReadonlyMap<string, AttributedFigure>,
): number {
  const given = new Map<number, number>()
  for (const { shares } of figures.values()) {
    for (const [index, { cpu = 0 }] of shares) given.set(index, (given.get(index) ?? 0) + cpu)
  }
  const parts = samples.map(({ index, energy }) => (given.get(index) ?? 0) / (energy?.cpu ?? 1))
  return parts.reduce((most, part) => Math.max(most, part), 0)
}

console.log('Simulated meter: samples of 112 ms, 3 % white noise, counters read ± 4 ms off time.\n')
const asked = process.argv.slice(2).find((argument) => !argument.startsWith('--')) ?? ''
printClasses(asked)
printPlacement()
printCost()
if (process.argv.includes('--real')) {
  console.log(
    '\nReal Vitest runs, read from the emulator’s process through a pipe; the same flaws.\n',
  )
  for (const line of await realRuns()) print(line)
}
