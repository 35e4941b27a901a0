import { beforeAll, describe, expect, test } from 'vitest'
import type { TestReport } from '../../src/report/json.ts'
import {
  makeAnnounced,
  runAnnounced,
  runAnnouncedIn,
  unfolded,
  writeAnnounced,
} from './scripted-run.ts'
import { configWith, removeProject } from './vitest-run.ts'
import type { VitestRun } from './vitest-run.ts'

const verdictsOf = (run: VitestRun): Record<string, string | undefined> =>
  Object.fromEntries(run.report().tests.map(({ name, budget }) => [name, budget?.verdict]))

const find = (run: VitestRun, name: string): TestReport => {
  const found = run.report().tests.find((each) => each.name === name)
  if (found === undefined) throw new Error(`no test named ${name} in the report`)
  return found
}

describe('a run with budgets of every kind', () => {
  let run: VitestRun
  const config = configWith(
    `{
      idle: 200,
      report: { json: true },
      budgets: {
        run: '1 J',
        'a.test.ts': '2 J',
        'a.test.ts > over by pattern': '100 mJ',
        '** > within by pattern': '900 J',
        'a.test.ts > group > *': '900 J',
        'a.test.ts > over at the test': '900 J',
      },
    }`,
    "{ maxWorkers: 1, tags: [{ name: 'eco', meta: { energyBudget: '30 mJ' } }] }",
  )
  // the types go when the file is compiled: lines move
  const tests = `
import { describe, test } from 'vitest'
import { draw } from './power.js'

interface Gone {
  whole: number
}
type AlsoGone = { [Key in keyof Gone]: string }

test('over by pattern', async () => {
  await draw(4, 400)
})
test('within by pattern', async () => {
  await draw(4, 300)
})
test('over at the test', { meta: { energyBudget: '20 mJ' } }, async () => {
  await draw(4, 400)
})
describe('group', { meta: { energyBudget: '10 mJ' } }, () => {
  test('inherits', async () => { await draw(4, 400) })
  test('has its own', { meta: { energyBudget: '800 J' } }, async () => { await draw(4, 300) })
})
test('over by tag', { tags: ['eco'] }, async () => { await draw(4, 400) })
const budget = { meta: { energyBudget: '1 J' } }
test.skip('skipped', budget, () => {})
test.fails('expected to fail', budget, () => { throw new Error('as expected') })
test('failed already', budget, () => { throw new Error('broken for another reason') })
test('wrong text', { meta: { energyBudget: '5' } }, () => {})
test('per operation', { meta: { energyBudget: '5 mJ/op' } }, () => {})
`

  beforeAll(async () => {
    const root = writeAnnounced({ 'vitest.config.js': config, 'a.test.ts': tests })
    const reporters = ['verbose', 'json', 'junit', 'github-actions']
    const args = [
      'run',
      ...reporters.map((name) => `--reporter=${name}`),
      '--outputFile.json=out.json',
      '--outputFile.junit=out.xml',
    ]
    run = await runAnnouncedIn(root, { args, env: { GITHUB_ACTIONS: 'true' } })
    return () => removeProject(root)
  }, 60_000)

  test('it fails', () => expect(run.exitCode).toBe(1))

  test('the nearest declaration wins: test, describe, tag, then pattern', () => {
    expect(verdictsOf(run)).toMatchObject({
      'over by pattern': 'over',
      'within by pattern': 'within',
      'over at the test': 'over',
      'group > inherits': 'over',
      'group > has its own': 'within',
      'over by tag': 'over',
    })
    expect(find(run, 'over at the test').budget?.text).toBe('20 mJ')
    expect(find(run, 'group > has its own').budget?.text).toBe('800 J')
    expect(find(run, 'over by tag').budget?.text).toBe('30 mJ')
  })

  test('the message has value, interval, excess, limit, and where it was written', () => {
    const at = run.stderr.indexOf('FAIL  a.test.ts > over by pattern')
    const message = run.stderr.slice(at, at + 1200)
    expect(message).toMatch(
      /EnergyBudgetError: uses (at least )?1\.\d+ J, at least \d+(\.\d)? × its budget of 100 mJ/,
    )
    expect(message).toMatch(
      / {2}measured {2}\S+ J \((95 % interval|certainly within) \d\S*–\d\S*\)\n/,
    )
    expect(message).toContain(
      "budget    100 mJ, set in vitest.config.js: budgets['a.test.ts > over by pattern']",
    )
    expect(message).toMatch(/to fix {4}make it cheaper, or write '\d\S* J' there/)
    expect(run.stderr).toContain("set in a.test.ts: meta.energyBudget of describe('group')")
    expect(run.stderr).toContain('set in a.test.ts: meta.energyBudget of the test')
  })

  test('the code frame shows the line of the test in the source', () => {
    const at = run.stderr.indexOf('FAIL  a.test.ts > over by pattern')
    expect(run.stderr.slice(at, at + 1200)).toMatch(
      /a\.test\.ts:10:1[\s\S]*10\| test\('over by pattern'[\s\S]*\^/,
    )
  })

  test('names are printed as without a budget', () => {
    expect(run.stdout).toMatch(/a\.test\.ts > group > inherits \d+ms/)
    expect(run.stdout + run.stderr).not.toMatch(/a\.test\.ts:\d+(:\d+)? >/)
  })

  test('tests that are not judged say why', () => {
    const reasonOf = (name: string) => find(run, name).budget
    expect(reasonOf('skipped')).toMatchObject({
      verdict: 'unchecked',
      reason: 'the test was skipped',
    })
    expect(reasonOf('expected to fail')).toMatchObject({
      verdict: 'unchecked',
      reason: 'the test is expected to fail',
    })
    expect(find(run, 'expected to fail').result).toBe('passed')
    expect(reasonOf('failed already')).toMatchObject({
      verdict: 'unchecked',
      reason: 'the test failed',
    })
    expect(run.stderr).toContain('broken for another reason')
  })

  test('a budget that cannot be read fails its test and shows the right form', () => {
    expect(find(run, 'wrong text').result).toBe('failed')
    expect(find(run, 'per operation').result).toBe('failed')
    expect(run.stderr).toMatch(/meta\.energyBudget of the test is `5`, which is no energy budget/)
    expect(run.stderr).toMatch(/write a number, a space and a unit .*`5 mJ`/)
    expect(run.stderr).toMatch(/wrong text a\.test\.ts:28:1/)
    expect(run.stderr).toMatch(/is `5 mJ\/op`, but a test has no operations/)
  })

  test('budgets of the run and of a file are errors of the run', () => {
    expect(run.report()).toMatchObject({
      verdict: 'over',
      run: { budget: { verdict: 'over', text: '1 J' } },
      files: [{ file: 'a.test.ts', budget: { verdict: 'over', text: '2 J' } }],
    })
    expect(run.stderr).toMatch(/ERROR: the run uses \d+(\.\d+)? J, .* its budget of 1 J/)
    expect(run.stderr).toMatch(/ERROR: a\.test\.ts uses \d+(\.\d+)? J, .* its budget of 2 J/)
    expect(run.stderr).toContain("set in vitest.config.js: budgets['run']")
  })

  test('the verdicts are counted in the summary, and those without one are named', () => {
    expect(run.stdout).toMatch(/Budgets {2}2 within, 6 over, 0 too close to call, 3 not checked/)
    expect(run.stdout).toContain('the test is expected to fail')
  })

  test('JSON, JUnit and GitHub carry the failure at its place', () => {
    const { testResults } = JSON.parse(run.read('out.json')) as {
      testResults: { assertionResults: { title: string; failureMessages: string[] }[] }[]
    }
    const failed = testResults[0]?.assertionResults.find(({ title }) => title === 'over by pattern')
    expect(failed?.failureMessages.join()).toContain('its budget of 100 mJ')
    expect(run.read('out.xml')).toMatch(
      /name="over by pattern"[^>]*>\s*<failure[^>]*type="EnergyBudgetError"/,
    )
    expect(run.stdout).toMatch(
      /::error file=[^,\n]*a\.test\.ts,title=[^\n]*over by pattern,line=10,column=1::EnergyBudgetError/,
    )
    expect(run.stdout).toMatch(/::error title=Energy budget exceeded::the run uses/)
    expect(run.stdout).toMatch(/::warning [^\n]*not checked/)
  })
})

test('a test over its budget is retried, and ends the run with bail', async () => {
  const run = await runAnnounced(
    {
      'vitest.config.js': configWith('{ idle: 0, report: { json: true } }', '{ maxWorkers: 1 }'),
      'a.test.js': `
import { test } from 'vitest'
import { draw } from './power.js'
let calls = 0
const budget = { meta: { energyBudget: '200 mJ' } }
test('cheaper the second time', { retry: 1, ...budget }, async () => { await draw(calls++ === 0 ? 4 : 0.05, 400) })
test('never cheap', { retry: 1, ...budget }, async () => { await draw(4, 400) })
test('later', () => {})
`,
    },
    { args: ['run', '--bail=1'] },
  )
  expect(run.exitCode).toBe(1)
  expect(run.stderr.match(/EnergyBudgetError/g)?.length).toBeGreaterThanOrEqual(2)
  const first = find(run, 'cheaper the second time')
  expect(first).toMatchObject({ result: 'passed', budget: { verdict: 'within' } })
  expect(first.attempts).toHaveLength(1)
  expect(first.attempts[0]?.energyJ).toBeGreaterThan(first.energyJ ?? Infinity)
  expect(find(run, 'never cheap').result).toBe('failed')
  expect(run.stdout).toMatch(/Tests {2}1 failed \| 1 passed \(3\)/)
  expect(run.report().tests).toHaveLength(2)
})

test('within: the run passes, and the wait for the meter is in no duration', async () => {
  const run = await runAnnounced(
    {
      'vitest.config.js': configWith(
        `{ idle: 0, interval: 500, report: { json: true, journal: true }, budgets: {
          run: '900 J', 'a.test.js': '800 J', '** > short': '5 J' } }`,
        '{ maxWorkers: 1 }',
      ),
      'a.test.js': `
import { test } from 'vitest'
import { draw } from './power.js'
test('short', async () => { await draw(1, 100) })
`,
    },
    { args: ['run', '--reporter=verbose', '--reporter=json', '--outputFile.json=out.json'] },
  )
  expect(run.stderr).toBe('')
  expect(run.exitCode).toBe(0)
  expect(run.report()).toMatchObject({ verdict: 'within', run: { verdicts: { within: 3 } } })
  const { testResults } = JSON.parse(run.read('out.json')) as {
    testResults: { assertionResults: { duration: number }[] }[]
  }
  const settled = run
    .read('.vitest/energy/run.jsonl')
    .split('\n')
    .filter((line) => line.includes('"waitMs"'))
    .map((line) => JSON.parse(line) as { waitMs: number })
  const waitMs = Math.max(...settled.map((line) => line.waitMs))
  expect(waitMs).toBeGreaterThan(0)
  const duration = testResults[0]?.assertionResults[0]?.duration ?? Infinity
  expect(Math.abs(duration - find(run, 'short').durationMs)).toBeLessThan(Math.max(10, waitMs / 2))
})

test('too close to call: the run passes and warns, and with `required` it fails', async () => {
  const root = makeAnnounced({
    'vitest.config.js': configWith('{ idle: 0, report: { json: true } }'),
    'a.test.js': `
import { test } from 'vitest'
import { draw } from './power.js'
test('close', { meta: { energyBudget: '2.8 J' } }, () => draw(4, 700))
`,
  })
  const run = await runAnnouncedIn(root)
  expect(find(run, 'close').budget).toMatchObject({ verdict: 'inconclusive' })
  expect(run.exitCode).toBe(0)
  expect(run.stdout).toMatch(/close: \S+ J \(\S+–\S+\) is too close to its budget of 2.8 J to call/)
  expect(run.stdout).toContain('to fail here set `required: true`')
  const strict = await runAnnouncedIn(root, { env: { VITEST_ENERGY_REQUIRED: '1' } })
  expect(strict.exitCode).toBe(1)
  expect(strict.stderr).toMatch(/ERROR: \S*close: .* is too close to its budget of 2.8 J to call/)
})

test('a budget that nobody could judge passes with a warning, and with `required` it fails', async () => {
  const root = makeAnnounced({
    'vitest.config.js': configWith('{ idle: 0, report: { json: true } }'),
    'a.test.js': `
import { test } from 'vitest'
import { draw } from './power.js'
test('too short', { meta: { energyBudget: '10 mJ' } }, () => draw(4, 5))
`,
  })
  const run = await runAnnouncedIn(root, { args: ['run', '--reporter=verbose'] })
  expect(run.exitCode).toBe(0)
  expect(find(run, 'too short').budget).toMatchObject({ verdict: 'unchecked' })
  expect(run.stdout).toContain('(budget 10 mJ not checked)')
  expect(unfolded(run.stdout)).toMatch(/not checked: .*\(a\.test\.js > too short\)/)
  const strict = await runAnnouncedIn(root, { env: { VITEST_ENERGY_REQUIRED: '1' } })
  expect(strict.exitCode).toBe(1)
  expect(strict.stderr).toMatch(/ERROR: .*too short.* not checked against its budget of 10 mJ/)
})

test('a pattern that matches nothing is said with the nearest names, on whole runs only', async () => {
  const root = makeAnnounced({
    'vitest.config.js': configWith(
      "{ idle: 0, budgets: { 'a.test.js > uplods': '1 J', 'nowhere.test.js': '1 J' } }",
    ),
    'a.test.js': `
import { test } from 'vitest'
test('uploads', () => {})
test('other', () => {})
`,
    'b.test.js': "import { test } from 'vitest'\ntest('b', () => {})",
  })
  const whole = await runAnnouncedIn(root)
  expect(whole.exitCode).toBe(0)
  expect(unfolded(whole.stdout)).toMatch(
    /budgets\['a\.test\.js > uplods'\] matches no test; nearest: 'a\.test\.js > uploads'/,
  )
  expect(unfolded(whole.stdout)).toMatch(/budgets\['nowhere\.test\.js'\] matches no /)
  for (const filter of [['a.test'], ['-t', 'other'], ['--shard=1/2']]) {
    const filtered = await runAnnouncedIn(root, { args: ['run', ...filter] })
    expect(filtered.exitCode, filter.join(' ')).toBe(0)
    expect(unfolded(filtered.stdout), filter.join(' ')).not.toContain('matches no')
  }
})

test('an idle machine is watched first where a test has a budget, wherever that was written', async () => {
  const root = makeAnnounced({
    'vitest.config.js': configWith('{ report: { json: true, journal: true } }'),
    'a.test.js':
      "import { test } from 'vitest'\ntest('a', { meta: { energyBudget: '9 J' } }, () => {})",
    'b.test.js': "import { test } from 'vitest'\ntest('b', () => {})",
  })
  const idleOf = async (file: string): Promise<unknown> => {
    const run = await runAnnouncedIn(root, { args: ['run', file] })
    const [first = ''] = run.read('.vitest/energy/run.jsonl').split('\n')
    return (JSON.parse(first) as { idleMs: unknown }).idleMs
  }
  expect(await idleOf('a.test')).toBe(1000)
  expect(await idleOf('b.test')).toBe(0)
})
