import { describe, expect, test } from 'vitest'
import type { BenchFn, BenchOptions, BenchRunOptions } from 'vitest'
import type { Nanoseconds } from '../../src/units.ts'
import { BatchSize, asyncLoop, emptyLoopNs, syncLoop } from '../../src/worker/batch.ts'
import { CaseRunner, toError } from '../../src/worker/blocks.ts'
import type { BenchTask } from '../../src/worker/latency.ts'
import { now } from '../../src/worker/now.ts'

const task = { name: 'the task' } as BenchTask

interface Made {
  fnOpts?: BenchOptions
  options?: BenchRunOptions
  opNs?: number
  signal?: AbortSignal
}

const runnerOf = (fn: BenchFn, made: Made = {}): CaseRunner =>
  new CaseRunner({
    fn,
    fnOpts: {},
    options: {},
    task,
    opNs: 1000,
    signal: new AbortController().signal,
    ...made,
  })

const inMs = (ms: number) => (now() + ms * 1e6) as Nanoseconds
const past = 0 as Nanoseconds

const pause = (ms: number) => new Promise((resolve) => void setTimeout(resolve, ms))

const one = () => 1

const fails = () => {
  throw new Error('no')
}

const mostInFlight = async (options: BenchRunOptions) => {
  let inFlight = 0
  let most = 0
  const runner = runnerOf(
    async () => {
      most = Math.max(most, ++inFlight)
      await pause(2)
      inFlight -= 1
    },
    { options: { concurrency: 'task', ...options }, opNs: 1e6 },
  )
  const ops = await runner.work(inMs(10))
  expect(inFlight).toBe(0)
  expect(ops).toBeGreaterThanOrEqual(most)
  return most
}

const failInParallel = (threshold: number) => {
  const options: BenchRunOptions = { concurrency: 'task', threshold }
  return runnerOf(() => Promise.reject(new Error('no')), { options }).work(inMs(5))
}

describe('a block', () => {
  test('counts every call', async () => {
    let calls = 0
    const runner = runnerOf(() => {
      calls += 1
    })
    const ops = await runner.work(inMs(5))
    expect(ops).toBe(calls)
    expect(ops).toBeGreaterThan(100)
  })

  test('has at least one call, however late it is', async () => {
    let calls = 0
    const slow = () => {
      calls += 1
    }
    const runner = runnerOf(slow, { opNs: 1e9, fnOpts: { async: false } })
    expect(await runner.work(past)).toBe(1)
    expect(calls).toBe(1)
  })

  test('calls one after the other what is asynchronous', async () => {
    let inFlight = 0
    let most = 0
    const runner = runnerOf(
      async () => {
        most = Math.max(most, ++inFlight)
        await pause(1)
        inFlight -= 1
      },
      { opNs: 1e6 },
    )
    expect(await runner.work(inMs(20))).toBeGreaterThan(2)
    expect(most).toBe(1)
  })

  test('finds out that a plain function returns promises', async () => {
    let settled = 0
    const runner = runnerOf(
      () =>
        pause(1).then(() => {
          settled += 1
        }),
      { opNs: 1e6 },
    )
    expect(await runner.work(inMs(10))).toBe(settled)
  })

  test('gives the function and its hooks the task as `this`', async () => {
    const seen = new Set<unknown>()
    function look(this: unknown): void {
      seen.add(this)
    }
    const fnOpts = { beforeAll: look, beforeEach: look, afterEach: look, afterAll: look }
    const runner = runnerOf(look, { fnOpts })
    await runner.prepare()
    await runner.work(past)
    await runner.finish()
    expect([...seen]).toEqual([task])
  })

  test('has beforeEach and afterEach around each call, with the mode `run`', async () => {
    const log: string[] = []
    const fnOpts: BenchOptions = {
      beforeEach: (mode) => void log.push(`before ${mode}`),
      afterEach: (mode) => void log.push(`after ${mode}`),
    }
    const runner = runnerOf(() => void log.push('call'), { fnOpts, opNs: 1e9 })
    expect(runner.hooked).toBe(true)
    await runner.work(past)
    expect(log).toEqual(['before run', 'call', 'after run'])
  })

  test('lies between setup, beforeAll, afterAll and teardown', async () => {
    const log: string[] = []
    const runner = runnerOf(() => 1, {
      options: {
        setup: (_, mode) => void log.push(`setup ${mode}`),
        teardown: (_, mode) => void log.push(`teardown ${mode}`),
      },
      fnOpts: {
        beforeAll: (mode) => void log.push(`beforeAll ${mode}`),
        afterAll: (mode) => void log.push(`afterAll ${mode}`),
      },
    })
    await runner.prepare()
    await runner.work(past)
    await runner.finish()
    expect(log).toEqual(['setup run', 'beforeAll run', 'afterAll run', 'teardown run'])
  })

  test('that failed has its teardown, but no afterAll', async () => {
    const log: string[] = []
    const runner = runnerOf(
      () => {
        throw new Error('no')
      },
      {
        options: { teardown: () => void log.push('teardown') },
        fnOpts: { afterAll: () => void log.push('afterAll') },
      },
    )
    await expect(runner.work(past)).rejects.toThrow('no')
    await runner.finish()
    expect(log).toEqual(['teardown'])
  })

  test('runs afterEach after a call that throws', async () => {
    const log: string[] = []
    const fnOpts: BenchOptions = { afterEach: () => void log.push('after') }
    await expect(runnerOf(fails, { fnOpts }).work(past)).rejects.toThrow('no')
    expect(log).toEqual(['after'])
  })

  test('lets timers have their turn', async () => {
    let ticks = 0
    const timer = setInterval(() => {
      ticks += 1
    }, 1)
    await runnerOf(() => 1, { fnOpts: { async: false } }).work(inMs(150))
    clearInterval(timer)
    expect(ticks).toBeGreaterThan(2)
  })

  test('ends when the test is aborted, long before its time', async () => {
    const controller = new AbortController()
    setTimeout(() => controller.abort(), 30)
    const started = now()
    await runnerOf(() => 1, { signal: controller.signal }).work(inMs(20_000))
    expect(now() - started).toBeLessThan(10_000e6)
  })

  test.each(['fnOpts', 'options'] as const)(
    'does not begin with an aborted signal in %s',
    async (at) => {
      let calls = 0
      const runner = runnerOf(() => ++calls, { [at]: { signal: AbortSignal.abort() } })
      expect(await runner.work(inMs(5))).toBe(0)
      expect(calls).toBe(0)
    },
  )
})

