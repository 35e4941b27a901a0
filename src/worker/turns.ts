import { appendFileSync, existsSync } from 'node:fs'
import { isAlive } from '../is-alive.ts'
import { append } from '../journal.ts'
import type { ClaimLine, WorkerContext } from '../journal.ts'
import type { FileSpan } from '../energy/window.ts'
import { nanoseconds } from '../units.ts'
import type { LiveTrace } from './live.ts'
import { now, sleep } from './now.ts'

/** A test that is not given the machine after so long runs beside the others, and says so. */
const patienceMs = 60_000

/**
 * Whose turn it is to have the machine. A budgeted test claims it; the other workers park at their
 * next test or file until it is released. Nobody waits for a worker that is gone.
 */
export class Turns {
  readonly #context: WorkerContext
  readonly #worker: string
  /** tests of this worker that run now */
  readonly #running: () => number
  /** asked only when somebody has claimed: reading the journal costs what a test should not pay */
  readonly #trace: () => Promise<LiveTrace>
  readonly #mark: string
  #waiting = 0
  #isParked = false

  constructor(
    context: WorkerContext,
    worker: string,
    running: () => number,
    trace: () => Promise<LiveTrace>,
  ) {
    this.#context = context
    this.#worker = worker
    this.#running = running
    this.#trace = trace
    this.#mark = `${context.journal}.claimed`
  }

  /**
   * Waits while another worker has the machine, or asks for it.
   * @returns time waited, ms
   */
  async park(signal?: AbortSignal): Promise<number> {
    if (!existsSync(this.#mark)) return 0
    const trace = await this.#trace()
    trace.sync()
    if (!this.#isClaimedByOthers(trace)) return 0
    const started = now()
    this.#waiting += 1
    const isOver = (): boolean => signal?.aborted === true
    while (this.#isClaimedByOthers(trace) && !isOver()) {
      if (!this.#isParked && this.#running() === 0) this.#write('parked')
      await sleep(10)
      trace.sync()
    }
    this.#waiting -= 1
    if (this.#isParked && this.#waiting === 0) this.#write('unparked')
    return (now() - started) / 1e6
  }

  /**
   * Asks for the machine and waits until nothing else of this run uses it, and one sample more.
   * @returns time waited, ms; {@link release} must follow
   */
  async claim(testId: string, signal: AbortSignal): Promise<number> {
    const started = now()
    appendFileSync(this.#mark, '')
    this.#write('claim', testId)
    const trace = await this.#trace()
    const isOver = (): boolean => signal.aborted || now() - started > patienceMs * 1e6
    for (;;) {
      await this.#untilAlone(trace, isOver)
      const quiet = nanoseconds(now() + trace.intervalMs * 1e6)
      if (isOver() || (await trace.waitFor(quiet, signal)) !== null) break
      // a file may have begun in the same moment: its line is there now
      if (this.#isAlone(trace)) break
    }
    return (now() - started) / 1e6
  }

  release(): void {
    this.#write('release')
  }

  async #untilAlone(trace: LiveTrace, isOver: () => boolean): Promise<void> {
    trace.sync()
    while (!this.#isAlone(trace) && !isOver()) {
      // the claim before ours: its owner waits for us
      const isFirst = this.#liveClaims(trace)[0]?.worker === this.#worker
      if (!isFirst && !this.#isParked) this.#write('parked')
      if (isFirst && this.#isParked) this.#write('unparked')
      await sleep(10)
      trace.sync()
    }
    if (this.#isParked) this.#write('unparked')
  }

  #isAlone(trace: LiveTrace): boolean {
    if (this.#liveClaims(trace)[0]?.worker !== this.#worker) return false
    const { spans, parked } = trace.state
    const resting = new Set(parked.filter(({ end }) => end === null).map(({ worker }) => worker))
    return spans.every((span) => !this.#isBusy(trace, span) || resting.has(span.worker))
  }

  #isBusy(trace: LiveTrace, { worker, end }: FileSpan): boolean {
    const pid = trace.state.pids.get(worker)
    return end === null && worker !== this.#worker && pid !== undefined && isAlive(pid)
  }

  /** A claim counts while its worker lives and is still with the file it was made in. */
  #liveClaims({ state }: LiveTrace): ClaimLine[] {
    return state.claims.filter(
      ({ worker, pid }) =>
        worker === this.#worker ||
        (isAlive(pid) && state.spans.some((span) => span.worker === worker && span.end === null)),
    )
  }

  #isClaimedByOthers(trace: LiveTrace): boolean {
    return this.#liveClaims(trace).some(({ worker }) => worker !== this.#worker)
  }

  #write(type: ClaimLine['type'], testId?: string): void {
    if (type === 'parked' || type === 'unparked') this.#isParked = type === 'parked'
    const line = { type, worker: this.#worker, pid: process.pid, atNs: now() }
    append(this.#context.journal, testId === undefined ? line : { ...line, testId })
  }
}
