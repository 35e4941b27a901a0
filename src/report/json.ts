import type {
  BenchEnergy,
  BudgetResult,
  Comparison,
  DomainsJ,
  TestEnergy,
  Verdict,
} from '../energy/result.ts'
import type { Domain } from '../energy/sample.ts'
import type { MeterState } from '../meters/meter.ts'

/** Something the reader should know; `code` is stable, the text is not. */
export interface Warning {
  code: string
  message: string
}

/** The meter as it did in this run. */
export interface MeterReport {
  /** `null` when none was looked for */
  name: 'powermetrics' | null
  state: MeterState
  /** what was seen, where `state` is not `ok`; else `null` */
  reason: string | null
  /** the smallest thing that mends it, usually a command; absent or `null` when nothing does */
  mend?: string | null
  /** in the order of `domains` in energy/sample.ts; empty before the first record */
  domains: Domain[]
  /** asked, ms */
  intervalMs: number
  /** true length of a sample, median; `null` before the first record */
  medianSampleMs: number | null
  samples: number
  /** stretches in which the meter was silent */
  gaps: number
  /** how often the counters really change; `null` when it was not learnt */
  cadenceMs: number | null
  machine: {
    /** `hw_model`, such as `Mac16,5` */
    model: string | null
    /** `kern_osversion`, such as `24F74` */
    os: string | null
  }
}

/** How many budgets of the run (tests, cases, files, the run itself) got each verdict. */
export type VerdictCounts = Record<Verdict, number>

/** The run as a whole. */
export interface RunReport {
  durationMs: number
  /** gross energy from the first to the last sample of the run */
  energyJ: number | null
  domainsJ: DomainsJ
  idlePowerW: number | null
  /** what the tests and benches got */
  attributedJ: number | null
  /** what was drawn between them: imports, hooks, waiting */
  unattributedJ: number | null
  /** CPU time that this tool used in Vitest's main process */
  overheadCpuMs: number | null
  budget: BudgetResult | null
  verdicts: VerdictCounts
}

/** One test: its last attempt, earlier ones in `attempts`. */
export interface TestReport extends TestEnergy {
  /** Vitest's task id */
  id: string
  projectName: string
  /** relative to the root, `/` separated */
  file: string
  /** `suite > test` */
  name: string
}

/** One case of a `bench.compare` or `bench().run()`. */
export interface BenchReport extends BenchEnergy {
  /** Vitest's id of the test that holds it */
  id: string
  /** nth `run` or `compare` of that test, from 0 */
  index: number
  projectName: string
  /** relative to the root, `/` separated */
  file: string
  /** the test that holds it, `suite > test` */
  test: string
  /** name of the case */
  name: string
}

/** Two cases of one `compare`. */
export interface ComparisonReport extends Comparison {
  file: string
  test: string
}

/** A file with a budget of its own: the total of its span. */
export interface FileReport {
  projectName: string
  /** relative to the root, `/` separated */
  file: string
  energyJ: number | null
  /** 95 % interval */
  lowJ: number | null
  highJ: number | null
  budget: BudgetResult
}

/** Everything that is known of a run; docs/report.schema.json describes the same as JSON. */
export interface EnergyReport {
  schema: 'vitest-energy/1'
  /** `emulated`: the joules are invented from CPU load or a script */
  source: 'live' | 'emulated'
  versions: { vitestEnergy: string; vitest: string; node: string }
  /** ISO 8601 */
  startTime: string
  meter: MeterReport
  run: RunReport
  tests: TestReport[]
  benches: BenchReport[]
  comparisons: ComparisonReport[]
  /** files that have a budget; absent when none has */
  files?: FileReport[]
  /** the worst of all budgets; `null` without budgets */
  verdict: Verdict | null
  warnings: Warning[]
}

/**
 * The report as it is written to a file: indented JSON with a newline at its end.
 * A number that is no number (`NaN`, `Infinity`) becomes `null`.
 */
export function serializeReport(report: EnergyReport): string {
  return `${JSON.stringify(report, null, 2)}\n`
}
