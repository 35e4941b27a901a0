import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { unfolded } from './scripted-run.ts'
import { configWith, makeProject, runIn, scripted } from './vitest-run.ts'
import type { RunOptions } from './vitest-run.ts'

const files = {
  'vitest.config.js': configWith(
    `{ report: { json: true }, budgets: { run: '400 J', 'a.test.js > one': '1 mJ' } }`,
  ),
  'a.test.js': `
import { test } from 'vitest'
test('one', async () => { await new Promise((resolve) => setTimeout(resolve, 100)) })
test('two', { meta: { energyBudget: '2 mJ' } }, () => {})
test.fails('three', { meta: { energyBudget: '2 mJ' } }, () => { throw new Error('expected') })
`,
}

/** A program that refuses as powermetrics does. */
function refusing(root: string): RunOptions {
  const path = join(root, 'refuses')
  writeFileSync(
    path,
    "#!/bin/sh\necho 'powermetrics must be invoked as the superuser' >&2\nexit 1\n",
  )
  chmodSync(path, 0o755)
  return { env: { VITEST_ENERGY_POWERMETRICS: path } }
}

const cases: [name: string, state: string, words: RegExp, options: (root: string) => RunOptions][] =
  [
    [
      'on a system without powermetrics',
      'missing',
      /not measured: powermetrics is a part of macOS, this is (Linux|Windows)/,
      () => ({ emulator: null }),
    ],
    [
      'with the meter switched off',
      'off',
      /not measured: `meter` is `none`/,
      () => ({ env: { VITEST_ENERGY_METER: 'none' } }),
    ],
    [
      'where only root may read it',
      'not-permitted',
      /not measured: only root may read the power meter on macOS\..*to mend it: +npx vitest-energy setup/,
      refusing,
    ],
    [
      'in a virtual machine',
      'virtual-machine',
      /not measured: this Mac is a virtual machine .*to mend it: +run on a real Mac/,
      () => ({ emulator: { shape: 'vm', startupMs: 50 } }),
    ],
    [
      'with a meter that ends at once',
      'died',
      /not measured: powermetrics ended before its first record .*npx vitest-energy doctor/,
      () => ({ emulator: { startupMs: 50, faults: [{ kind: 'die', record: 0, exitCode: 70 }] } }),
    ],
  ]

const here = cases.filter(([, state]) => state !== 'missing' || process.platform !== 'darwin')

test.each(here)('%s all tests pass, and one warning says why', async (_, state, words, how) => {
  const root = makeProject(files)
  const options = how(root)
  const run = await runIn(root, { ...options, args: ['run', '--reporter=verbose'] })
  expect(run.exitCode).toBe(0)
  expect(run.stderr).toBe('')
  expect(run.stdout).toMatch(/Tests {2}2 passed \| 1 expected fail \(3\)/)
  const said = unfolded(run.stdout)
  expect(said).toMatch(words)
  expect(said.match(/not measured: /g)).toHaveLength(1)
  expect(said).toContain('4 budgets NOT checked')
  // lines of tests are as without the plugin
  expect(run.stdout).toMatch(/✓ a\.test\.js > one \d+ms( · \(budget 1 mJ not checked\))?\n/)
  const report = run.report()
  expect(report).toMatchObject({
    verdict: 'unchecked',
    run: { energyJ: null, verdicts: { unchecked: 4 } },
  })
  expect(report.meter).toMatchObject({ state, samples: 0, medianSampleMs: null })
  for (const each of report.tests) expect(each).toMatchObject({ state: 'no-meter', energyJ: null })
  const [one] = report.tests
  expect(one?.budget).toMatchObject({ verdict: 'unchecked' })
  // no wait for samples that will not come
  expect(one?.durationMs).toBeLessThan(400)

  const env = { ...options.env, VITEST_ENERGY_REQUIRED: '1' }
  const strict = await runIn(root, { ...options, env })
  expect(strict.exitCode).toBe(1)
  expect(strict.stdout).toMatch(/Tests {2}2 passed \| 1 expected fail \(3\)/)
  expect(strict.stderr).toMatch(
    /ERROR: no usable meter \(.*\), but `required` asks for one\n {2}\S/,
  )
})

test('the same suite without budgets passes with `required` where there is a meter', async () => {
  const root = makeProject({
    ...files,
    'vitest.config.js': configWith('{ required: true }'),
    'a.test.js': "import { test } from 'vitest'\ntest('one', () => {})",
  })
  const run = await runIn(root, { emulator: { ...scripted(), startupMs: 50 } })
  expect(run.stderr).toBe('')
  expect(run.exitCode).toBe(0)
})

const benches = {
  'a.bench.js': `
import { test } from 'vitest'
test('ways', async ({ bench }) => {
  await bench.compare(
    bench('one', { energyBudget: '2 mJ/op' }, () => 1),
    bench('two', () => 2),
    { time: 5, iterations: 5, warmupTime: 1, warmupIterations: 1 },
  )
})
`,
}

test('the budgets of benches do not count as kept either', async () => {
  const root = makeProject({
    ...benches,
    'vitest.config.js': configWith(
      "{ report: { json: true }, budgets: { 'a.bench.js > ways > two': '1 mJ/op' } }",
    ),
  })
  const run = await runIn(root, {
    args: ['bench', '--run'],
    env: { VITEST_ENERGY_METER: 'none' },
  })
  expect(run.exitCode, run.stderr).toBe(0)
  expect(unfolded(run.stdout)).toContain(
    'not measured: `meter` is `none`. Benches are unaffected. 2 budgets NOT checked',
  )
  expect(run.stdout).not.toContain('energy/op')
  const report = run.report('bench')
  expect(report).toMatchObject({ verdict: 'unchecked', run: { verdicts: { unchecked: 2 } } })
  expect(report.benches).toHaveLength(2)
  for (const each of report.benches) {
    expect(each).toMatchObject({ state: 'no-meter', energyPerOpJ: null, rounds: 0 })
    expect(each.budget).toMatchObject({ verdict: 'unchecked', reason: '`meter` is `none`' })
  }
})

test('nor do those of benches that are not to be measured', async () => {
  const root = makeProject({
    'vitest.config.js': configWith('{ report: { json: true }, idle: 0 }'),
    'a.bench.js': `
import { test } from 'vitest'
const few = { time: 5, iterations: 5, warmupTime: 1, warmupIterations: 1 }
test('ways', async ({ bench }) => {
  await bench('unwanted', { energy: false, energyBudget: '2 mJ/op' }, () => 1).run(few)
  await bench('counted', { energyBudget: '2 mJ/op' }, () => 1).run({ ...few, time: 0 })
  await bench('no budget', { energy: false }, () => 1).run(few)
})
`,
  })
  const run = await runIn(root, { args: ['bench', '--run'], env: { VITEST_ENERGY_REQUIRED: '1' } })
  expect(run.exitCode).toBe(1)
  const { benches: cases, verdict } = run.report('bench')
  expect(verdict).toBe('unchecked')
  expect(cases.map(({ name, index, budget }) => [name, index, budget?.reason])).toEqual([
    ['unwanted', 0, '`energy: false`'],
    ['counted', 1, '`time: 0` with `iterations`'],
  ])
})
