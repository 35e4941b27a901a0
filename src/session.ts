import { appendFileSync, copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { execa } from 'execa'
import { reportOf } from './analysis.ts'
import { knownUntil, slowness } from './energy/cadence.ts'
import { computeFigures } from './figures.ts'
import type { Figures } from './figures.ts'
import { JournalFollower, append, sampleLine } from './journal.ts'
import type { MeterLine, RunLine, TestLine } from './journal.ts'
import { chooseMeter } from './meters/choose.ts'
import type { MeterEvents, MeterIdentity, MeterProblem, RunningMeter } from './meters/meter.ts'
import { meetOtherRuns } from './other-runs.ts'
import type { ResolvedOptions } from './options.ts'
import type { EnergyReport, Warning } from './report/json.ts'
import { busiest, listPrograms } from './programs.ts'
import { RunState } from './run-state.ts'
import { testClock, wallOffsetMs } from './test-clock.ts'
import { nanoseconds } from './units.ts'

export interface SessionFacts {
  /** absolute, `/` separated */
  root: string
  versions: RunLine['versions']
  /** how long the machine is watched before the first test, ms */
  idleMs: number
  seed: number
  /** workers that may run at once */
  workers: number
}

/** longer than the slowest counter that was seen takes (2.2 s, M5 Max under macOS 27), ns */
const publication = 5e9

/** Time that is spent in this tool itself, in Vitest's main process. */
class OwnTime {
  #spentMs = 0

  run<T>(work: () => T): T {
    const before = process.cpuUsage()
    try {
      return work()
    } finally {
      const { user, system } = process.cpuUsage(before)
      this.#spentMs += (user + system) / 1000
    }
  }

  get ms(): number {
    return this.#spentMs
  }
}

/**
 * One run: owns the meter and the journal from the first to the last line. Everything it started
 * ends with {@link Session.finish}, or with {@link Session.dispose} when the process goes.
 */
export class Session {
  readonly run: RunLine
  readonly journal: string
  readonly state: RunState = new RunState()
  readonly #folder: string
  readonly #options: ResolvedOptions
  readonly #follower: JournalFollower
  readonly #own = new OwnTime()
  readonly #warnings: Warning[] = []
  readonly #leave: () => void
  #meter: RunningMeter | null = null
  #report: Promise<EnergyReport> | null = null
  #problem: MeterProblem | null = null
  #ready: Promise<void> = Promise.resolve()
  #identified = false
  #isOver = false

  constructor(options: ResolvedOptions, facts: SessionFacts) {
    this.#options = options
    this.#folder = mkdtempSync(join(tmpdir(), 'vitest-energy-'))
    this.journal = join(this.#folder, 'journal.jsonl')
    this.#follower = new JournalFollower(this.journal)
    this.run = runLine(options, facts)
    appendFileSync(this.journal, `${JSON.stringify(this.run)}\n`, { mode: 0o600 })
    this.#leave = meetOtherRuns(this.journal)
    process.on('exit', this.#onExit)
  }

  /** why nothing will be measured; `null` while the meter works */
  get problem(): MeterProblem | null {
    return this.#problem
  }

  /**
   * Starts the meter.
   * @throws {EnergyError} `METER_PATH`
   */
  start(): void {
    const { meter, intervalMs, powermetrics } = this.#options
    const choice = chooseMeter({ meter, intervalMs, ...powermetrics })
    if ('reason' in choice) this.#fail(choice)
    else {
      this.#meter = choice.start(this.#events())
      this.#ready = this.#watch(this.#meter)
    }
  }

  /** Whether the meter has given its first record, or has failed to. */
  get hasAnswered(): boolean {
    return this.#problem !== null || this.#identified
  }

  /** Settles when tests may begin, measured or not. */
  get ready(): Promise<void> {
    return this.#ready
  }

  /** Waits for the first record, then watches the idle machine for as long as the run asks. */
  async #watch(meter: RunningMeter): Promise<void> {
    const outcome = await meter.ready
    if ('reason' in outcome) this.#fail(outcome)
    else if (this.run.idleMs > 0) await delay(this.run.idleMs)
  }

  #events(): MeterEvents {
    return {
      identity: (identity) => {
        this.#identified = true
        this.#write(identityLine(identity))
      },
      reading: (reading) => {
        this.#own.run(() => append(this.journal, sampleLine(reading)))
      },
      problem: (problem) => this.#fail(problem),
      restarted: (reason) => this.#write(meterLine('restarted', 'ok', reason, null)),
    }
  }

  #fail(problem: MeterProblem): void {
    if (this.#problem !== null) return
    this.#problem = problem
    this.#write(meterLine('problem', problem.state, problem.reason, problem.mend))
  }

  #write(line: MeterLine | TestLine): void {
    append(this.journal, line)
  }

  /** Reads what the workers and the meter have written since. */
  sync(): void {
    this.#own.run(() => {
      for (const line of this.#follower.read()) this.state.take(line)
    })
  }

  /** until when the energy is known, ns */
  get coveredUntil(): number {
    return knownUntil(this.state.decided)
  }

  /** Whether no more samples will come. */
  get ended(): boolean {
    return this.#problem !== null || this.#isOver
  }

  /** What Vitest says of a test that has ended. */
  recordTest(line: TestLine): void {
    this.#write(line)
  }

  /** Time that the attempts of a test have waited for us, ms, by `retry.repeat`. */
  waitsOf(testId: string): ReadonlyMap<string, number> {
    return this.state.waits.get(testId) ?? new Map()
  }

  /** A file has left its worker, as Vitest says it: closes a span that a dead worker left open. */
  closeFile(projectName: string, file: string): void {
    const type = '/file'
    const atNs = testClock()
    append(this.journal, { type, projectName, file, worker: '', pid: 0, atNs, cpuMs: null })
  }

  warn(warning: Warning): void {
    this.#warnings.push(warning)
  }

  /**
   * Makes the figures of these tests final, because somebody is about to read them.
   * @param testIds tests that have ended and whose windows the samples cover
   */
  settle(testIds: ReadonlySet<string>): void {
    this.#own.run(() => {
      const windows = this.state.windows.filter(
        ({ id, testId }) => testIds.has(testId) && !this.state.settled.get(id)?.figure,
      )
      if (windows.length === 0) return
      const from = windows.reduce((least, { start }) => Math.min(least, start), Infinity)
      const { figures } = computeFigures(this.state, nanoseconds(from))
      for (const { id, testId, retry, repeat } of windows) {
        const found = figures.get(id)
        if (found === undefined) continue
        const { shares, netStandardErrorJ: _, ...figure } = found
        // a verdict that needed no figure stands as it is
        const { verdict = null, reason = null } = this.state.settled.get(id) ?? {}
        const judged = { verdict, reason, waitMs: 0 }
        const line = { type: 'settled', testId, retry, repeat, ...judged, figure, shares } as const
        append(this.journal, line)
        this.state.take(line)
      }
    })
  }

  /** Ends the meter and tells the whole run. Idempotent. */
  finish(): Promise<EnergyReport> {
    this.#report ??= this.#finish()
    return this.#report
  }

  async #finish(): Promise<EnergyReport> {
    await this.#ready
    await this.#awaitPublication()
    const leaked = (await this.#meter?.stop()) ?? null
    this.#isOver = true
    if (leaked !== null) {
      const message = `powermetrics (pid ${leaked}) did not end; stop it with: sudo kill ${leaked}`
      this.warn({ code: 'meter-leaked', message })
    }
    this.sync()
    const figures = this.#own.run(() => computeFigures(this.state))
    await this.#nameCulprit(figures)
    const overheadCpuMs = this.#own.ms
    append(this.journal, {
      type: '/run',
      atNs: testClock(),
      overheadCpuMs,
      warnings: this.#warnings,
    })
    this.sync()
    return reportOf(this.state, this.run, figures)
  }

  /** A slow counter tells of the last test only when it is published next. */
  async #awaitPublication(): Promise<void> {
    const deadline = testClock() + publication
    this.sync()
    const end = this.state.windows.reduce(
      (latest, window) => Math.max(latest, window.end),
      -Infinity,
    )
    const isSlow = (): boolean => slowness(this.state.decided) !== 'fresh'
    while (isSlow() && this.coveredUntil < end && !this.ended && testClock() < deadline) {
      await delay(this.run.intervalMs)
      this.sync()
    }
  }

  /** Who used the machine beside the tests; asked only when somebody did. */
  async #nameCulprit({ figures }: Figures): Promise<void> {
    const { benches, settled } = this.state
    const isDisturbed =
      [...figures].some(
        ([id, { state }]) => (settled.get(id)?.figure?.state ?? state) === 'disturbed',
      ) || benches.some(({ cases }) => cases.some(({ energy }) => energy.state === 'disturbed'))
    if (!isDisturbed) return
    const options = { reject: false, timeout: 2000, env: { LC_ALL: 'C' } } as const
    const programs = await listPrograms(async (file, args) => {
      const { stdout } = await execa(file, args, options)
      return { stdout: stdout ?? '' }
    })
    const { who, mend } = busiest(programs)
    this.warn({
      code: 'disturbed',
      message: `other programs used the machine; now ${who}: ${mend}`,
    })
  }

  /** @param path absolute */
  keepJournal(path: string): void {
    mkdirSync(dirname(path), { recursive: true })
    copyFileSync(this.journal, path)
  }

  /** Removes the journal; nothing can be read after it. */
  dispose(): void {
    process.off('exit', this.#onExit)
    this.#meter?.abandon()
    this.#leave()
    rmSync(this.#folder, { recursive: true, force: true })
  }

  readonly #onExit = (): void => this.dispose()
}

function runLine(options: ResolvedOptions, facts: SessionFacts): RunLine {
  const { intervalMs, required, serial, bench, budgets, runBudget } = options
  return {
    type: 'run',
    schema: 'vitest-energy-journal/1',
    startTime: new Date().toISOString(),
    atNs: testClock(),
    wallOffsetMs: wallOffsetMs(),
    versions: facts.versions,
    root: facts.root,
    pid: process.pid,
    intervalMs,
    idleMs: facts.idleMs,
    required,
    serial,
    bench: { ...bench, seed: facts.seed },
    budgets,
    runBudget,
    cpus: availableParallelism(),
    workers: facts.workers,
  }
}

function meterLine(
  event: 'problem' | 'restarted',
  state: MeterLine['state'],
  reason: string,
  mend: string | null,
): MeterLine {
  const name = 'powermetrics'
  const unknown = { model: null, os: null, source: 'live' } as const
  return {
    type: 'meter',
    atNs: testClock(),
    event,
    name,
    state,
    reason,
    mend,
    domains: [],
    ...unknown,
  }
}

function identityLine({ name, domains, model, os, emulated }: MeterIdentity): MeterLine {
  const source = emulated ? 'emulated' : 'live'
  const fine = { state: 'ok', reason: null, mend: null } as const
  return {
    type: 'meter',
    atNs: testClock(),
    event: 'identity',
    name,
    ...fine,
    domains,
    model,
    os,
    source,
  }
}