describe("`concurrency: 'task'`", () => {
  test('keeps as many calls in flight as the threshold', async () => {
    expect(await mostInFlight({ threshold: 3 })).toBe(3)
  })

  test('keeps no more in flight than iterations', async () => {
    expect(await mostInFlight({ iterations: 5 })).toBe(5)
  })

  test('throws one error as it is and several together', async () => {
    await expect(failInParallel(1)).rejects.toThrow('no')
    await expect(failInParallel(2)).rejects.toBeInstanceOf(AggregateError)
  })
})

test('what was thrown becomes an error as in tinybench', () => {
  const error = new TypeError('kept')
  expect(toError(error)).toBe(error)
  expect(toError('text').message).toBe('text')
  expect(toError(undefined).message).toBe('')
  expect(toError({ message: 'of an object' }).message).toBe('of an object')
  expect(toError(null).message).toBe('null')
})

describe('a loop', () => {
  test('calls so many times and keeps the last result', () => {
    let calls = 0
    const sink = { value: undefined as unknown }
    syncLoop(() => ++calls, sink)(7)
    expect([calls, sink.value]).toEqual([7, 7])
  })

  test('waits for each call when it is asynchronous', async () => {
    const sink = { value: undefined as unknown }
    await asyncLoop(() => Promise.resolve('settled'), sink)(3)
    expect(sink.value).toBe('settled')
  })

  test('is a function of its own for each case', () => {
    const sink = { value: undefined }
    expect(syncLoop(one, sink)).not.toBe(syncLoop(one, sink))
  })

  test('costs a few nanoseconds a turn at most', () => {
    const least = emptyLoopNs(now)
    expect(least).toBeGreaterThan(0)
    expect(least).toBeLessThan(1000)
  })
})

describe('the size of a batch', () => {
  test('fills a millisecond', () => {
    expect(new BatchSize(1000).count).toBe(1000)
    expect(new BatchSize(3e9).count).toBe(1)
    expect(new BatchSize(0).count).toBe(1e6)
  })

  test('follows what a batch takes', () => {
    const size = new BatchSize(1000)
    size.correct(1e5)
    expect(size.count).toBe(2000)
    size.correct(5e6)
    size.correct(5e6)
    expect(size.count).toBe(500)
    for (let i = 0; i < 20; i++) size.correct(1e9)
    expect(size.count).toBe(1)
  })
})
