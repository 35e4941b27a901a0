import { expect, test } from 'vitest'
import { restW, runAnnounced, unfolded } from './scripted-run.ts'
import { configWith } from './vitest-run.ts'

const config = configWith(`{
  interval: 20,
  idle: 300,
  bench: { rounds: 4, samplesPerBlock: 3, maxTime: 1500 },
  report: { json: true },
  budgets: {
    'a.bench.ts > powers > *': '100 mJ/op',
    '** > by pattern': '1 mJ/op',
    'a.bench.ts > powers': '1 J',
  },
}`)

const benches = `
import { test } from 'vitest'
import { announce } from './power.js'

type Gone = { whole: number }

const now = () => Number(process.hrtime.bigint())
const drawing = (watts: number) => () => {
  const start = now()
  announce(watts, start)
  announce(${restW}, start + 2e6)
  while (now() < start + 2e6);
}
test('powers', async ({ bench }) => {
  await bench.compare(
    bench('within', drawing(3)),
    bench('by pattern', drawing(6)),
    bench('at the bench', { energyBudget: '3 mJ/op' }, drawing(9)),
    { time: 20, warmupTime: 5, iterations: 5, warmupIterations: 2 },
  )
})
`

test('cases over their budget fail their test, in one error, and keep table and results', async () => {
  const run = await runAnnounced(
    { 'vitest.config.js': config, 'a.bench.ts': benches },
    { args: ['bench', '--run'] },
  )
  expect(run.exitCode).toBe(1)
  const verdicts = run.report('bench').benches.map(({ name, budget }) => [name, budget?.verdict])
  expect(Object.fromEntries(verdicts)).toEqual({
    within: 'within',
    'by pattern': 'over',
    'at the bench': 'over',
  })
  const at = run.stderr.indexOf('EnergyBudgetError')
  const message = run.stderr.slice(at)
  expect(message).toMatch(/by pattern uses 1\d(\.\d)? mJ\/op, at least \d+(\.\d)? × its budget of 1 mJ\/op/)
  expect(message).toMatch(/measured {2}1\S* mJ\/op \(95 % interval \S+–\S+\), \d+ rounds/)
  expect(message).toContain("budget    1 mJ/op, set in vitest.config.js: budgets['** > by pattern']")
  expect(message).toMatch(/at the bench uses 1\d(\.\d)? mJ\/op, at least .* its budget of 3 mJ\/op/)
  expect(message).toMatch(/set in a\.bench\.ts: .*energyBudget/)
  expect(message).toMatch(/a\.bench\.ts:14:1[\s\S]*14\| test\('powers'/)
  expect(run.stderr.match(/EnergyBudgetError/g)).toHaveLength(1)
  // the table is there all the same
  expect(run.stdout).toMatch(/energy\/op +±95% +power +energy/)
  expect(run.stdout).toMatch(/at the bench .* mJ /)
  // a limit without `/op` is for no case
  expect(unfolded(run.stdout)).toMatch(/Budgets {2}1 within, 2 over/)
})
