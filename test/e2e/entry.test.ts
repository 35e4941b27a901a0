import { expect, test } from 'vitest'
import { busy, configWith, runVitest } from './vitest-run.ts'

const aTest = `
import { test } from 'vitest'
test('works', async () => { await new Promise((resolve) => setTimeout(resolve, 400)) })
`
const report = '{ report: { json: true } }'

/** Every test of the run has a figure or says why not, and was seen by the meter. */
function expectMeasured(run: Awaited<ReturnType<typeof runVitest>>, names: string[]): void {
  expect(run.stderr).toBe('')
  expect(run.exitCode).toBe(0)
  const { tests, meter } = run.report()
  expect(meter.state).toBe('ok')
  expect(tests.map(({ projectName, file }) => `${projectName} ${file}`.trim()).sort()).toEqual(
    names,
  )
  for (const each of tests) expect(each.energyJ, each.file).toBeGreaterThan(0)
}

test('one line in the config measures a single project', async () => {
  const run = await runVitest({ 'vitest.config.js': configWith(report), 'a.test.js': aTest })
  expectMeasured(run, ['a.test.js'])
  expect(run.stdout).toMatch(/Energy {2}\S+ m?J in/)
  expect(run.stdout).toContain('joules invented by the emulator')
})

test('inline projects are all measured', async () => {
  const projects =
    "{ projects: [{ extends: true, test: { name: 'one', include: ['a.test.js'] } }, { extends: true, test: { name: 'two', include: ['b.test.js'] } }] }"
  const run = await runVitest({
    'vitest.config.js': configWith(report, projects),
    'a.test.js': aTest,
    'b.test.js': aTest,
  })
  expectMeasured(run, ['one a.test.js', 'two b.test.js'])
})

test('projects that extend nothing are measured', async () => {
  const projects =
    "{ projects: [{ extends: false, test: { name: 'own', include: ['a.test.js'] } }] }"
  const run = await runVitest({
    'vitest.config.js': configWith(report, projects),
    'a.test.js': aTest,
  })
  expectMeasured(run, ['own a.test.js'])
})

test('projects with config files of their own are measured from the root', async () => {
  const own = (name: string) => `export default { test: { name: '${name}' } }`
  const run = await runVitest({
    'vitest.config.js': configWith(report, "{ projects: ['pkg/*'] }"),
    'pkg/x/vitest.config.js': own('x'),
    'pkg/x/a.test.js': aTest,
    'pkg/y/vitest.config.js': own('y'),
    'pkg/y/a.test.js': aTest,
  })
  expectMeasured(run, ['x pkg/x/a.test.js', 'y pkg/y/a.test.js'])
})

test('a plugin in one project measures that project alone', async () => {
  const run = await runVitest({
    'vitest.config.js': "export default { test: { projects: ['pkg/*'] } }",
    'pkg/x/vitest.config.js': configWith(report, "{ name: 'x' }"),
    'pkg/x/a.test.js': aTest,
    'pkg/y/vitest.config.js': "export default { test: { name: 'y' } }",
    'pkg/y/a.test.js': aTest,
  })
  expectMeasured(run, ['x pkg/x/a.test.js'])
})

test('the reporter alone is enough, with the same options', async () => {
  const config = `export default { test: { reporters: ['default', ['vitest-energy/reporter', ${report}]] } }`
  const run = await runVitest({ 'vitest.config.js': config, 'a.test.js': aTest })
  expectMeasured(run, ['a.test.js'])
  expect(run.stdout).toContain('Energy')
})

test('a setup file named by hand is not run twice', async () => {
  const config = `export default { test: { setupFiles: ['vitest-energy/setup'], reporters: ['default', ['vitest-energy/reporter', ${report}]] } }`
  const run = await runVitest({ 'vitest.config.js': config, 'a.test.js': aTest })
  expectMeasured(run, ['a.test.js'])
  expect(run.report().tests[0]).toMatchObject({
    samples: expect.any(Number) as number,
    attempts: [],
  })
})

test('two copies of the plugin install once', async () => {
  const config = `
import { defineConfig } from 'vitest/config'
import energy from 'vitest-energy'
export default defineConfig({ plugins: [energy(${report}), energy(${report})] })`
  const run = await runVitest({ 'vitest.config.js': config, 'a.test.js': aTest })
  expectMeasured(run, ['a.test.js'])
  expect(run.stdout.match(/^ +Energy /gm)).toHaveLength(1)
})

test("the user's reporters are kept, and get the energy in their data", async () => {
  const run = await runVitest(
    {
      'vitest.config.js': configWith('{}', "{ reporters: ['verbose'] }"),
      'a.test.js': aTest,
    },
    { args: ['run', '--reporter=verbose', '--reporter=json', '--outputFile.json=out.json'] },
  )
  expect(run.exitCode).toBe(0)
  expect(run.stdout).toMatch(/✓ a\.test\.js > works \d+ms · (≈ )?\d+(\.\d+)? m?J ±\d/)
  const { testResults } = JSON.parse(run.read('out.json')) as {
    testResults: { assertionResults: { meta: { energy: { energyJ: number } } }[] }[]
  }
  expect(testResults[0]?.assertionResults[0]?.meta.energy.energyJ).toBeGreaterThan(0)
})

test.each(['forks', 'threads', 'vmForks', 'vmThreads'])('the pool %s is measured', async (pool) => {
  const run = await runVitest({
    'vitest.config.js': configWith(report, `{ pool: '${pool}' }`),
    'a.test.js': aTest,
  })
  expectMeasured(run, ['a.test.js'])
})

test('without isolation each file has its own span and windows', async () => {
  const run = await runVitest({
    'vitest.config.js': configWith(report, '{ isolate: false, maxWorkers: 1 }'),
    'a.test.js': aTest,
    'b.test.js': aTest,
  })
  expectMeasured(run, ['a.test.js', 'b.test.js'])
  for (const each of run.report().tests) expect(each.durationMs).toBeLessThan(800)
})

test('nothing is installed when it is switched off', async () => {
  const files = { 'vitest.config.js': configWith('{}'), 'a.test.js': aTest, 'busy.js': busy }
  const run = await runVitest(files, { env: { VITEST_ENERGY: '0' } })
  expect(run.exitCode).toBe(0)
  expect(run.stdout).not.toMatch(/joule|  Energy /i)
})

test('each attempt of a retried test has its own figure', async () => {
  const flaky = `
import { test } from 'vitest'
let runs = 0
test('flaky', { retry: 2 }, async () => {
  await new Promise((resolve) => setTimeout(resolve, 400))
  if (++runs < 3) throw new Error('again')
})`
  const run = await runVitest({ 'vitest.config.js': configWith(report), 'a.test.js': flaky })
  const [only] = run.report().tests
  expect(only?.attempts).toHaveLength(2)
  for (const { durationMs } of only?.attempts ?? []) {
    expect(durationMs).toBeGreaterThan(395)
    expect(durationMs).toBeLessThan(700)
  }
})
