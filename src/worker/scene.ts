import { isMainThread } from 'node:worker_threads'
import type { BenchmarkGroup, RunnerTestCase } from 'vitest'
import { hashOf, seededRandom } from '../energy/random.ts'
import type { QuietSpan } from '../energy/round.ts'
import type { Sample } from '../energy/sample.ts'
import { mergePublications, publicationCadence } from '../energy/publication.ts'
import type { Cadence, Publications } from '../energy/publication.ts'
import { median } from '../energy/statistics.ts'
import { append } from '../journal.ts'
import type { BlockLine, ProgressLine, WorkerContext } from '../journal.ts'
import type { Nanoseconds } from '../units.ts'
import { benchIndex } from './bench-index.ts'
import type { LiveTrace } from './live.ts'
import { cpuTimeMs, now, sleep } from './now.ts'
import { workerName } from './recorder.ts'
import type { Surroundings } from './rounds.ts'

/** Less CPU use than this of one core is quiet: timers, the sampler, the desktop. */
const quietCores = 0.1

/**
 * The samples before the first file in which nothing computed: the watch. Vitest's own preparations
 * and the start of the worker show in CPU time.
 */
function watchedSpans({ state }: LiveTrace): QuietSpan[] {
  const until = state.spans[0]?.start ?? 0
  return state.samples.flatMap(({ index, start, end }) => {
    const system = state.readings.at(index)?.systemCpuMs ?? null
    const quiet = system !== null && system * 1e6 < quietCores * (end - start)
    return quiet && end < until ? [{ start, end }] : []
  })
}

/** Where on the test clock the running attempt began. */
export function attemptStart(trace: LiveTrace, test: RunnerTestCase): Nanoseconds {
  const begin = [...trace.state.open.values()].findLast((line) => line.testId === test.id)
  if (begin !== undefined) return begin.atNs as Nanoseconds
  const elapsedMs = Date.now() - (test.result?.startTime ?? Date.now())
  return (now() - elapsedMs * 1e6) as Nanoseconds
}

/** Why a figure taken now would not be this test's alone; `null` when it would. */
export function sharedWith({ state }: LiveTrace): string | null {
  if (state.open.size > 1) return 'other tests ran at the same time'
  const other = state.spans.some(({ worker, end }) => end === null && worker !== workerName)
  return other ? 'other files ran at the same time' : null
}

/** More CPU use than this of one core is busy: zero joules cannot be true. */
const busyCores = 0.3

/** How long one value of the meter lasts. */
export interface MeterPace {
  /** median length of a sample; the publication cadence where the counters are slower than that */
  sampleNs: Nanoseconds
  slow: boolean
}

function recentCadence({ samples, state }: LiveTrace): Cadence {
  return publicationCadence(samples.slice(-200), (index) => {
    const { systemCpuMs = null, elapsed = null } = state.readings.at(index) ?? {}
    return systemCpuMs !== null && elapsed !== null && systemCpuMs * 1e6 > busyCores * elapsed
  })
}

/** Slow counters of known kinds show three values in this time, ms. */
const paceWaitMs = 7000

/**
 * What the samples so far tell of the meter's pace: the interval asked for before there are any.
 * Waits where the counters are seen to be slow, but not yet how slow.
 */
export async function paceOf(trace: LiveTrace, aborted: () => boolean): Promise<MeterPace> {
  let cadence = recentCadence(trace)
  const patience = now() + paceWaitMs * 1e6
  while (cadence.slow && cadence.longest === null && now() < patience && !aborted()) {
    await sleep(trace.intervalMs)
    trace.sync()
    cadence = recentCadence(trace)
  }
  if (cadence.slow && cadence.longest !== null) return { sampleNs: cadence.longest, slow: true }
  const lengths = trace.samples.slice(-200).map(({ start, end }) => end - start)
  const usual = lengths.length > 0 ? median(lengths) : trace.intervalMs * 1e6
  return { sampleNs: usual as Nanoseconds, slow: false }
}

/** Samples and the CPU time in them, merged to what slow counters published. */
class MergedTrace {
  readonly #trace: LiveTrace
  #merged: Publications = { samples: [], ranges: new Map() }

  constructor(trace: LiveTrace) {
    this.#trace = trace
  }

  samples(): readonly Sample[] {
    this.#merged = mergePublications(this.#trace.samples)
    return this.#merged.samples
  }

  cpuMs(index: number, of: (at: number) => number | null): number | null {
    const [first, last] = this.#merged.ranges.get(index) ?? [index, index]
    let total = 0
    for (let at = first; at <= last; at++) {
      const one = of(at)
      if (one === null) return null
      total += one
    }
    return total
  }
}

/** The real clock, the real meter: what the rounds run in. */
export function surroundingsOf(
  context: WorkerContext,
  trace: LiveTrace,
  group: Pick<BenchmarkGroup, 'test'> & Partial<Pick<BenchmarkGroup, 'options'>>,
  how: { names: readonly string[]; slow: boolean },
): Surroundings {
  const { test } = group
  const { signal } = test.context
  const index = benchIndex(test)
  const inThread = !isMainThread
  const random = seededRandom(context.run.bench.seed ^ hashOf(`${test.id} ${index}`))
  const merged = how.slow ? new MergedTrace(trace) : null
  const machineCpu = (at: number): number | null => {
    const { systemCpuMs = null, ownCpuMs = null } = trace.state.readings.at(at) ?? {}
    return systemCpuMs === null || ownCpuMs === null ? null : systemCpuMs - ownCpuMs
  }
  const write = (line: BlockLine | ProgressLine) => append(context.journal, line)
  return {
    now,
    sleep,
    random,
    workerApart: !inThread,
    cpuMs: () => cpuTimeMs(inThread),
    aborted: () => signal.aborted || group.options?.signal?.aborted === true,
    samples: () => {
      trace.sync()
      return merged?.samples() ?? trace.samples
    },
    machineCpuMs: (at) => merged?.cpuMs(at, machineCpu) ?? machineCpu(at),
    watched: watchedSpans(trace),
    waitFor: (instant) => trace.waitFor(instant, signal),
    meterEnded: () => trace.ended,
    record: ({ case: at, round, start, end, ops, cpuMs }) => {
      const name = how.names[at] ?? ''
      const span = { round, startNs: start, endNs: end, ops, cpuMs }
      write({ type: 'block', testId: test.id, index, name, ...span })
    },
    progress: (round, precision) => {
      const { rounds } = context.run.bench
      write({ type: 'progress', testId: test.id, index, round, rounds, precision })
    },
  }
}
