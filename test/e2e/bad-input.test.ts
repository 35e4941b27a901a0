import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { unfolded } from './scripted-run.ts'
import { configWith, emulatorPath, makeProject, runIn } from './vitest-run.ts'
import type { RunOptions } from './vitest-run.ts'

const aTest = `
import { appendFileSync } from 'node:fs'
import { test } from 'vitest'
appendFileSync(new URL('./ran', import.meta.url), 'x')
test('works', () => {})
`

/** What the user wrote, and what they must read. */
const wrong: [what: string, options: string, message: RegExp, more?: RunOptions][] = [
  [
    'a budget without a unit',
    "{ budgets: { 'a.test.js > works': '5' } }",
    /`vitest\.config\.js: budgets\['a\.test\.js > works'\]` is `5`, which is no energy budget.*a number, a space and a unit.*`5 mJ` for a test/,
  ],
  [
    'a unit in the wrong case',
    "{ budgets: { 'a.test.js > works': '5 mj' } }",
    /is `5 mj`, which is no energy budget.*J, mJ, µJ, uJ or nJ/,
  ],
  [
    'a negative budget',
    "{ budgets: { run: '-1 J' } }",
    /budgets\['run'\]` is `-1 J`, which is no energy budget.*`400 J`/,
  ],
  [
    'a run budget per operation',
    "{ budgets: { run: '1 J/op' } }",
    /budgets\['run'\]` is `1 J\/op`, which is no energy budget/,
  ],
  [
    'a budget that is a number',
    "{ budgets: { 'a.test.js > works': 5 } }",
    /is `5` \(number\), which is no energy budget/,
  ],
  ['an unknown option', '{ budgest: {} }', /unknown option `budgest`.*did you mean `budgets`\?/],
  [
    'an unknown option of a group',
    '{ powermetrics: { pth: "x" } }',
    /unknown option `powermetrics\.pth`.*did you mean `path`\?/,
  ],
  ['an interval below 20 ms', '{ interval: 19 }', /`interval` is `?19`?.*from 20 to 10000 ms/],
  ['an interval above 10 s', '{ interval: 10001 }', /`interval` is `?10001`?.*from 20 to 10000 ms/],
  [
    'an interval in the environment that is no number',
    '{}',
    /`interval` is `?fast`?.*VITEST_ENERGY_INTERVAL.*from 20 to 10000 ms/,
    { env: { VITEST_ENERGY_INTERVAL: 'fast' } },
  ],
  [
    'an unknown meter',
    "{ meter: 'rapl' }",
    /`meter` is `rapl`.*`auto`, `powermetrics`, `none`/,
    { env: { VITEST_ENERGY_METER: '' } },
  ],
  ['a flag that is none', "{ required: 'yes' }", /`required` is `yes`.*`true` or `false`/],
  [
    'a report below a file',
    "{ report: { json: 'package.json/run.json' } }",
    /cannot write the report `[^`]*package\.json\/run\.json`: .*package\.json` is no folder.*give a path in a folder/,
  ],
  [
    'a report that is a folder',
    "{ report: { json: 'folder' } }",
    /cannot write the report `[^`]*folder`: it is a folder/,
  ],
  [
    'a meter that does not exist',
    "{ powermetrics: { path: './nowhere' } }",
    /`powermetrics\.path` is `\.\/nowhere`, which does not exist.*the path of an executable file/,
    { env: { VITEST_ENERGY_POWERMETRICS: '' } },
  ],
  [
    'a meter that cannot be executed',
    "{ powermetrics: { path: './package.json' } }",
    /`powermetrics\.path` is `\.\/package\.json`, which is not executable/,
    { env: { VITEST_ENERGY_POWERMETRICS: '' } },
  ],
  [
    'a meter that is a folder',
    "{ powermetrics: { path: './folder' } }",
    /`powermetrics\.path` is `\.\/folder`, which is no file/,
    { env: { VITEST_ENERGY_POWERMETRICS: '' } },
  ],
]

/** A meter that leaves a mark when it is started. */
function markingMeter(root: string): string {
  const path = join(root, 'meter')
  writeFileSync(path, `#!/bin/sh\necho started >> ${root}/started\nexec ${emulatorPath} "$@"\n`, {
    mode: 0o755,
  })
  return path
}

test.each(wrong)('%s stops the run before its first test', async (_, options, message, more) => {
  const root = makeProject({ 'vitest.config.js': configWith(options), 'a.test.js': aTest })
  mkdirSync(join(root, 'folder'))
  const meter = { VITEST_ENERGY_POWERMETRICS: markingMeter(root) }
  const run = await runIn(root, { ...more, env: { ...meter, ...more?.env } })
  expect(run.exitCode).toBe(1)
  const said = unfolded(run.stderr)
  expect(said).toMatch(message)
  expect(run.exists('ran')).toBe(false)
  expect(run.exists('started')).toBe(false)
  expect(run.exists('.vitest/energy')).toBe(false)
})
