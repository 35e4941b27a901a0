import { describe, expect, test } from 'vitest'
import type { BenchLine, BlockLine, JournalLine, ProgressLine } from '../../src/journal.ts'
import { readJournal } from '../../src/journal.ts'
import { configWith, makeProject, runIn, runVitest } from '../e2e/vitest-run.ts'

/**
 * Every option of Vitest's bench API with a given number of calls: what is called, how often, in which
 * order and with which result. Nothing in it depends on time.
 */
const everyOption = `
import { test, afterAll, expect } from 'vitest'
import { existsSync, writeFileSync, readFileSync } from 'node:fs'
const log = {}
const counted = { time: 0, iterations: 6, warmupTime: 0, warmupIterations: 3 }
const attempt = async (name, run) => {
  try { log[name] = await run() } catch (error) {
    const { errors = [] } = error
    log[name] = [error.constructor.name, error.message, ...errors.map((each) => each.message)]
  }
}
const shape = ({ latency, throughput, ...rest }) => ({
  keys: Object.keys(rest).sort(), latency: Object.keys(latency).sort(),
  throughput: Object.keys(throughput).sort(), state: rest.state, name: rest.name,
  clock: rest.timestampProviderName, samples: latency.samplesCount, kept: latency.samples?.length ?? null,
})
const hooks = (calls, name) => ({
  beforeAll(mode) { calls.push(name + ' beforeAll ' + mode + ' ' + this.name) },
  afterAll(mode) { calls.push(name + ' afterAll ' + mode) },
  beforeEach(mode) { calls.push(name + ' beforeEach ' + mode) },
  afterEach(mode) { calls.push(name + ' afterEach ' + mode) },
})
afterAll(() => writeFileSync('log.json', JSON.stringify(log, null, 1)))

test('calls', async ({ bench }) => {
  const calls = []
  await attempt('order', async () => {
    await bench.compare(
      bench('a', hooks(calls, 'a'), () => void calls.push('a')),
      bench('b', hooks(calls, 'b'), async () => void calls.push('b')),
      { ...counted, setup: (task, mode) => void calls.push('setup ' + task.name + mode),
        teardown: (task, mode) => void calls.push('teardown ' + task.name + mode) },
    )
    return calls
  })
  for (const [name, fnOpts, options] of [
    ['plain', {}, {}], ['async', { async: true }, {}], ['sync', { async: false }, {}],
    ['no warmup', {}, { warmup: false }], ['retained', { retainSamples: true }, {}],
    ['all retained', {}, { retainSamples: true }], ['timer', {}, { subtractTimerOverhead: true }],
    ['throws', {}, { throws: true }], ['named', {}, { name: 'a name' }],
    ['task', {}, { concurrency: 'task', threshold: 2 }], ['bench', {}, { concurrency: 'bench' }],
    ['signal', { signal: new AbortController().signal }, { signal: new AbortController().signal }],
  ]) {
    let calls = 0
    await attempt(name, async () => {
      const result = await bench(name, fnOpts, () => { calls += 1 }).run({ ...counted, ...options })
      return [calls, shape(result)]
    })
  }
})
test('errors', async ({ bench }) => {
  const fails = (text) => () => { throw new TypeError(text) }
  await attempt('one error', () => bench('a', fails('one')).run(counted))
  await attempt('no error object', () => bench('a', () => { throw 'text' }).run(counted))
  await attempt('several errors', () => bench.compare(bench('a', fails('one')), bench('b', fails('two')), bench('c', () => 1), counted))
  await attempt('the first only', () => bench.compare(bench('a', fails('one')), bench('b', fails('two')), { ...counted, throws: true }))
  await attempt('same name', () => bench.compare(bench('a', () => 1), bench('a', () => 2), counted))
  await attempt('in a hook', () => bench('a', { beforeEach: fails('hook') }, () => 1).run(counted))
  await attempt('aborted', () => bench('a', () => 1).run({ ...counted, signal: AbortSignal.abort() }))
  await attempt('bad hook', () => bench('a', { beforeEach: 5 }, () => 1).run(counted))
  await attempt('NaN', () => bench('a', () => ({ overriddenDuration: NaN })).run(counted).then(shape))
})
test('stored', async ({ bench }) => {
  await attempt('written', () => bench('a', { writeResult: 'stored.json', perProject: true }, () => 1).run(counted).then(shape))
  log.stored = Object.keys(JSON.parse(readFileSync('stored.json', 'utf8'))).sort()
  await attempt('from', async () => {
    const storage = await bench.compare(bench.from('old', 'stored.json'), bench('new', () => 2), counted)
    return [Object.keys(storage.get('old')).sort(), shape(storage.get('new'))]
  })
})
`

const files = { 'a.bench.mjs': everyOption }

