import { expect, test } from 'vitest'
import { makeAnnounced, runAnnounced, runAnnouncedIn, unfolded } from './scripted-run.ts'
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

test('a pattern for benches that matches nothing is said where benches have run, and there only', async () => {
  const root = makeAnnounced({
    'vitest.config.js': configWith(`{
      idle: 0,
      bench: 'quick',
      budgets: { 'a.bench.js > powrs > *': '9 mJ/op', 'a.test.js > uplods': '1 J' },
    }`),
    'a.bench.js': `
import { test } from 'vitest'
import { drawFor2ms } from './power.js'
test('powers', async ({ bench }) => {
  await bench('one', { energy: false, time: 20, iterations: 5, warmupTime: 5 }, () => drawFor2ms(3)).run()
})
`,
    'a.test.js': "import { test } from 'vitest'\ntest('uploads', () => {})",
  })
  const tests = await runAnnouncedIn(root)
  expect(unfolded(tests.stdout)).toMatch(/budgets\['a\.test\.js > uplods'\] matches no test/)
  expect(unfolded(tests.stdout)).not.toContain('matches no bench case')
  const measured = await runAnnouncedIn(root, { args: ['bench', '--run'] })
  expect(unfolded(measured.stdout)).toMatch(
    /budgets\['a\.bench\.js > powrs > \*'\] matches no bench case; nearest: 'a\.bench\.js > powers > one'/,
  )
  expect(unfolded(measured.stdout)).not.toContain('matches no test')
})

test('of a retried test the last attempt counts, as in its result', async () => {
  const run = await runAnnounced(
    {
      'vitest.config.js': config,
      'a.bench.js': `
import { test } from 'vitest'
import { drawFor2ms } from './power.js'
const few = { time: 20, warmupTime: 5, iterations: 5, warmupIterations: 2 }
let attempts = 0
test('retried', { retry: 1 }, async ({ bench }) => {
  const energyBudget = attempts++ === 0 ? '1 nJ/op' : '900 mJ/op'
  await bench('not measured', { energy: false, ...few }, () => 1).run(few)
  await bench('one', { energyBudget }, () => drawFor2ms(3)).run(few)
})
`,
    },
    { args: ['bench', '--run'] },
  )
  expect(run.exitCode, run.stderr).toBe(0)
  const report = run.report('bench')
  expect(report.benches.map(({ name, index }) => [name, index])).toEqual([['one', 1]])
  expect(report).toMatchObject({ verdict: 'within', run: { verdicts: { within: 1, over: 0 } } })
})
