import { expect, test } from 'vitest'
import { unfolded } from './scripted-run.ts'
import { configWith, makeProject, runIn } from './vitest-run.ts'

const files = {
  'vitest.config.js': configWith(`{
    budgets: { 'a.test.js > uploads': '5 mJ/op', 'a.bench.js > ways': '1 J', '** > ways': '1 J' },
  }`),
  'a.test.js': "import { test } from 'vitest'\ntest('uploads', () => {})",
  'a.bench.js': `
import { test } from 'vitest'
test('ways', async ({ bench }) => {
  await bench('one', () => {}).run({ time: 5, iterations: 5, warmupTime: 1, warmupIterations: 1 })
})
`,
}

const env = { VITEST_ENERGY_METER: 'none' }

test('a limit for operations that names a test is said not to be checked', async () => {
  const { stdout } = await runIn(makeProject(files), { env })
  expect(unfolded(stdout)).toContain(
    "budgets['a.test.js > uploads'] is not checked: it names a test which has no operations: leave `/op` out",
  )
})

test('so is one for a test that holds benches, unless it is a wildcard', async () => {
  const { stdout } = await runIn(makeProject(files), { args: ['bench', '--run'], env })
  expect(unfolded(stdout)).toContain(
    "budgets['a.bench.js > ways'] is not checked: it names a test that holds benches",
  )
  expect(unfolded(stdout)).not.toContain("budgets['** > ways']")
})
