import { readFileSync } from 'node:fs'
import { Ajv } from 'ajv'
import { expect, test } from 'vitest'
import type { TestEnergy } from '../../src/energy/result.ts'
import type { EnergyReport } from '../../src/report/json.ts'
import { runAnnounced } from './scripted-run.ts'
import { configWith } from './vitest-run.ts'

const schema = JSON.parse(
  readFileSync(new URL('../../docs/report.schema.json', import.meta.url), 'utf8'),
) as object
const validate = new Ajv({ allErrors: true, strict: true, allowUnionTypes: true }).compile(schema)

function expectValid(report: EnergyReport): void {
  validate(report)
  const problems = (validate.errors ?? []).map(
    ({ instancePath, message }) => `${instancePath} ${message}`,
  )
  expect(problems).toEqual([])
}

const everyKind = `
import { describe, test } from 'vitest'
import { draw, sleep } from './power.js'
let calls = 0
test('over', { retry: 1, meta: { energyBudget: '10 mJ' } }, () => draw(2, 300))
test('retried', { retry: 1 }, async () => {
  await draw(1, 200)
  if (calls++ === 0) throw new Error('again')
})
test('short', () => {})
test.concurrent('side', () => sleep(50))
test.concurrent('by side', () => sleep(50))
test.skip('skipped', { meta: { energyBudget: '10 mJ' } }, () => {})
test.skip('skipped without a budget', () => {})
test.todo('later')
test('fails', () => { throw new Error('broken') })
`

test('the report of a real run is as its schema says', async () => {
  const run = await runAnnounced(
    {
      'vitest.config.js': configWith(
        `{ report: { json: true }, idle: 0, budgets: {
          run: '900 J', 'a.test.js': '900 J', 'a.test.js > nobody': '1 J' } }`,
        "{ name: 'unit' }",
      ),
      'a.test.js': everyKind,
    },
    { args: ['run', '--reporter=json', '--outputFile=out.json'] },
  )
  const report = run.report()
  expectValid(report)
  expect(report.source).toBe('emulated')
  expect(report.tests.map(({ name }) => name)).toEqual([
    'over',
    'retried',
    'short',
    'side',
    'by side',
    'skipped',
    'fails',
  ])
  const { tests, run: whole } = report
  const beside = tests.filter(({ name }) => name.endsWith('side'))
  expect(beside.map(({ state }) => state)).toEqual(['shared', 'shared'])
  expect(tests.map(({ projectName, file }) => `${projectName} ${file}`)).toEqual(
    tests.map(() => 'unit a.test.js'),
  )
  expect(tests.find(({ name }) => name === 'over')?.attempts).toHaveLength(1)
  expect(tests.find(({ name }) => name === 'retried')?.attempts).toHaveLength(1)
  expect((whole.attributedJ ?? 0) + (whole.unattributedJ ?? 0)).toBeCloseTo(whole.energyJ ?? 0, 6)

  const { testResults } = JSON.parse(run.read('out.json')) as {
    testResults: { assertionResults: { title: string; meta: { energy?: TestEnergy } }[] }[]
  }
  const metas = new Map(
    testResults[0]?.assertionResults.map(({ title, meta }) => [title, meta.energy]),
  )
  for (const { id: _, projectName: _p, file: _f, name, ...energy } of tests) {
    expect(metas.get(name), name).toEqual(energy)
  }
})

test('so is that of a run whose meter died, and of one without a meter', async () => {
  const files = {
    'vitest.config.js': configWith("{ report: { json: true }, budgets: { run: '900 J' } }"),
    'a.test.js': everyKind,
  }
  const emulator = { faults: [{ kind: 'die', record: 3, exitCode: 1 }] }
  const died = (await runAnnounced(files, { emulator })).report()
  expectValid(died)
  expect(died.meter).toMatchObject({ state: 'died', reason: expect.any(String) as string })
  expect(died.run.budget).toMatchObject({ verdict: 'unchecked' })
  const off = (await runAnnounced(files, { env: { VITEST_ENERGY_METER: 'none' } })).report()
  expectValid(off)
  expect(off.meter).toMatchObject({ name: null, state: 'off' })
})

test('so is that of benches', async () => {
  const run = await runAnnounced(
    {
      'vitest.config.js': configWith(
        '{ report: { json: true, html: true }, interval: 20, idle: 300, bench: { rounds: 4, samplesPerBlock: 3, maxTime: 1500 } }',
      ),
      'a.bench.js': `
import { test } from 'vitest'
import { drawFor2ms } from './power.js'
test('two ways', async ({ bench }) => {
  await bench.compare(
    bench('light', () => drawFor2ms(3)),
    bench('heavy', () => drawFor2ms(9)),
    { time: 20, warmupTime: 5, iterations: 5, warmupIterations: 2 },
  )
})
`,
    },
    { args: ['bench', '--run'] },
  )
  const report = run.report('bench')
  expectValid(report)
  expect(report.tests).toEqual([])
  expect(report.benches.map(({ name, test: of }) => `${of}: ${name}`)).toEqual([
    'two ways: light',
    'two ways: heavy',
  ])
  expect(report.comparisons).toHaveLength(1)
  // the page shows when each block ran
  expect(run.read('.vitest/energy/bench.html')).toMatch(
    /<rect class="w \S+".*<title>two ways &gt; light, /,
  )
})
