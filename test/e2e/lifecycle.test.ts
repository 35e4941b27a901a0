import { appendFileSync, existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { execaSync } from 'execa'
import { expect, test } from 'vitest'
import type { EnergyReport } from '../../src/report/json.ts'
import { makeAnnounced, runAnnouncedIn, startAnnouncedIn } from './scripted-run.ts'
import { configWith, emulatorPath, temporaryFolder } from './vitest-run.ts'
import type { RunOptions, VitestRun } from './vitest-run.ts'

/** A project whose meter writes the process it is into a file. */
function project(files: Record<string, string>): { root: string; env: Record<string, string> } {
  const root = makeAnnounced({
    'vitest.config.js': configWith('{ report: { json: true } }'),
    ...files,
  })
  const path = join(root, 'meter')
  const script = `#!/bin/sh\necho $$ >> ${root}/pids\nexec ${emulatorPath} "$@"\n`
  writeFileSync(path, script, { mode: 0o755 })
  return { root, env: { VITEST_ENERGY_POWERMETRICS: path } }
}

const startedIn = (root: string): number[] =>
  existsSync(join(root, 'pids'))
    ? readFileSync(join(root, 'pids'), 'utf8').trim().split('\n').map(Number)
    : []

/** An orphan that nobody has waited for is a zombie: it has ended. */
function isAlive(pid: number): boolean {
  const { stdout, exitCode } = execaSync('ps', ['-o', 'stat=', '-p', String(pid)], {
    reject: false,
  })
  return exitCode === 0 && !stdout.trim().startsWith('Z')
}

/** Two intervals of 100 ms after the run, and a little for a machine that is busy. */
async function expectNoMeterLeft(root: string, count: number): Promise<void> {
  const pids = startedIn(root)
  expect(pids).toHaveLength(count)
  for (let waited = 0; waited < 600 && pids.some(isAlive); waited += 20) await delay(20)
  expect(pids.filter(isAlive)).toEqual([])
}

const expectNoJournalLeft = (root: string): void =>
  expect(
    readdirSync(temporaryFolder(root)).filter((name) => /^vitest-energy-\w{6}$/.test(name)),
  ).toEqual([])

const passing =
  "import { test } from 'vitest'\nimport { sleep } from './power.js'\ntest('works', () => sleep(200))\n"

const endings: [what: string, test: string, args: string[], exitCode: number][] = [
  ['a run that passes', passing, [], 0],
  [
    'a test that fails, and bail',
    "import { test } from 'vitest'\ntest('x', () => { throw new Error('no') })\ntest('y', () => {})",
    ['--bail=1'],
    1,
  ],
  [
    'an uncaught error in a worker',
    "import { test } from 'vitest'\nimport { sleep } from './power.js'\ntest('x', async () => { setTimeout(() => { throw new Error('nobody') }, 10); await sleep(200) })",
    [],
    1,
  ],
  [
    'a worker that ends its process',
    "import { test } from 'vitest'\ntest('x', () => { process.kill(process.pid, 'SIGKILL') })",
    [],
    1,
  ],
  ['a file that does not compile', 'const = 1', [], 1],
]

test.each(endings)('%s leaves no meter and no journal', async (_, text, args, exitCode) => {
  const { root, env } = project({ 'a.test.js': text })
  const run = await runAnnouncedIn(root, { env, args: ['run', ...args] })
  expect(run.exitCode).toBe(exitCode)
  expect(run.report().meter.state).toBe('ok')
  await expectNoMeterLeft(root, 1)
  expectNoJournalLeft(root)
})

test.each(['SIGINT', 'SIGTERM', 'SIGKILL'] as const)('%s leaves no meter', async (signal) => {
  const long = passing.replace('200', '20_000').replace(')\n', ', 30_000)\n')
  const { root, env } = project({
    'a.test.js': `${long}\nimport './begun.js'`,
    'begun.js':
      "import { writeFileSync } from 'node:fs'\nwriteFileSync(process.env.POWER_FILE + '.begun', '')",
  })
  const child = startAnnouncedIn(root, { env })
  const begun = join(root, 'power.jsonl.begun')
  while (!existsSync(begun)) await delay(20)
  await delay(150)
  child.kill(signal)
  await child
  await expectNoMeterLeft(root, 1)
  if (signal !== 'SIGKILL') expectNoJournalLeft(root)
})

test('nothing is started where nothing is run', async () => {
  const { root, env } = project({ 'a.test.js': passing })
  for (const args of [['list'], ['run', 'nowhere'], ['run', '--passWithNoTests', 'nowhere']]) {
    await runAnnouncedIn(root, { env, args })
  }
  await runAnnouncedIn(root, { env: { ...env, VITEST_ENERGY: '0' }, args: ['run'] })
  expect(startedIn(root)).toEqual([])
  expectNoJournalLeft(root)
})

test('watch mode starts nothing unless it is asked to, and says so once', async () => {
  const { root, env } = project({
    'a.test.js': passing,
    'b.test.js':
      "import { writeFileSync } from 'node:fs'\nimport { test } from 'vitest'\ntest('b', () => writeFileSync(process.env.POWER_FILE + '.done', ''))",
  })
  const child = startAnnouncedIn(root, { env, args: ['--watch'] })
  while (!existsSync(join(root, 'power.jsonl.done'))) await delay(20)
  await delay(500)
  child.kill('SIGINT')
  const { stdout } = await child
  expect(stdout).toMatch(/Tests {2}2 passed/)
  expect(startedIn(root)).toEqual([])
  expect(stdout.match(/energy.*watch/gi)).toHaveLength(1)
})

test('a re-run of one file says nothing of the patterns of others', async () => {
  const { root, env } = project({
    'vitest.config.js': configWith(
      "{ watch: true, idle: 0, report: { json: true }, budgets: { 'a.test.js > *': '9 J' } }",
    ),
    'a.test.js': passing,
    'b.test.js': passing,
  })
  const path = join(root, '.vitest/energy/run.json')
  const report = async (files: number): Promise<EnergyReport> => {
    for (;;) {
      try {
        const read = JSON.parse(readFileSync(path, 'utf8')) as EnergyReport
        if (new Set(read.tests.map(({ file }) => file)).size === files) return read
      } catch {
        // not there yet, or half written
      }
      await delay(20)
    }
  }
  const child = startAnnouncedIn(root, { env, args: ['--watch'] })
  await report(2)
  await delay(500)
  appendFileSync(join(root, 'b.test.js'), '\n')
  const again = await report(1)
  child.kill('SIGINT')
  await child
  expect(again.tests.map(({ file }) => file)).toEqual(['b.test.js'])
  expect(again.warnings.map(({ code }) => code)).not.toContain('budget-unmatched')
})

interface Measured {
  testResults: { assertionResults: { title: string; meta: { energy?: { energyJ: number } } }[] }[]
}

function energiesOf(run: VitestRun, file: string): Map<string, number | undefined> {
  const { testResults } = JSON.parse(run.read(file)) as Measured
  const all = testResults.flatMap(({ assertionResults }) => assertionResults)
  return new Map(all.map(({ title, meta }) => [title, meta.energy?.energyJ]))
}

test('shards keep their energies when they are merged, without a meter', async () => {
  const named = (name: string) =>
    `import { test } from 'vitest'\nimport { draw } from './power.js'\ntest('${name}', () => draw(2, 400))\n`
  const { root, env } = project({ 'a.test.js': named('a'), 'b.test.js': named('b') })
  const shard = (nth: number): RunOptions => ({
    env,
    args: ['run', `--shard=${nth}/2`, '--reporter=blob', `--outputFile=blobs/${nth}.json`],
  })
  await runAnnouncedIn(root, shard(1))
  await runAnnouncedIn(root, shard(2))
  const merged = await runAnnouncedIn(root, {
    env,
    args: [
      'run',
      '--merge-reports=blobs',
      '--reporter=verbose',
      '--reporter=json',
      '--outputFile.json=out.json',
    ],
  })
  expect(merged.exitCode).toBe(0)
  const energies = energiesOf(merged, 'out.json')
  expect([...energies.keys()].sort()).toEqual(['a', 'b'])
  for (const [name, energyJ] of energies) expect(energyJ, name).toBeGreaterThan(0)
  expect(merged.stdout).toMatch(/✓ a\.test\.js > a \d+ms · \S+/)
  await expectNoMeterLeft(root, 2)
})

test('what tests do to clocks, timers and files does not reach the measurement', async () => {
  const { root, env } = project({
    'vitest.config.js': configWith(
      '{ report: { json: true }, idle: 0 }',
      '{ hookTimeout: 50, maxWorkers: 1 }',
    ),
    'a.test.js': `
import * as fs from 'node:fs'
import defaultFs from 'node:fs'
import { test, vi } from 'vitest'
import { draw } from './power.js'
const budget = { meta: { energyBudget: '5 J' } }
test('fake timers', budget, async () => { vi.useFakeTimers(); await draw(2, 300) })
test('spies on files', budget, async () => {
  vi.useRealTimers()
  for (const name of ['appendFileSync', 'readSync', 'openSync', 'readFileSync']) {
    if (name !== 'appendFileSync') vi.spyOn(defaultFs, name).mockImplementation(() => { throw new Error('spied') })
  }
  await draw(2, 300)
  vi.spyOn(defaultFs, 'appendFileSync').mockImplementation(() => { throw new Error('spied') })
})
test('no clock', budget, async () => {
  vi.restoreAllMocks()
  await draw(2, 300)
  process.hrtime.bigint = () => 0n
  performance.now = () => 0
  Date.now = () => 0
  globalThis.setTimeout = () => { throw new Error('no timers') }
})
`,
  })
  const run = await runAnnouncedIn(root, { env })
  expect(run.stderr).toBe('')
  expect(run.exitCode).toBe(0)
  for (const { name, durationMs, energyJ } of run.report().tests) {
    expect(durationMs, name).toBeGreaterThan(290)
    expect(durationMs, name).toBeLessThan(1000)
    expect(energyJ, name).toBeGreaterThan(0.3)
  }
})

test('tests that run beside others are shared: run totals stand, single figures do not', async () => {
  const { root, env } = project({
    'vitest.config.js': configWith('{ report: { json: true } }', '{ maxWorkers: 2 }'),
    'a.test.js': passing.replace('200', '900'),
    'b.test.js': passing.replace('200', '900'),
    'c.test.js': '',
  })
  const beside = await runAnnouncedIn(root, {
    env,
    args: ['run', 'a.test', 'b.test', '--reporter=verbose'],
  })
  expect(beside.report().tests.map(({ state }) => state)).toEqual(['shared', 'shared'])
  expect(beside.report().run.energyJ).toBeGreaterThan(0)
  expect(beside.stdout).toContain('2 workers ran at once, so no joules for 2 single tests')
  expect(beside.stdout).not.toMatch(/works \d+ms · \d/)

  const serial = await runAnnouncedIn(root, {
    env: { ...env, VITEST_ENERGY_SERIAL: '1' },
    args: ['run', 'a.test', 'b.test'],
  })
  expect(serial.report().tests.map(({ state }) => state)).not.toContain('shared')
  await expectNoMeterLeft(root, 2)
})
