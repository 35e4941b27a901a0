import { expect, test } from 'vitest'
import { runAnnounced, unfolded } from './scripted-run.ts'
import { configWith } from './vitest-run.ts'

const config = configWith(`{
  interval: 20,
  idle: 300,
  bench: { rounds: 4, samplesPerBlock: 3, maxTime: 1500 },
  report: { json: true },
  budgets: {
    '** > within': '100 mJ/op',
    'a.bench.ts > powers > by *': '1 mJ/op',
  },
}`)

const benches = `
import { test } from 'vitest'
import { drawFor2ms } from './power.js'

type Gone = { whole: number }

test('powers', async ({ bench }) => {
  await bench.compare(
    bench('within', () => drawFor2ms(3)),
    bench('by pattern', () => drawFor2ms(6)),
    bench('at the bench', { energyBudget: '3 mJ/op' }, () => drawFor2ms(9)),
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
  expect(message).toMatch(
    /by pattern uses 1\d(\.\d)? mJ\/op, at least \d+(\.\d)? × its budget of 1 mJ\/op/,
  )
  expect(message).toMatch(/measured {2}1\S* mJ\/op \(95 % interval \S+–\S+\), \d+ rounds/)
  expect(message).toContain(
    "budget    1 mJ/op, set in vitest.config.js: budgets['a.bench.ts > powers > by *']",
  )
  expect(message).toMatch(/at the bench uses 1\d(\.\d)? mJ\/op, at least .* its budget of 3 mJ\/op/)
  expect(message).toMatch(/set in a\.bench\.ts: .*energyBudget/)
  expect(message).toMatch(/a\.bench\.ts:7:1[\s\S]*7\| test\('powers'/)
  expect(run.stderr.match(/EnergyBudgetError/g)).toHaveLength(1)
  // the table is there all the same
  expect(run.stdout).toMatch(/energy\/op +±95% +power +energy/)
  expect(run.stdout).toMatch(/at the bench .* mJ /)
  expect(unfolded(run.stdout)).toMatch(/Budgets {2}1 within, 2 over/)
})
