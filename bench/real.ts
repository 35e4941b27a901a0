import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { readJournal } from '../src/journal.ts'
import { RunState } from '../src/run-state.ts'
import { restW, runAnnouncedIn, writeAnnounced } from '../test/e2e/scripted-run.ts'
import { configWith, removeProject } from '../test/e2e/vitest-run.ts'
import type { VitestRun } from '../test/e2e/vitest-run.ts'
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
/** busy CPUs of a test that works: little, since several runs share the machine's cores */
const share = 0.15
/** Vitest runs at once; they mostly wait */
const lanes = 6

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
import { sleep, work } from './power.js'
for (const [index, { watts, ms, busy, pauseMs }] of ${JSON.stringify(plans)}.entries()) {
  describe('t' + index, () => {
    if (pauseMs > 0) beforeAll(() => sleep(pauseMs))
    test('works', () => work(watts, ms, busy))
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

/** Compares what a run's report says with what its tests announced, in the windows of its journal. */
function outcomesOf(run: VitestRun): Outcome[] {
  const state = new RunState()
  for (const line of readJournal(join(run.root, '.vitest/energy/run.jsonl'))) state.take(line)
  const originNs = state.run?.atNs ?? 0
  const script = announcedPower(run.root, originNs)
  const figures = new Map(run.report().tests.map((test) => [test.id, test]))
  return state.windows.map(({ testId, start, end }) => {
    const figure = figures.get(testId)
    if (figure === undefined) throw new Error(`${testId} is in no report`)
    const energyJ = script.energy((start - originNs) / 1e9, (end - originNs) / 1e9)
    return outcomeOf(figure, { start, end, energyJ }, state.samples)
  })
}

async function realRun(one: RealClass, seed: number): Promise<Outcome[]> {
  const random = new Random(seed)
  const plans = Array.from({ length: one.tests }, (_, index) => one.plan(random, index))
  const root = writeAnnounced({
    'vitest.config.js': config + (one.main ?? ''),
    'a.test.js': testFile(plans),
  })
  const meter = { seed, noise: 0.03, counterSkewMs: [-4, 4], jitterMs: 2, ...one.emulator }
  try {
    const run = await runAnnouncedIn(root, { emulator: meter })
    if (run.exitCode !== 0) throw new Error(`${one.name}:\n${run.stdout}\n${run.stderr}`)
    return outcomesOf(run)
  } finally {
    removeProject(root)
  }
}

/** Runs the jobs in their order, so many at once. */
async function inLanes<T>(lanes: number, jobs: readonly (() => Promise<T>)[]): Promise<T[]> {
  const results: T[] = []
  const queue = [...jobs.entries()]
  const work = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const [index, job] = next
      results[index] = await job()
    }
  }
  await Promise.all(Array.from({ length: lanes }, work))
  return results
}

/**
 * The part of the truth bench with the emulator's own process and real Vitest runs, of the package as
 * it was built. It takes more than a minute of real time: `npm run bench:truth -- --real`.
 * @returns lines of a markdown table; the classes are too small to be judged against the targets
 */
export async function realRuns(): Promise<string[]> {
  const jobs = classes.flatMap((one, k) =>
    Array.from({ length: one.runs }, (_, nth) => async () => ({
      one,
      outcomes: await realRun(one, 1 + 100 * k + nth),
    })),
  )
  const done = await inLanes(lanes, jobs)
  const outcomesFor = (one: RealClass): Outcome[] =>
    done.filter((each) => each.one === one).flatMap(({ outcomes }) => outcomes)
  const measured = done
    .flatMap(({ outcomes }) => outcomes)
    .filter(({ state }) => state === 'measured')
  return [
    ...classHead,
    ...classes.map((one) => classRow(one.name, outcomesFor(one))),
    classRow('all that are called measured', measured),
  ]
}
