import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'
import type { BenchFn, BenchmarkGroup, BenchOptions, BenchResult, BenchRunOptions } from 'vitest'
import { performanceNow } from './now.ts'

/** tinybench's task: `this` of hooks and functions. */
export type BenchTask = ThisParameterType<NonNullable<BenchOptions['beforeAll']>>

interface TinyBench {
  readonly tasks: BenchTask[]
  add(name: string, fn: BenchFn, options?: BenchOptions): TinyBench
  run(): Promise<BenchTask[]>
}

interface TinyBenchModule {
  Bench: new (options: BenchRunOptions) => TinyBench
}

let loading: Promise<TinyBenchModule> | undefined

/** tinybench out of Vitest's own installation: another copy would measure differently. */
function loadTinybench(): Promise<TinyBenchModule> {
  loading ??= (async () => {
    const vitest = createRequire(import.meta.url).resolve('vitest/package.json')
    const url = pathToFileURL(createRequire(vitest).resolve('tinybench')).href
    return (await import(url)) as TinyBenchModule
  })()
  return loading
}

export interface Latency {
  /** in the order of the registrations */
  results: BenchResult[]
  tasks: BenchTask[]
}

/** One error is thrown as it is, several together, as Vitest's own provider does. */
export function throwAll(errors: readonly unknown[]): void {
  if (errors.length === 1) throw errors[0]
  if (errors.length > 1) throw new AggregateError(errors, 'Some benchmarks failed')
}

function resultOf(task: BenchTask): BenchResult {
  const { result } = task
  if (result.state !== 'completed') {
    throw new Error(`task "${task.name}" did not complete: received "${result.state}"`)
  }
  return { ...result, name: task.name }
}

let groups = 0

/**
 * Latency and throughput, exactly as Vitest's default provider measures them (vitest 5.1,
 * `createDefaultBenchmarkProvider`).
 * @throws what the benchmarked functions throw; `AggregateError` of several
 */
export async function measureLatency(group: BenchmarkGroup): Promise<Latency> {
  const { test, config, registrations, options } = group
  const { Bench } = await loadTinybench()
  groups += 1
  const bench = new Bench({
    signal: test.context.signal,
    name: `${test.fullTestName} ${groups}`,
    retainSamples: config.retainSamples,
    ...options,
    // without, only the clock: a user's own is replaced by Vitest too
    now: performanceNow,
  })
  for (const { name, fn, fnOpts } of registrations) bench.add(name, fn, fnOpts)
  await bench.run()
  const { tasks } = bench
  throwAll(tasks.flatMap(({ result }) => (result.state === 'errored' ? [result.error] : [])))
  return { results: tasks.map(resultOf), tasks }
}
