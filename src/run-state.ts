import { SampleClock } from './energy/clock.ts'
import type { Parked } from './energy/party.ts'
import type { Readings } from './energy/readings.ts'
import type { Sample } from './energy/sample.ts'
import type { EnergyWindow, FileSpan } from './energy/window.ts'
import { readingOf } from './journal.ts'
import type {
  AttemptLine,
  BenchLine,
  BlockLine,
  ClaimLine,
  EndLine,
  FileLine,
  JournalLine,
  MeterLine,
  OtherRunLine,
  ProgressLine,
  RunLine,
  SettledLine,
  TestLine,
} from './journal.ts'
import { milliseconds, nanoseconds } from './units.ts'

/** The name of one attempt in all maps. */
export const windowId = (testId: string, retry: number, repeat: number): string =>
  `${testId}#${retry}.${repeat}`

/** One run as its journal tells it, line by line: the same for the run itself and for a replay. */
export class RunState {
  /** attempts that have ended, in the order of their ends */
  readonly windows: EnergyWindow[] = []
  /** attempts that have begun and not ended, by window id */
  readonly open: Map<string, AttemptLine> = new Map()
  readonly spans: FileSpan[] = []
  readonly tests: Map<string, TestLine> = new Map()
  readonly benches: BenchLine[] = []
  readonly blocks: BlockLine[] = []
  readonly settled: Map<string, SettledLine> = new Map()
  /** claims that are not released, oldest first */
  readonly claims: ClaimLine[] = []
  /** time that the attempts of each test waited for us, ms, by `retry.repeat` */
  readonly waits: Map<string, Map<string, number>> = new Map()
  /** when workers waited for another one's budgeted test */
  readonly parked: Parked[] = []
  readonly otherRuns: OtherRunLine[] = []
  /** process of each worker */
  readonly pids: Map<string, number> = new Map()
  run: RunLine | null = null
  /** how far the energy phase of the running bench is; `null` when there is none */
  progress: ProgressLine | null = null
  #clock = new SampleClock()
  /** what the first record said; `null` before it */
  identity: MeterLine | null = null
  /** the meter's last word */
  meter: MeterLine | null = null
  restarts = 0
  end: EndLine | null = null

  take(line: JournalLine): void {
    switch (line.type) {
      case 'run':
        this.run = line
        this.#clock = new SampleClock({
          wallOffsetMs: line.wallOffsetMs,
          intervalMs: line.intervalMs,
        })
        break
      case 'meter':
        this.#takeMeter(line)
        break
      case 'sample':
        this.#clock.add(readingOf(line))
        break
      case 'file':
      case '/file':
        this.#takeFile(line)
        break
      case 'begin':
      case 'end':
        this.#takeAttempt(line)
        break
      case 'test':
        this.tests.set(line.testId, line)
        break
      case 'bench':
        this.benches.push(line)
        this.progress = null
        break
      case 'settled':
        this.settled.set(windowId(line.testId, line.retry, line.repeat), line)
        this.#addWait(line)
        break
      case 'claim':
      case 'parked':
      case 'unparked':
      case 'release':
        this.#takeClaim(line)
        break
      case 'other-run':
        this.otherRuns.push(line)
        break
      case '/run':
        this.end = line
        break
      case 'progress':
        this.progress = line
        break
      case 'block':
        this.blocks.push(line)
        break
    }
  }

  get clock(): SampleClock {
    return this.#clock
  }

  get readings(): Readings {
    return this.#clock.readings
  }

  get samples(): readonly Sample[] {
    return this.#clock.samples
  }

  /** samples that will not be placed anew */
  get decided(): readonly Sample[] {
    return this.#clock.decided
  }

  #addWait({ testId, retry, repeat, waitMs }: AttemptLine | SettledLine): void {
    const waits = this.waits.get(testId) ?? new Map<string, number>()
    const attempt = `${retry}.${repeat}`
    waits.set(attempt, (waits.get(attempt) ?? 0) + waitMs)
    this.waits.set(testId, waits)
  }

  #takeMeter(line: MeterLine): void {
    // the end that the run itself asked for says nothing about the meter
    if (line.event === 'stopped') return
    this.meter = line
    if (line.event === 'identity') this.identity ??= line
    if (line.event === 'restarted') this.restarts += 1
  }

  #takeClaim(line: ClaimLine): void {
    const { worker, type } = line
    this.pids.set(worker, line.pid)
    if (type === 'claim') this.claims.push(line)
    if (type === 'parked') this.parked.push({ worker, start: nanoseconds(line.atNs), end: null })
    if (type === 'unparked') {
      const open = this.parked.findLast((each) => each.worker === worker && each.end === null)
      if (open !== undefined) open.end = nanoseconds(line.atNs)
    }
    if (type === 'release') {
      const at = this.claims.findIndex((each) => each.worker === worker)
      if (at !== -1) this.claims.splice(at, 1)
    }
  }

  /** The benches of each test; of a retried one those of the last attempt that got so far. */
  lastBenches(): BenchLine[] {
    const byPlace = new Map<string, BenchLine>()
    for (const bench of this.benches) byPlace.set(`${bench.testId} ${bench.index}`, bench)
    return [...byPlace.values()]
  }

  #takeFile(line: FileLine): void {
    const { projectName, file, worker } = line
    if (line.type === 'file') {
      this.pids.set(worker, line.pid)
      const start = nanoseconds(line.atNs)
      this.spans.push({ projectName, file, worker, start, end: null, cpu: null })
      this.#spanCpu.set(`${worker} ${file}`, line.cpuMs)
      return
    }
    // no worker: the main process says that the file is over, whatever became of its worker
    const span = this.spans.findLast(
      (each) =>
        each.end === null &&
        each.file === file &&
        each.projectName === projectName &&
        (worker === '' || each.worker === worker),
    )
    if (span === undefined) return
    const before = this.#spanCpu.get(`${worker} ${file}`) ?? null
    span.end = nanoseconds(line.atNs)
    if (before !== null && line.cpuMs !== null) span.cpu = milliseconds(line.cpuMs - before)
  }

  /** What an open file has used so far. */
  #takeCpu({ worker, file, cpuMs }: AttemptLine): void {
    const before = this.#spanCpu.get(`${worker} ${file}`) ?? null
    const span = this.spans.findLast((each) => each.worker === worker && each.file === file)
    if (span?.end !== null || before === null || cpuMs === null) return
    span.cpu = milliseconds(cpuMs - before)
  }

  readonly #spanCpu = new Map<string, number | null>()

  #takeAttempt(line: AttemptLine): void {
    const { testId, projectName, file, retry, repeat, worker } = line
    const id = windowId(testId, retry, repeat)
    if (line.type === 'begin') {
      this.open.set(id, line)
      this.#addWait(line)
      return
    }
    const begin = this.open.get(id)
    if (begin === undefined) return
    this.open.delete(id)
    const concurrent = line.concurrent === true
    const known = begin.cpuMs !== null && line.cpuMs !== null && !concurrent
    this.#takeCpu(line)
    this.windows.push({
      id,
      testId,
      projectName,
      file,
      retry,
      repeat,
      worker,
      start: nanoseconds(begin.atNs),
      end: nanoseconds(line.atNs),
      cpu: known ? milliseconds((line.cpuMs ?? 0) - (begin.cpuMs ?? 0)) : null,
      concurrent,
    })
  }
}
