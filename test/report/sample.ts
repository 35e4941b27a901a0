import type { BudgetResult, Comparison, Figure, Verdict } from '../../src/energy/result.ts'
import type { BenchReport, EnergyReport, TestReport } from '../../src/report/json.ts'

/** A budget of `text`; the source is where such a budget would have been written. */
export function budgetOf(
  text: string,
  limitJ: number,
  verdict: Verdict,
  reason: string | null = null,
): BudgetResult {
  return { text, limitJ, source: "vitest.config.ts: budgets['x']", verdict, reason }
}

/** A measured second of 4 W. */
export const figure: Figure = {
  state: 'measured',
  reason: null,
  energyJ: 4,
  standardErrorJ: 0.04,
  lowJ: 3.92,
  highJ: 4.08,
  boundsJ: [3.6, 4.4],
  netJ: 3.97,
  domainsJ: { cpu: 3.9, gpu: 0.1, ane: 0 },
  powerW: 4,
  peakPowerW: 4.4,
  durationMs: 1000,
  cpuMs: 980,
  samples: 10,
}

/** What a test has that the meter could not see. */
export const unknown: Partial<Figure> = {
  energyJ: null,
  standardErrorJ: null,
  lowJ: null,
  highJ: null,
  boundsJ: null,
  netJ: null,
  domainsJ: {},
  powerW: null,
  peakPowerW: null,
  samples: 0,
}

export function testOf(name: string, changes: Partial<TestReport> = {}): TestReport {
  const place = { id: `id ${name}`, projectName: '', file: 'test/photo.test.ts', name }
  return { ...place, result: 'passed', ...figure, attempts: [], budget: null, ...changes }
}

/** A bench case of `energyPerOpJ` ±1 %. */
export function benchOf(
  name: string,
  energyPerOpJ: number,
  changes: Partial<BenchReport> = {},
): BenchReport {
  return {
    id: 'b1',
    index: 0,
    projectName: '',
    file: 'bench/parse.bench.ts',
    test: 'parsers',
    name,
    state: 'measured',
    reason: null,
    energyPerOpJ,
    lowJ: energyPerOpJ * 0.99,
    highJ: energyPerOpJ * 1.01,
    rounds: 10,
    samples: 50,
    ops: 3_000_000,
    timePerOpNs: (energyPerOpJ / 3.34) * 1e9,
    powerW: 3.34,
    opsPerJ: 1 / energyPerOpJ,
    edpJs: (energyPerOpJ * energyPerOpJ) / 3.34,
    domainsPerOpJ: { cpu: energyPerOpJ, gpu: 0, ane: 0 },
    stoppedBy: 'precision',
    hooksIncluded: false,
    budget: null,
    ...changes,
  }
}

export const parsers: BenchReport[] = [
  benchOf('JSON.parse', 5.46e-6, { idlePowerW: 0.031 }),
  benchOf('hand parser', 5.51e-6, { powerW: 3.33, idlePowerW: 0.031 }),
  benchOf('structuredClone', 17.9e-6, { powerW: 3.37, idlePowerW: 0.031 }),
]

export const parserComparisons: Comparison[] = [
  { a: 'JSON.parse', b: 'hand parser', ratio: 1.009, low: 0.99, high: 1.03, different: false },
  { a: 'JSON.parse', b: 'structuredClone', ratio: 3.278, low: 3.24, high: 3.32, different: true },
  { a: 'hand parser', b: 'structuredClone', ratio: 3.249, low: 3.2, high: 3.3, different: true },
]

/** A run with one of most things. */
export function reportOf(changes: Partial<EnergyReport> = {}): EnergyReport {
  return {
    schema: 'vitest-energy/1',
    source: 'live',
    versions: { vitestEnergy: '0.1.0', vitest: '5.1.1', node: '24.0.0' },
    startTime: '2026-01-02T03:04:05.000Z',
    meter: {
      name: 'powermetrics',
      state: 'ok',
      reason: null,
      mend: null,
      domains: ['cpu', 'gpu', 'ane'],
      intervalMs: 100,
      medianSampleMs: 107.9,
      samples: 121,
      gaps: 0,
      cadenceMs: 107.9,
      machine: { model: 'Mac16,10', os: '25B78' },
    },
    run: {
      durationMs: 13_100,
      energyJ: 41.8,
      domainsJ: { cpu: 41.2, gpu: 0.6, ane: 0 },
      idlePowerW: 0.031,
      attributedJ: 36.9,
      unattributedJ: 4.9,
      overheadCpuMs: 12,
      budget: null,
      verdicts: { within: 0, over: 0, inconclusive: 0, unchecked: 0 },
    },
    tests: [],
    benches: [],
    comparisons: [],
    verdict: null,
    warnings: [],
    ...changes,
  }
}

/** Two measured tests, one rough, two too short, a compare of three cases; budgets of each verdict. */
export function fullReport(): EnergyReport {
  const place = { file: 'bench/parse.bench.ts', test: 'parsers' }
  const tests = [
    testOf('resizes 12 MP', { budget: budgetOf('5 J', 5, 'within') }),
    testOf('thumbnail', {
      state: 'rough',
      energyJ: 1.02,
      lowJ: 0.71,
      highJ: 1.33,
      durationMs: 318,
      budget: budgetOf('1 J', 1, 'unchecked', 'the figure is too rough to compare with the limit'),
    }),
    testOf('reads a header', { state: 'below-resolution', energyJ: 0.02, durationMs: 4 }),
    testOf('reads a footer', { state: 'below-resolution', energyJ: 0.01, durationMs: 3 }),
    testOf('uploads', {
      file: 'test/upload.test.ts',
      result: 'failed',
      energyJ: 9,
      lowJ: 8.8,
      highJ: 9.2,
      budget: budgetOf('8 J', 8, 'over'),
    }),
  ]
  const close = 'the limit lies inside the 95 % interval'
  return reportOf({
    tests,
    benches: [
      benchOf('JSON.parse', 5.46e-6, { idlePowerW: 0.031 }),
      benchOf('hand parser', 5.51e-6, {
        powerW: 3.33,
        budget: budgetOf('5.5 µJ/op', 5.5e-6, 'inconclusive', close),
      }),
      benchOf('structuredClone', 17.9e-6, { powerW: 3.37 }),
    ],
    comparisons: parserComparisons.map((comparison) => Object.assign({}, place, comparison)),
    verdict: 'over',
    run: {
      ...reportOf().run,
      verdicts: { within: 1, over: 1, inconclusive: 1, unchecked: 1 },
    },
    warnings: [{ code: 'IDLE_MOVED', message: 'idle power moved from 0.03 W to 0.05 W' }],
  })
}
