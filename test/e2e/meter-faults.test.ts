import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { EnergyReport } from '../../src/report/json.ts'
import { announced, makeAnnounced, runAnnounced, runAnnouncedIn } from './scripted-run.ts'
import { configWith, emulatorPath } from './vitest-run.ts'
import type { VitestRun } from './vitest-run.ts'

const files = {
  'vitest.config.js': configWith('{ report: { json: true, journal: true } }', '{ maxWorkers: 1 }'),
  'a.test.js': `
import { test } from 'vitest'
import { draw } from './power.js'
for (const watts of [2, 4, 2, 4]) test(watts + ' W', () => draw(watts, 500))
`,
}

/** What each test drew, J: all that a figure may say. */
const drawn = [1, 2, 1, 2]

/** States that come with a figure; other programs may use the machine these tests run on. */
const withFigure = new Set(['measured', 'rough', 'disturbed'])

/** The figures that are told are right: no fault has moved a window or a sample. */
function expectRight({ tests }: EnergyReport, least: number): void {
  const told = tests.filter(({ state }) => withFigure.has(state))
  expect(told.length).toBeGreaterThanOrEqual(least)
  for (const [index, { state, energyJ, name }] of tests.entries()) {
    if (!withFigure.has(state)) continue
    const relative = (energyJ ?? 0) / (drawn[index] ?? 0)
    expect(relative, `${index}: ${name}`).toBeGreaterThan(0.9)
    expect(relative, `${index}: ${name}`).toBeLessThan(1.1)
  }
}

/** The faults are played by the first process of the meter only: the second one is sound. */
async function runWithOnce(...faults: object[]): Promise<VitestRun> {
  const root = makeAnnounced(files)
  const env = { VITEST_ENERGY_POWERMETRICS: soundTheSecondTime(root) }
  return expectPassed(await runAnnouncedIn(root, { emulator: { faults }, env }))
}

const runWith = async (...faults: object[]): Promise<VitestRun> =>
  expectPassed(await runAnnounced(files, { emulator: { faults } }))

function expectPassed(run: VitestRun): VitestRun {
  expect(run.exitCode).toBe(0)
  expect(run.stderr).toBe('')
  expect(run.stdout).toMatch(/Tests {2}4 passed/)
  return run
}

function soundTheSecondTime(root: string): string {
  const path = join(root, 'meter')
  const sound = JSON.stringify(announced(root))
  const script = `#!/bin/sh
if [ -e ${root}/once ]; then export VITEST_ENERGY_EMULATOR='${sound}'; fi
touch ${root}/once
exec ${emulatorPath} "$@"
`
  writeFileSync(path, script, { mode: 0o755 })
  return path
}

const statesOf = (run: VitestRun): string[] => run.report().tests.map(({ state }) => state)

test('a record cut in half by a meter that dies: it is started once more, the hole is marked', async () => {
  const fault = { kind: 'half', record: 11, fraction: 0.5 }
  const run = await runWithOnce(fault)
  const report = run.report()
  expectRight(report, 2)
  expect(statesOf(run)).toContain('gap')
  expect(report.meter).toMatchObject({ state: 'ok', gaps: 1 })
  expect(report.warnings.map(({ code }) => code)).toContain('meter-restarted')
  expect(run.stdout).toMatch(/Meter {2}.*silent once/)
})

test('a NUL inside a record makes a span of unknown energy', async () => {
  const run = await runWith({ kind: 'nul', record: 11, fraction: 0.3 })
  expectRight(run.report(), 2)
  expect(run.report().meter.gaps).toBe(1)
  expect(statesOf(run)).toContain('gap')
})

test('windows that are in no record make a gap, not a smaller figure', async () => {
  const run = await runWith({ kind: 'skip', record: 11, records: 2 })
  expectRight(run.report(), 1)
  expect(run.report().meter.gaps).toBe(1)
  expect(statesOf(run)).toContain('gap')
})

test('garbage between records, words on stderr and late reads lose nothing', async () => {
  const run = await runWith(
    { kind: 'garbage', record: 8 },
    { kind: 'stderr', record: 3, records: 20 },
    { kind: 'hold', record: 13, ms: 400 },
  )
  expectRight(run.report(), 4)
  expect(run.report().meter).toMatchObject({ state: 'ok', gaps: 0 })
})

test('a jump of the wall clock moves no window', async () => {
  const run = await runWith({ kind: 'clockJump', record: 11, ms: 5000 })
  expectRight(run.report(), 3)
  expect(run.stdout).toContain('the machine slept, or its clock was set, once')
})

test('a meter that hangs gives one long sample: its energy is kept', async () => {
  const run = await runWith({ kind: 'stall', record: 11, ms: 500 })
  const report = run.report()
  expectRight(report, 1)
  expect(report.meter.gaps).toBe(0)
  expect(report.run.energyJ).toBeGreaterThan(5.9)
})

test('a meter that dies twice is given up: what it has said is kept', async () => {
  const run = await runWith({ kind: 'die', record: 8, exitCode: 1 })
  const report = run.report()
  expectRight(report, 0)
  expect(report.meter).toMatchObject({ state: 'died' })
  expect(report.run.energyJ).toBeGreaterThan(1)
  expect(report.tests.at(-1)).toMatchObject({ state: 'gap', energyJ: null })
  expect(run.stdout).toMatch(/died: powermetrics ended by itself \(exit code 1\)/)
})
