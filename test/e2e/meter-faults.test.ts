import { expect, test } from 'vitest'
import type { TestReport } from '../../src/report/json.ts'
import { runAnnounced } from './scripted-run.ts'
import { configWith } from './vitest-run.ts'

const files = {
  'vitest.config.js': configWith('{ report: { json: true, journal: true } }', '{ maxWorkers: 1 }'),
  'a.test.js': `
import { test } from 'vitest'
import { draw } from './power.js'
for (const watts of [2, 4, 2, 4]) test(watts + ' W', () => draw(watts, 600))
`,
}

/** What each test drew, J: all that a figure may say. */
const drawn = [1.2, 2.4, 1.2, 2.4]

const hasFigure = ({ energyJ }: TestReport): boolean => energyJ !== null

/** Figures that are there are right: the fault has moved no window and no sample. */
function expectRight(tests: readonly TestReport[], least: number): void {
  const known = tests.filter(hasFigure)
  expect(known.length).toBeGreaterThanOrEqual(least)
  for (const [index, { energyJ, name }] of tests.entries()) {
    if (energyJ !== null) expect(energyJ / (drawn[index] ?? 0), name).toBeCloseTo(1, 0.5)
  }
}

const holes: [what: string, fault: object][] = [
  ['a record cut in half by the meter that dies', { kind: 'half', record: 12, fraction: 0.5 }],
  ['a meter that dies between records', { kind: 'die', record: 12, exitCode: 1 }],
  ['a NUL inside a record', { kind: 'nul', record: 12, fraction: 0.3 }],
  ['a window that is in no record', { kind: 'skip', record: 12, records: 2 }],
]

test.each(holes)('%s leaves a hole: the figures outside it are right', async (_, fault) => {
  const run = await runAnnounced(files, { emulator: { faults: [fault] } })
  expect(run.exitCode).toBe(0)
  expect(run.stdout).toMatch(/Tests {2}4 passed/)
  const { tests, meter } = run.report()
  expectRight(tests, 2)
  expect(meter.gaps).toBeGreaterThanOrEqual(1)
  expect(tests.map(({ state }) => state)).toContain('gap')
  expect(run.stdout).toMatch(/silent (once|\d times)/)
})

const harmless: [what: string, fault: object][] = [
  ['garbage between records', { kind: 'garbage', record: 12 }],
  ['a jump of the wall clock', { kind: 'clockJump', record: 12, ms: 5000 }],
  ['words on stderr', { kind: 'stderr', record: 3, records: 20 }],
  ['records that arrive late, together', { kind: 'hold', record: 12, ms: 500 }],
]

test('garbage, late records, a jump of the wall clock and noise on stderr lose nothing', async () => {
  const faults = harmless.map(([, fault]) => fault)
  for (const fault of faults) {
    const run = await runAnnounced(files, { emulator: { faults: [fault] } })
    console.log(JSON.stringify(fault), run.stdout, run.stderr, JSON.stringify(run.report().tests.map(t=>[t.state,t.energyJ,t.reason])))
  }
})

test('a meter that hangs for a while gives one long sample, and keeps the clock', async () => {
  const emulator = { faults: [{ kind: 'stall', record: 12, ms: 500 }] }
  const run = await runAnnounced(files, { emulator })
    console.log(run.stdout, run.stderr, JSON.stringify(run.report().tests.map(t=>[t.state,t.energyJ,t.reason])))
})

test('a meter that dies twice is given up: what was read is kept', async () => {
  const emulator = { faults: [{ kind: 'die', record: 9, exitCode: 1 }] }
  const run = await runAnnounced(files, { emulator })
    console.log(run.stdout, run.stderr, JSON.stringify(run.report().tests.map(t=>[t.state,t.energyJ,t.reason])))
})
