import type { BenchFn, BenchOptions, BenchRunOptions } from 'vitest'
import type { Nanoseconds } from '../units.ts'
import { BatchSize, asyncLoop, syncLoop } from './batch.ts'
import type { AsyncLoop, Sink, SyncLoop } from './batch.ts'
import type { BenchTask } from './latency.ts'
import { now, yieldToEventLoop } from './now.ts'

// Vitest counts and reports what is read often from another module
const clock = now
const letOthersRun = yieldToEventLoop

/** Timers, aborts and timeouts have their turn this often, ns. */
const yieldNs = 2e7

const isThenable = (value: unknown): value is PromiseLike<unknown> =>
  (typeof value === 'object' || typeof value === 'function') &&
  value !== null &&
  typeof (value as { then?: unknown }).then === 'function'

const isAsyncFunction = (fn: BenchFn): boolean => fn.constructor === (async () => {}).constructor

/** As tinybench makes an error of whatever was thrown. */
export function toError(thrown: unknown): Error {
  if (thrown instanceof Error) return thrown
  if (typeof thrown === 'object' && thrown !== null) {
    const { message } = thrown as { message?: unknown }
    return new Error(typeof message === 'string' ? message : '')
  }
  // oxlint-disable-next-line typescript/no-base-to-string -- no object comes here
  return new Error(thrown === undefined ? '' : String(thrown))
}

export interface CaseAtWork {
  fn: BenchFn
  fnOpts: BenchOptions
  options: BenchRunOptions
  /** tinybench's task: `this` of function and hooks */
  task: BenchTask
  /** time of one call in the latency phase, ns */
  opNs: number
  /** the test's own signal */
  signal: AbortSignal
}

/** One benchmarked function, called in blocks. */
export class CaseRunner {
  readonly #case: CaseAtWork
  readonly #call: () => unknown
  readonly #sink: Sink = { value: undefined }
  readonly #batch: BatchSize
  #sync: SyncLoop | null = null
  #async: AsyncLoop | null = null
  #isAsync: boolean | null
  #failed = false
  #ops = 0
  #lastYield = 0

  constructor(atWork: CaseAtWork) {
    this.#case = atWork
    this.#call = atWork.fn.bind(atWork.task)
    this.#batch = new BatchSize(atWork.opNs)
    this.#isAsync = atWork.fnOpts.async ?? (isAsyncFunction(atWork.fn) ? true : null)
  }

  /** The case has hooks that run at each call. */
  get hooked(): boolean {
    const { beforeEach, afterEach } = this.#case.fnOpts
    return beforeEach !== undefined || afterEach !== undefined
  }

  /** The function is plain and synchronous, so that the loop around it may be told apart. */
  get tight(): boolean {
    return this.#isAsync === false && !this.hooked && !this.#parallel
  }

  get #parallel(): boolean {
    return this.#case.options.concurrency === 'task'
  }

  get aborted(): boolean {
    const { signal, options, fnOpts } = this.#case
    return signal.aborted || options.signal?.aborted === true || fnOpts.signal?.aborted === true
  }

  async prepare(): Promise<void> {
    const { task, options, fnOpts } = this.#case
    await options.setup?.(task, 'run')
    await fnOpts.beforeAll?.call(task, 'run')
  }

  /** After a failure `afterAll` is left out, as tinybench does. */
  async finish(): Promise<void> {
    const { task, options, fnOpts } = this.#case
    try {
      if (!this.#failed) await fnOpts.afterAll?.call(task, 'run')
    } finally {
      await options.teardown?.(task, 'run')
    }
  }

  /**
   * Calls the function until `until`, at least once.
   * @returns the number of calls; fewer than could be when the test is aborted
   * @throws {Error} what the function or a hook throws
   */
  async work(until: Nanoseconds): Promise<number> {
    this.#ops = 0
    this.#lastYield = clock()
    try {
      await this.#detect()
      if (this.#parallel) await this.#inParallel(until)
      else if (this.hooked) await this.#withHooks(until)
      else if (this.#isAsync === true) await this.#asyncBatches(until)
      else await this.#syncBatches(until)
    } catch (thrown) {
      this.#failed = true
      throw toError(thrown)
    }
    return this.#ops
  }

  /** The first call tells whether the function is asynchronous; it belongs to the discarded round. */
  async #detect(): Promise<void> {
    if (this.#isAsync !== null || this.hooked || this.#parallel || this.aborted) return
    const result = this.#call()
    this.#isAsync = isThenable(result)
    this.#sink.value = await result
    this.#ops += 1
  }

  #goesOn(until: Nanoseconds): boolean {
    return !this.aborted && (clock() < until || this.#ops === 0)
  }

  async #yield(): Promise<void> {
    if (clock() - this.#lastYield < yieldNs) return
    await letOthersRun()
    this.#lastYield = clock()
  }

  async #syncBatches(until: Nanoseconds): Promise<void> {
    const loop = (this.#sync ??= syncLoop(this.#call, this.#sink))
    while (this.#goesOn(until)) {
      const started = clock()
      loop(this.#batch.count)
      this.#ops += this.#batch.count
      this.#batch.correct(clock() - started)
      await this.#yield()
    }
  }

  async #asyncBatches(until: Nanoseconds): Promise<void> {
    const loop = (this.#async ??= asyncLoop(this.#call, this.#sink))
    while (this.#goesOn(until)) {
      const started = clock()
      await loop(this.#batch.count)
      this.#ops += this.#batch.count
      this.#batch.correct(clock() - started)
      await this.#yield()
    }
  }

  async #once(): Promise<void> {
    const { task, fnOpts } = this.#case
    try {
      await fnOpts.beforeEach?.call(task, 'run')
      const result = this.#call()
      this.#sink.value = isThenable(result) ? await result : result
      this.#ops += 1
    } finally {
      await fnOpts.afterEach?.call(task, 'run')
    }
  }

  async #withHooks(until: Nanoseconds): Promise<void> {
    while (this.#goesOn(until)) {
      const started = clock()
      for (let left = this.#batch.count; left > 0; left--) await this.#once()
      this.#batch.correct(clock() - started)
      await this.#yield()
    }
  }

  /** Keeps as many calls in flight as tinybench would. */
  async #inParallel(until: Nanoseconds): Promise<void> {
    const { threshold = Number.POSITIVE_INFINITY, iterations = 64 } = this.#case.options
    const limit = Math.max(1, Math.floor(threshold))
    const inFlight = iterations === 0 ? limit : Math.max(1, Math.min(limit, iterations))
    const errors: Error[] = []
    const runner = async (): Promise<void> => {
      try {
        do {
          await this.#once()
          await this.#yield()
        } while (errors.length === 0 && this.#goesOn(until))
      } catch (thrown) {
        errors.push(toError(thrown))
      }
    }
    await Promise.all(Array.from({ length: inFlight }, runner))
    if (errors.length > 1)
      throw new AggregateError(errors, 'Multiple errors occurred during concurrent execution')
    const [error] = errors
    if (error !== undefined) throw error
  }
}