describe('latency', () => {
  test("is that of Vitest's own provider, option by option", { timeout: 60_000 }, async () => {
    const plain = await runVitest(
      { ...files, 'vitest.config.mjs': 'export default {}' },
      { args: ['bench', '--run'], emulator: null },
    )
    expect(plain.exitCode, plain.stderr).toBe(0)
    const expected: unknown = JSON.parse(plain.read('log.json'))
    const metered = await runVitest(
      { ...files, 'vitest.config.mjs': configWith('{}') },
      { args: ['bench', '--run'] },
    )
    expect(JSON.parse(metered.read('log.json'))).toEqual(expected)
    const without = await runVitest(
      { ...files, 'vitest.config.mjs': configWith("{ meter: 'none' }") },
      { args: ['bench', '--run'], emulator: null },
    )
    expect(JSON.parse(without.read('log.json'))).toEqual(expected)
  })
})

/** A power meter to speak to: \`work\` draws 3 W for 20 ms of one core's time. */
const workFile = `
import { appendFileSync } from 'node:fs'
const power = (cpuW) => appendFileSync('power.jsonl', JSON.stringify({ atNs: Number(process.hrtime.bigint()), cpuW }) + '\\n')
export const spent = []
export const work = () => {
  power(3.05)
  const start = performance.now()
  while (performance.now() - start < 20);
  power(0.05)
}
`

const quickBench =
  '{ bench: { rounds: 4, samplesPerBlock: 3, precision: 0.4, maxTime: 15_000 }, report: { json: true, journal: true }'

async function journalOf(
  bench: string,
  options = `${quickBench} }`,
): Promise<{
  lines: JournalLine[]
  run: Awaited<ReturnType<typeof runIn>>
}> {
  const root = makeProject({
    'work.mjs': workFile,
    'a.bench.mjs': bench,
    'vitest.config.mjs': configWith(options),
  })
  const emulator = {
    shape: 'm3max',
    power: { mode: 'script', cpuW: 0.05, file: `${root}/power.jsonl` },
  }
  const run = await runIn(root, { args: ['bench', '--run'], emulator })
  if (!run.exists('.vitest/energy/bench.jsonl')) throw new Error(run.stderr + run.stdout)
  return { lines: readJournal(`${root}/.vitest/energy/bench.jsonl`), run }
}

const ofType = <Type extends JournalLine['type']>(lines: readonly JournalLine[], type: Type) =>
  lines.filter((line): line is Extract<JournalLine, { type: Type }> => line.type === type)

