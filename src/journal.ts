import { appendFileSync, closeSync, openSync, readFileSync, readSync } from 'node:fs'
import type { DomainEnergy, Reading } from './energy/sample.ts'
import type {
  BenchEnergy,
  BudgetDeclaration,
  Comparison,
  DomainsJ,
  Figure,
  Verdict,
} from './energy/result.ts'
import { EnergyError } from './errors.ts'

/** First line: what the run is, so that a journal can be read without anything else. */
export interface RunLine {
  type: 'run'
  schema: 'vitest-energy-journal/1'
  /** wall clock of {@link RunLine.atNs}, ISO 8601 */
  startTime: string
  /** the same instant on the test clock */
  atNs: number
  /** wall clock − test clock, ms, to well below a millisecond */
  wallOffsetMs: number
  versions: { vitestEnergy: string; vitest: string; node: string }
  /** absolute folder that all `file`s are relative to */
  root: string
  pid: number
  intervalMs: number
  idleMs: number
  required: boolean
  serial: boolean
  bench: {
    rounds: number
    samplesPerBlock: number
    precision: number
    maxTimeMs: number
    quick: boolean
    /** of the random order of cases: Vitest's `sequence.seed` */
    seed: number
  }
  /** limits by pattern from the config, longest pattern first */
  budgets: { pattern: string; perOp: boolean; budget: BudgetDeclaration }[]
  runBudget: BudgetDeclaration | null
  /** CPUs of the machine */
  cpus: number
  /** workers that may run at once; 1 where nothing can run beside a test */
  workers: number
}

/** The meter came, went, or was restarted. */
export interface MeterLine {
  type: 'meter'
  atNs: number
  event: 'identity' | 'problem' | 'restarted' | 'stopped'
  name: 'powermetrics'
  state: 'ok' | 'missing' | 'not-permitted' | 'virtual-machine' | 'fault' | 'died' | 'off'
  reason: string | null
  mend: string | null
  domains: string[]
  model: string | null
  os: string | null
  source: 'live' | 'emulated'
}

/** One reading; keys are short because there are ten of these a second. */
export interface SampleLine {
  type: 'sample'
  /** arrival, test clock */
  at: number
  /** length, ns; `null`: damaged record */
  ns: number | null
  /** joules by domain; `null`: damaged record */
  J: DomainsJ | null
  /** stamp, whole seconds since 1970 */
  s: number | null
  /** how the record contradicts itself */
  x?: string
  /** thermal pressure where it is not `Nominal`; `null`: not told */
  t?: string | null
  /** CPU ms since the reading before: whole machine, main process */
  sys: number | null
  own: number | null
}

/** A file takes (`file`) or leaves (`/file`) a worker. */
export interface FileLine {
  type: 'file' | '/file'
  projectName: string
  file: string
  worker: string
  pid: number
  atNs: number
  /** CPU time of the worker so far; `null` when it cannot be told */
  cpuMs: number | null
}

/** One attempt of a test begins or ends. */
export interface AttemptLine {
  type: 'begin' | 'end'
  testId: string
  projectName: string
  file: string
  worker: string
  retry: number
  repeat: number
  atNs: number
  cpuMs: number | null
  /** other tests of this worker ran at the same time */
  concurrent?: true
  /** time the attempt waited before it began, for the machine, ms */
  waitMs: number
}

/** One block of a bench case. */
export interface BlockLine {
  type: 'block'
  testId: string
  /** nth `run` or `compare` of the test, from 0 */
  index: number
  name: string
  round: number
  startNs: number
  endNs: number
  ops: number
  cpuMs: number | null
}

/** All results of one `run` or `compare`, as the worker settled them. */
export interface BenchLine {
  type: 'bench'
  testId: string
  projectName: string
  file: string
  index: number
  cases: { name: string; energy: BenchEnergy }[]
  comparisons: Comparison[]
}

/** How far the energy phase of a `run` or `compare` is, for a live display. */
export interface ProgressLine {
  type: 'progress'
  testId: string
  index: number
  round: number
  /** least number of rounds */
  rounds: number
  /** widest half-width of the cases, as a part of the value; `null` before it can be told */
  precision: number | null
}

/** The figure of an attempt was said to somebody (judged, or printed): it stands from here on. */
export interface SettledLine {
  type: 'settled'
  testId: string
  retry: number
  repeat: number
  /** `null` where no budget was judged */
  verdict: Verdict | null
  /** why it is `unchecked` or `inconclusive`, else `null` */
  reason: string | null
  /** `null` where the limit was so far off that no figure was needed */
  figure: Figure | null
  /** joules by domain that belong to it, by index of the sample */
  shares: readonly (readonly [index: number, energy: DomainsJ])[]
  /** time the attempt waited after it had ended, for the meter, ms */
  waitMs: number
}

/** The machine is asked for, given, and given back (design: budgeted tests run alone). */
export interface ClaimLine {
  type: 'claim' | 'parked' | 'unparked' | 'release'
  worker: string
  pid: number
  atNs: number
  testId?: string
}

/** Another run of this tool measures the same machine: no figure of either is its own. */
export interface OtherRunLine {
  type: 'other-run'
  atNs: number
  pid: number
}

