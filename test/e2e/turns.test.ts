import { expect, test } from 'vitest'
import { configWith, runVitest } from './vitest-run.ts'

const quick = { shape: 'm3max', startupMs: 50, power: { mode: 'script', cpuW: 0.05 } }
const report = (budgets = '{}') =>
  `{ report: { json: true, journal: true }, idle: 0, budgets: ${budgets} }`
const budgeted = `
import { test } from 'vitest'
test('budgeted', { meta: { energyBudget: '500 mJ' } }, async () => {
  await new Promise((resolve) => setTimeout(resolve, 400))
})
`
const many = (count: number, ms: number) => `
import { test } from 'vitest'
for (let i = 0; i < ${count}; i++) {
  test('plain ' + i, async () => { await new Promise((resolve) => setTimeout(resolve, ${ms})) })
}
`

interface Line {
  type: string
  testId?: string
  file?: string
  atNs: number
  [key: string]: unknown
}

const linesOf = (text: string): Line[] =>
  text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Line)

/** [begin, end] of each attempt in a file, ns. */
function windowsOf(lines: readonly Line[], file: string): [number, number][] {
  const begins = lines.filter((line) => line.type === 'begin' && line.file === file)
  return begins.map((begin) => {
    const end = lines.find((line) => line.type === 'end' && line.testId === begin.testId)
    return [begin.atNs, end?.atNs ?? Infinity]
  })
}

test.each(['forks', 'threads', 'vmThreads'])(
  'a budgeted test runs alone while the other worker is parked (%s)',
  async (pool) => {
    const run = await runVitest(
      {
        'vitest.config.js': configWith(report(), `{ pool: '${pool}', maxWorkers: 2 }`),
        'a.test.js': budgeted,
        'b.test.js': many(40, 40),
      },
      { emulator: quick },
    )
    expect(run.stderr).toBe('')
    expect(run.exitCode).toBe(0)
    const found = run.report().tests.find(({ name }) => name === 'budgeted')
    expect(found).toMatchObject({ state: 'measured', budget: { verdict: 'within' } })
    expect(found?.durationMs).toBeLessThan(600)
    const lines = linesOf(run.read('.vitest/energy/run.jsonl'))
    const [alone = [0, 0]] = windowsOf(lines, 'a.test.js')
    for (const [begin, end] of windowsOf(lines, 'b.test.js')) {
      expect(begin >= alone[1] || end <= alone[0]).toBe(true)
    }
  },
)

test('two budgeted tests at once take turns', async () => {
  const run = await runVitest(
    {
      'vitest.config.js': configWith(report(), '{ maxWorkers: 2 }'),
      'a.test.js': budgeted,
      'b.test.js': budgeted,
      'c.test.js': many(3, 100),
    },
    { emulator: quick },
  )
  expect(run.exitCode).toBe(0)
  const found = run.report().tests.filter(({ name }) => name === 'budgeted')
  expect(found.map(({ state }) => state)).toEqual(['measured', 'measured'])
})

test('a worker that dies while others wait for it holds nobody up', async () => {
  const dying = `
import { test } from 'vitest'
test('dies', async () => {
  await new Promise((resolve) => setTimeout(resolve, 300))
  process.kill(process.pid, 'SIGKILL')
})`
  const run = await runVitest(
    {
      'vitest.config.js': configWith(report(), '{ maxWorkers: 2 }'),
      'a.test.js': budgeted,
      'b.test.js': dying,
    },
    { emulator: quick },
  )
  expect(run.exitCode).toBe(1)
  const found = run.report().tests.find(({ name }) => name === 'budgeted')
  expect(found?.budget?.verdict).toBe('within')
})

test('a concurrent test with a budget does not wait, and is judged by its bounds', async () => {
  const concurrent = `
import { test } from 'vitest'
const sleep = () => new Promise((resolve) => setTimeout(resolve, 400))
test.concurrent('one', { meta: { energyBudget: '90 J' } }, sleep)
test.concurrent('two', { meta: { energyBudget: '1 mJ' } }, sleep)
`
  const run = await runVitest(
    {
      'vitest.config.js': configWith(report(), '{ maxWorkers: 2 }'),
      'a.test.js': concurrent,
      'b.test.js': many(5, 50),
    },
    { emulator: quick },
  )
  expect(run.exitCode).toBe(0)
  const verdicts = run.report().tests.map(({ name, budget }) => [name, budget?.verdict])
  expect(verdicts).toContainEqual(['one', 'within'])
  expect(verdicts).toContainEqual(['two', 'unchecked'])
})

test('bail ends a run in which a worker waits for its turn', async () => {
  const failing = `
import { test } from 'vitest'
test('fails', async () => {
  await new Promise((resolve) => setTimeout(resolve, 300))
  throw new Error('no')
})`
  const run = await runVitest(
    {
      'vitest.config.js': configWith(report(), '{ maxWorkers: 2, bail: 1 }'),
      'a.test.js': budgeted,
      'b.test.js': failing,
    },
    { emulator: quick },
  )
  expect(run.exitCode).toBe(1)
})

test('without isolation the waiting worker goes on with its next file', async () => {
  const run = await runVitest(
    {
      'vitest.config.js': configWith(report(), '{ maxWorkers: 2, isolate: false }'),
      'a.test.js': budgeted,
      'b.test.js': many(3, 50),
      'c.test.js': many(3, 50),
      'd.test.js': budgeted,
    },
    { emulator: quick },
  )
  expect(run.exitCode).toBe(0)
  expect(run.report().tests).toHaveLength(8)
  const found = run.report().tests.filter(({ name }) => name === 'budgeted')
  expect(found.map(({ state }) => state)).toEqual(['measured', 'measured'])
})