describe('energy', () => {
  test(
    'of an operation is what it draws, in every place it is said',
    { timeout: 60_000 },
    async () => {
      const { lines, run } = await journalOf(`
      import { test, expect } from 'vitest'
      import { writeFileSync } from 'node:fs'
      import { work } from './work.mjs'
      test('suite', async ({ bench }) => {
        const result = await bench('20 ms', { writeResult: 'stored.json' }, work).run({ time: 60, iterations: 3, warmup: false })
        expect(result.latency.energy).toBe(result.energy)
        writeFileSync('result.json', JSON.stringify(result.energy))
      })
    `)
      expect(run.exitCode, run.stderr).toBe(0)
      const energy = JSON.parse(run.read('result.json')) as BenchLine['cases'][0]['energy']
      // 3 W above idle for 20 ms and what writing takes
      const expected = (3 * (energy.timePerOpNs ?? 0)) / 1e9
      expect(energy.rounds).toBeGreaterThan(1)
      expect(energy.energyPerOpJ).toBeGreaterThan(expected * 0.95)
      expect(energy.energyPerOpJ).toBeLessThan(expected * 1.05)
      const [line] = ofType(lines, 'bench')
      expect(line).toMatchObject({ index: 0, file: 'a.bench.mjs', comparisons: [] })
      expect(line?.cases).toEqual([{ name: '20 ms', energy }])
      const stored = JSON.parse(run.read('stored.json')) as { latency: { energy: unknown } }
      expect(stored.latency.energy).toEqual(energy)
      expect(run.report('bench').benches[0]).toMatchObject({ energyPerOpJ: energy.energyPerOpJ })
    },
  )

  test('comes in blocks by rounds, with progress', { timeout: 60_000 }, async () => {
    const { lines, run } = await journalOf(`
      import { test } from 'vitest'
      import { work } from './work.mjs'
      test('suite', async ({ bench }) => {
        await bench.compare(bench('a', work), bench('b', { energy: false }, work), bench('c', work),
          { time: 60, iterations: 3, warmup: false })
      })
    `)
    expect(run.exitCode, run.stderr).toBe(0)
    const blocks: BlockLine[] = ofType(lines, 'block')
    const rounds = Map.groupBy(blocks, ({ round }) => round)
    expect(rounds.size).toBeGreaterThan(4)
    for (const [, group] of rounds) {
      expect(group.map(({ name }) => name).toSorted()).toEqual(['a', 'c'])
    }
    const progress: ProgressLine[] = ofType(lines, 'progress')
    expect(progress.map(({ round }) => round)).toEqual(progress.map((_, at) => at))
    const [line] = ofType(lines, 'bench')
    expect(line?.cases.map(({ name }) => name)).toEqual(['a', 'c'])
    expect(line?.comparisons).toHaveLength(1)
  })

  test(
    'over its budget fails the test after its table, all cases in one error',
    { timeout: 60_000 },
    async () => {
      const { lines, run } = await journalOf(
        `
      import { test } from 'vitest'
      import { work } from './work.mjs'
      test('suite', async ({ bench }) => {
        await bench.compare(bench('a', { energyBudget: '1 mJ/op' }, work), bench('b', work), bench('c', { energyBudget: '1 J/op' }, work),
          { time: 60, iterations: 3, warmup: false })
      })
      `,
        `${quickBench}, budgets: { 'a.bench.mjs > suite > *': '2 mJ/op' } }`,
      )
      expect(run.exitCode).toBe(1)
      const [line] = ofType(lines, 'bench')
      expect(line?.cases.map(({ energy }) => energy.budget?.verdict)).toEqual([
        'over',
        'over',
        'within',
      ])
      expect(run.stderr).toContain('EnergyBudgetError')
      expect(run.stderr).toContain("energyBudget of bench('a')")
      expect(run.stderr).toContain("budgets['a.bench.mjs > suite > *']")
      expect(run.stdout).toContain('energy/op')
    },
  )

  test(
    'of a case that throws in the middle is not there, those of others are kept',
    { timeout: 60_000 },
    async () => {
      const { lines, run } = await journalOf(`
      import { test } from 'vitest'
      import { work } from './work.mjs'
      const began = performance.now()
      test('suite', async ({ bench }) => {
        await bench.compare(bench('good', work),
          bench('bad', () => { work(); if (performance.now() - began > 3000) throw new Error('later') }),
          { time: 60, iterations: 3, warmup: false })
      })
    `)
      expect(run.exitCode).toBe(1)
      expect(run.stderr).toContain('Error: later')
      const [line] = ofType(lines, 'bench')
      expect(line?.cases.map(({ name }) => name)).toEqual(['good'])
      expect(line?.cases[0]?.energy.energyPerOpJ).toBeGreaterThan(0)
    },
  )

  test('is not asked of cases that ran at the same time', { timeout: 60_000 }, async () => {
    const { lines, run } = await journalOf(`
      import { test } from 'vitest'
      import { work } from './work.mjs'
      test('suite', async ({ bench }) => {
        await bench.compare(bench('a', work), bench('b', work), { time: 60, iterations: 3, warmup: false, concurrency: 'bench' })
      })
    `)
    expect(run.exitCode, run.stderr).toBe(0)
    expect(ofType(lines, 'block')).toEqual([])
    const [line] = ofType(lines, 'bench')
    expect(line?.cases.map(({ energy }) => energy.state)).toEqual(['shared', 'shared'])
  })

  test(
    'is refused a budget or units that cannot be, before anything runs',
    { timeout: 60_000 },
    async () => {
      const { run } = await journalOf(`
      import { test } from 'vitest'
      for (const options of [{ energyBudget: '5 mJ' }, { energyBudget: '5' }, { units: NaN }]) {
        test(String(Object.values(options)), async ({ bench }) => {
          await bench('a', options, () => { console.log('it ran') }).run()
        })
      }
    `)
      expect(run.stdout).toContain('3 failed')
      expect(run.stderr.match(/`5 mJ\/op`/g)).toHaveLength(2)
      expect(run.stderr).toContain("`units of bench('a')` is `NaN` (number)")
      expect(run.stdout).not.toContain('it ran')
    },
  )
})

test(
  'expect(fn).toUseAtMost repeats the function until the meter can tell',
  { timeout: 60_000 },
  async () => {
    const root = makeProject({
      'work.mjs': workFile,
      'a.test.mjs': `
      import { test, expect } from 'vitest'
      import { work } from './work.mjs'
      test('cheap enough', { timeout: 12_000 }, async () => { await expect(work).toUseAtMost('120 mJ', { strict: true }) })
      test('too dear', { timeout: 12_000 }, async () => { await expect(work).toUseAtMost('20 mJ') })
    `,
      'vitest.config.mjs': configWith('{ idle: 500 }'),
    })
    const power = { mode: 'script', cpuW: 0.05, file: `${root}/power.jsonl` }
    const run = await runIn(root, { emulator: { shape: 'm3max', power } })
    expect(run.exitCode).toBe(1)
    expect(run.stdout + run.stderr).toContain('1 failed | 1 passed')
    expect(run.stderr).toContain('expect(received).toUseAtMost(limit)')
    expect(run.stderr).toContain('Expected: <= 20 mJ')
  },
)
