import { describe, expect, test } from 'vitest'
import { analyze } from '../src/analysis.ts'
import type { JournalLine, MeterLine, RunLine, SampleLine, TestLine } from '../src/journal.ts'

const ms = 1e6
const second = 1000 * ms

const run: RunLine = {
  type: 'run',
  schema: 'vitest-energy-journal/1',
  startTime: '2026-01-01T00:00:00.000Z',
  atNs: 0,
  wallOffsetMs: 1_767_225_600_000,
  versions: { vitestEnergy: '0', vitest: '5', node: 'v24' },
  root: '/project',
  pid: 1,
  intervalMs: 100,
  idleMs: 1000,
  required: false,
  serial: false,
  bench: {
    rounds: 10,
    samplesPerBlock: 5,
    precision: 0.02,
    maxTimeMs: 15_000,
    quick: false,
    seed: 1,
  },
  budgets: [],
  runBudget: null,
  cpus: 8,
  workers: 1,
}

const identity: MeterLine = {
  type: 'meter',
  atNs: 0,
  event: 'identity',
  name: 'powermetrics',
  state: 'ok',
  reason: null,
  mend: null,
  domains: ['cpu', 'gpu', 'ane'],
  model: 'Mac16,5',
  os: '24F74',
  source: 'live',
}

/** 0.2 W at rest, 4 W from 2 s to 3 s. */
const samples: SampleLine[] = Array.from({ length: 50 }, (_, k) => {
  const busy = k >= 20 && k < 30
  return {
    type: 'sample',
    at: (k + 1) * 100 * ms + ms,
    ns: 100 * ms,
    J: { cpu: busy ? 0.4 : 0.02 + (k % 2) / 1000, gpu: 0, ane: 0 },
    s: 1_767_225_600 + Math.floor((k + 1) / 10),
    sys: null,
    own: null,
  }
})

const where = { projectName: '', file: 'a.test.ts', worker: '7.0' } as const
const file = (type: 'file' | '/file', at: number): JournalLine => ({
  type,
  ...where,
  pid: 7,
  atNs: at * second,
  cpuMs: at * 1000,
})
const attempt = (type: 'begin' | 'end', at: number, retry = 0): JournalLine => ({
  type,
  testId: 't',
  ...where,
  retry,
  repeat: 0,
  atNs: at * second,
  cpuMs: at * 1000,
  waitMs: 0,
})
const line: TestLine = {
  type: 'test',
  testId: 't',
  projectName: '',
  file: 'a.test.ts',
  name: 'suite > test',
  result: 'passed',
  durationMs: 1000,
  budget: null,
  unchecked: null,
  holdsBenches: false,
}
const end: JournalLine = { type: '/run', atNs: 5 * second, overheadCpuMs: 1, warnings: [] }
const budget = (limitJ: number) => ({ limitJ, text: `${limitJ} J`, source: 'here' })

const journal = (test: Partial<TestLine> = {}, more: Partial<RunLine> = {}): JournalLine[] => [
  { ...run, ...more },
  identity,
  ...samples,
  file('file', 2),
  attempt('begin', 2),
  attempt('end', 3),
  file('/file', 3),
  { ...line, ...test },
  end,
]

