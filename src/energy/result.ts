/**
 * The figures as they leave the core: plain numbers with the unit in the name, fit for JSON.
 * A figure that is not known is `null`; `reason` then says why.
 */

/** How far a figure can be trusted; docs/method.md explains each. */
export type FigureState =
  | 'measured'
  | 'rough'
  | 'below-resolution'
  | 'shared'
  | 'disturbed'
  | 'gap'
  | 'fault'
  | 'no-meter'

export type Verdict = 'within' | 'over' | 'inconclusive' | 'unchecked'

/** joules by domain; a domain that the meter does not have is absent */
export type DomainsJ = Partial<Record<'cpu' | 'gpu' | 'ane' | 'dram' | 'package', number>>

/** A budget as declared, before it is judged. */
export interface BudgetDeclaration {
  /** joules; joules per operation for a bench case */
  limitJ: number
  /** as written, such as `5 mJ` */
  text: string
  /** where it was written, such as `vitest.config.ts: budgets['test/** > x']` */
  source: string
}

export interface BudgetResult extends BudgetDeclaration {
  verdict: Verdict
  /** why it is `unchecked` or `inconclusive`, else `null` */
  reason: string | null
}

/** The energy of one attempt of a test. */
export interface Figure {
  state: FigureState
  reason: string | null
  /** gross energy in the window, best estimate */
  energyJ: number | null
  standardErrorJ: number | null
  /** 95 % interval */
  lowJ: number | null
  highJ: number | null
  /** no split of the samples can give less or more: wholly inside … all touching */
  boundsJ: [low: number, high: number] | null
  /** gross − idle power × duration; may be negative */
  netJ: number | null
  domainsJ: DomainsJ
  /** mean power over the window */
  powerW: number | null
  /** highest power of a sample that lies mostly in the window */
  peakPowerW: number | null
  durationMs: number
  /** CPU time of the worker in the window; `null` when it cannot be told from its neighbours' */
  cpuMs: number | null
  /** samples that the window touches */
  samples: number
}

/** What `task.meta.energy` holds. */
export interface TestEnergy extends Figure {
  /** of the test, as Vitest has it */
  result: 'passed' | 'failed' | 'skipped' | 'pending'
  /** earlier attempts, oldest first; the fields above are those of the last */
  attempts: Figure[]
  budget: BudgetResult | null
}

/** What `result.energy` and `latency.energy` of a bench case hold. All energies are net of idle. */
export interface BenchEnergy {
  state: FigureState
  reason: string | null
  energyPerOpJ: number | null
  /** 95 % interval */
  lowJ: number | null
  highJ: number | null
  /** rounds that count (the first, discarded, and disturbed ones are not among them) */
  rounds: number
  /** samples in those rounds' blocks */
  samples: number
  /** operations in those rounds */
  ops: number
  /** wall time of one operation while energy was measured */
  timePerOpNs: number | null
  powerW: number | null
  /** what was taken off: idle power of the rounds' own gaps, watts; absent when it is not known */
  idlePowerW?: number
  opsPerJ: number | null
  /** energy × time of one operation */
  edpJs: number | null
  domainsPerOpJ: DomainsJ
  stoppedBy: 'precision' | 'rounds' | 'maxTime' | 'timeout' | 'budget' | 'quick' | 'aborted' | null
  /** the blocks contain the case's `beforeEach` and `afterEach` */
  hooksIncluded: boolean
  /** units of work in one operation; absent when the case gives none */
  units?: number
  energyPerUnitJ?: number
  /** what a reader of the row should know besides, one clause each; absent when nothing */
  notes?: string[]
  budget: BudgetResult | null
}

/** Two cases of one `bench.compare`: energy of `b` per operation ÷ that of `a`. */
export interface Comparison {
  a: string
  b: string
  ratio: number
  low: number
  high: number
  /** the interval, widened for the number of pairs (Holm), excludes 1 */
  different: boolean
}