/** What Vitest says of a test after its last attempt. */
export interface TestLine {
  type: 'test'
  testId: string
  projectName: string
  file: string
  name: string
  result: 'passed' | 'failed' | 'skipped' | 'pending'
  durationMs: number
  budget: BudgetDeclaration | null
  /** why the budget cannot be judged, whatever was measured; `null` when it can */
  unchecked: string | null
  /** the test holds benches: it is reported by them */
  holdsBenches: boolean
}

/** Last line: the run is over. */
export interface EndLine {
  type: '/run'
  atNs: number
  /** CPU time of the main process spent in this tool, ms */
  overheadCpuMs: number
  warnings: { code: string; message: string }[]
}

export type JournalLine =
  | RunLine
  | MeterLine
  | SampleLine
  | FileLine
  | AttemptLine
  | BlockLine
  | BenchLine
  | ProgressLine
  | SettledLine
  | ClaimLine
  | OtherRunLine
  | TestLine
  | EndLine

/** What a worker is given to find its run (`inject('vitestEnergy')`). */
export interface WorkerContext {
  /** absolute path of the journal */
  journal: string
  run: RunLine
  projectName: string
  /** why nothing will be measured; `null` while the meter is expected to work */
  noMeter: string | null
  /** the meter had not answered when this was written: its first line in the journal tells */
  starting: boolean
}

/**
 * Adds one line. A failure is swallowed: a full disk must not fail a test, and the reader sees a
 * window without an end.
 */
export function append(path: string, line: JournalLine): void {
  try {
    appendFileSync(path, `${JSON.stringify(line)}\n`)
  } catch {}
}

export function sampleLine(reading: Reading): SampleLine {
  const { arrival, elapsed, energy, stampSeconds, thermalPressure, systemCpuMs, ownCpuMs } = reading
  const { contradiction } = reading
  return {
    type: 'sample',
    at: arrival,
    ns: elapsed,
    J: energy,
    s: stampSeconds,
    ...(contradiction === undefined ? {} : { x: contradiction }),
    ...(thermalPressure === 'Nominal' ? {} : { t: thermalPressure }),
    sys: systemCpuMs,
    own: ownCpuMs,
  }
}

export function readingOf(line: SampleLine): Reading {
  return {
    arrival: line.at as Reading['arrival'],
    elapsed: line.ns as Reading['elapsed'],
    energy: line.J as DomainEnergy | null,
    stampSeconds: line.s,
    ...(line.x === undefined ? {} : { contradiction: line.x }),
    thermalPressure: line.t === undefined ? 'Nominal' : line.t,
    systemCpuMs: line.sys,
    ownCpuMs: line.own,
  }
}

function parseLine(text: string): JournalLine | undefined {
  try {
    const line: unknown = JSON.parse(text)
    return typeof line === 'object' && line !== null && 'type' in line
      ? (line as JournalLine)
      : undefined
  } catch {
    return undefined
  }
}

/** The whole lines of a part of a journal; those that do not parse are left out. */
export const parseLines = (text: string): JournalLine[] =>
  text
    .slice(0, text.lastIndexOf('\n') + 1)
    .split('\n')
    .map(parseLine)
    .filter((line) => line !== undefined)

const newline = 0x0a

/** Follows a journal that others write: each call gives the whole lines added since the last. */
export class JournalFollower {
  readonly #path: string
  #offset = 0
  #rest: Buffer = Buffer.alloc(0)
  #chunk = Buffer.allocUnsafe(64 * 1024)

  constructor(path: string) {
    this.#path = path
  }

  /** @returns the new lines in order; lines that do not parse are left out */
  read(): JournalLine[] {
    const lines: JournalLine[] = []
    let file: number
    try {
      file = openSync(this.#path, 'r')
    } catch {
      return lines
    }
    try {
      for (;;) {
        const count = readSync(file, this.#chunk, 0, this.#chunk.length, this.#offset)
        if (count === 0) return lines
        this.#offset += count
        this.#take(this.#chunk.subarray(0, count), lines)
      }
    } finally {
      closeSync(file)
    }
  }

  #take(bytes: Buffer, lines: JournalLine[]): void {
    const data = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes])
    let start = 0
    for (let end = data.indexOf(newline); end !== -1; end = data.indexOf(newline, start)) {
      const line = parseLine(data.toString('utf8', start, end))
      if (line !== undefined) lines.push(line)
      start = end + 1
    }
    this.#rest = Buffer.from(data.subarray(start))
  }
}

/** The usual ones in plain words. */
const readFailures: Partial<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EISDIR: 'it is a folder',
}

/**
 * Reads a kept journal.
 * @throws {EnergyError} `JOURNAL_UNREADABLE` when there is no such file or it does not begin with a run
 */
export function readJournal(path: string): JournalLine[] {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    const reason = code === undefined ? undefined : readFailures[code]
    throw EnergyError.of('JOURNAL_UNREADABLE', path, reason ?? message)
  }
  const lines = parseLines(text)
  const [first] = lines
  if (first?.type !== 'run' || first.schema !== 'vitest-energy-journal/1') {
    throw EnergyError.of('JOURNAL_UNREADABLE', path, 'its first line is not that of a run')
  }
  return lines
}