describe('a journal', () => {
  test('gives an isolated test the energy of its samples', () => {
    const [only] = analyze(journal()).tests
    expect(only).toMatchObject({ state: 'measured', name: 'suite > test', attempts: [] })
    expect(only?.energyJ).toBeCloseTo(4, 1)
    expect(only?.netJ).toBeCloseTo(3.8, 1)
  })

  test('gives the same report when it is read again', () => {
    expect(JSON.stringify(analyze(journal()))).toBe(JSON.stringify(analyze(journal())))
  })

  test('conserves energy: tests and the rest make up the trace', () => {
    const { energyJ, attributedJ, unattributedJ } = analyze(journal()).run
    expect(energyJ).toBeCloseTo(
      samples.reduce((sum, { J }) => sum + (J?.cpu ?? 0), 0),
      9,
    )
    expect((attributedJ ?? 0) + (unattributedJ ?? 0)).toBeCloseTo(energyJ ?? 0, 9)
  })

  test('puts earlier attempts in `attempts` and the last in front', () => {
    const lines = journal().flatMap((each) =>
      each.type === 'end'
        ? [attempt('end', 2.5), attempt('begin', 2.5, 1), attempt('end', 3, 1)]
        : [each],
    )
    const [only] = analyze(lines).tests
    expect(only?.attempts.map(({ durationMs }) => durationMs)).toEqual([500])
    expect(only?.durationMs).toBe(500)
  })

  test('without a meter tells the reason in each test and judges nothing', () => {
    const problem: MeterLine = {
      ...identity,
      event: 'problem',
      state: 'not-permitted',
      reason: 'only root may read it',
      mend: 'npx vitest-energy setup',
    }
    const lines = journal({ budget: budget(1) })
      .filter(({ type }) => type !== 'sample')
      .map((each) => (each.type === 'meter' ? problem : each))
    const report = analyze(lines)
    expect(report.meter).toMatchObject({ state: 'not-permitted', reason: 'only root may read it' })
    expect(report.run.energyJ).toBeNull()
    expect(report.tests[0]).toMatchObject({ state: 'no-meter', energyJ: null })
    expect(report.tests[0]?.budget).toMatchObject({ verdict: 'unchecked' })
    expect(report.verdict).toBe('unchecked')
  })

  test('a test over its budget that nobody failed is unchecked, not kept', () => {
    const [only] = analyze(journal({ budget: budget(1) })).tests
    expect(only?.budget).toMatchObject({ verdict: 'unchecked' })
    expect(analyze(journal({ budget: budget(9) })).tests[0]?.budget?.verdict).toBe('within')
  })

  test('the run is over its budget by the whole trace', () => {
    expect(analyze(journal({}, { runBudget: budget(1) })).run.budget?.verdict).toBe('over')
    expect(analyze(journal({}, { runBudget: budget(9) })).run.budget?.verdict).toBe('within')
  })

  test('a hole leaves a run budget that is not exceeded unchecked', () => {
    const lines = journal({}, { runBudget: budget(9) }).map((each) =>
      each === samples[40] ? { ...each, J: null } : each,
    )
    expect(analyze(lines).run.budget).toMatchObject({ verdict: 'unchecked' })
    expect(analyze(lines).meter.gaps).toBe(1)
  })

  test('a file with a budget is judged by its whole span', () => {
    const pattern = { pattern: 'a.test.ts', perOp: false }
    const of = (limitJ: number) =>
      analyze(journal({}, { budgets: [{ ...pattern, budget: budget(limitJ) }] })).files?.[0]
    expect(of(2)?.budget.verdict).toBe('over')
    expect(of(8)?.budget.verdict).toBe('within')
    expect(of(8)?.energyJ).toBeCloseTo(4, 1)
  })

  test('records that contradict themselves make the meter a fault and its figures none', () => {
    const lines = journal().map((each) =>
      each.type === 'sample' ? { ...each, x: 'cpu: odd' } : each,
    )
    const report = analyze(lines)
    expect(report.meter).toMatchObject({ state: 'fault' })
    expect(report.tests[0]).toMatchObject({ state: 'fault', energyJ: null })
  })

  test('a hot machine is warned of', () => {
    const lines = journal().map((each) => (each === samples[3] ? { ...each, t: 'Heavy' } : each))
    expect(analyze(lines).warnings).toContainEqual({
      code: 'thermal-pressure',
      message: 'the machine was hot: thermal pressure Heavy in 1 of 50 samples',
    })
  })

  test('another run on the machine makes every figure shared', () => {
    const lines = journal()
    lines.splice(2, 0, { type: 'other-run', atNs: 0, pid: 99 })
    const report = analyze(lines)
    expect(report.tests[0]?.state).toBe('shared')
    expect(report.warnings.map(({ code }) => code)).toContain('other-run')
  })
})
