import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { readJournal } from '../src/journal.ts'
import { RunState } from '../src/run-state.ts'
import { restW, runAnnouncedIn, writeAnnounced } from '../test/e2e/scripted-run.ts'
import { configWith, removeProject } from '../test/e2e/vitest-run.ts'
import { classHead, classRow, outcomeOf } from './outcome.ts'
import type { Outcome } from './outcome.ts'
import { Random, Script } from './simulate.ts'

/** One test of a real run. */
interface Plan {
  watts: number
  ms: number
  /** CPUs that it keeps busy; 0: it waits, as for a child process */
  busy: number
  /** quiet time before it, ms */
  pauseMs: number
}

interface RealClass {
  name: string
  /** Vitest runs, and tests in each */
  runs: number
  tests: number
  plan: (random: Random, index: number) => Plan
  emulator?: object
  /** text that runs in Vitest's own process, where the meter is read */
  main?: string
}

const sampleMs = 112
/** busy CPUs of a test that works: little, since several runs share this machine's cores */
const share = 0.15

const lasting =
  (ms: number, pauseMs = 0, isBusy: (index: number) => boolean = () => true) =>
  (random: Random, index: number): Plan => {
    const work = random.between(0.9, 1.1)
    const watts = Number((work * random.logNormal(4, 0.3)).toFixed(3))
    return { watts, ms, busy: isBusy(index) ? work * share : 0, pauseMs }
  }

/** Keeps Vitest's own process from reading for 10 … 250 ms, at every fifth sample or so. */
const stalls = `
let seed = 1
setInterval(() => {
  seed = (seed * 48271) % 2147483647
  const end = performance.now() + 10 + (240 * seed) / 2147483647
  while (performance.now() < end) {}
}, 540).unref()
`

const damaged = [25, 70, 115, 160].map((record) => ({ kind: 'nul', record, fraction: 0.3 }))

/** The longest runs first: several go on at once. */
const classes: RealClass[] = [
  {
    name: 'counter every 2.1 s, tests of 4 s',
    runs: 3,
    tests: 8,
    plan: lasting(4000),
    emulator: { cadenceMs: [2016, 2226] },
  },
  { name: 'isolated, 1 s', runs: 2, tests: 16, plan: lasting(1000, 800) },
  { name: 'back to back, 10 samples', runs: 2, tests: 18, plan: lasting(10 * sampleMs) },
  { name: 'back to back, 3 samples', runs: 1, tests: 48, plan: lasting(3 * sampleMs) },
  {
    name: 'every second test waits, 5 samples',
    runs: 1,
    tests: 36,
    plan: lasting(5 * sampleMs, 0, (index) => index % 2 === 0),
  },
  {
    name: 'late reads, 5 samples',
    runs: 1,
    tests: 36,
    plan: lasting(5 * sampleMs),
    emulator: { lateReads: { probability: 0.1, maxMs: 50 } },
  },
  {
    name: 'stalls of the reader, 5 samples',
    runs: 1,
    tests: 36,
    plan: lasting(5 * sampleMs),
    main: stalls,
  },
  {
    name: 'four damaged records, 5 samples',
    runs: 1,
    tests: 36,
    plan: lasting(5 * sampleMs),
    emulator: { faults: damaged },
  },
]

const config = configWith(
  '{ idle: 1500, report: { json: true, journal: true } }',
  '{ maxWorkers: 1, testTimeout: 20_000, hookTimeout: 20_000 }',
)

const testFile = (plans: readonly Plan[]): string => `
import { beforeAll, describe, test } from 'vitest'
import { draw, sleep } from './power.js'
for (const [index, { watts, ms, busy, pauseMs }] of ${JSON.stringify(plans)}.entries()) {
  describe.runIf(true)('t' + index, () => {
    if (pauseMs > 0) beforeAll(() => sleep(pauseMs))
    test('draws', () => draw(watts, ms, busy))
  })
}
`

/** What the tests announced, as power over time from the run's first instant on, s. */
function announcedPower(root: string, originNs: number): Script {
  const lines = readFileSync(join(root, 'power.jsonl'), 'utf8').trim().split('\n')
  const told = lines
    .map((line) => JSON.parse(line) as { atNs: number; cpuW: number })
    .sort((a, b) => a.atNs - b.atNs)
  let before = restW
  const levels = told.map(({ atNs, cpuW }) => {
    const watts = cpuW - before
    before = cpuW
    return { at: (atNs - originNs) / 1e9, watts }
  })
  return new Script([{ at: 0, watts: restW }, ...levels])
}

/** Compares what a run's report says with what its tests announced in the windows of its journal. */
function outcomesIn(root: string): Outcome[] {
  const state = new RunState()
  for (const line of readJournal(join(root, '.vitest/energy/run.jsonl'))) state.take(line)
  const originNs = state.run?.atNs ?? 0
  const script = announcedPower(root, originNs)
  return state.windows.map(({ testId, start, end }) => {
    const energyJ = script.energy((start - originNs) / 1e9, (end - originNs) / 1e9)
    const figure = reported(root).get(testId)
    if (figure === undefined) throw new Error(`${testId} is not in the report of ${root}`)
    return outcomeOf(figure, { start, end, energyJ }, state.samples)
  })
}
