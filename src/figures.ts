import { attribute } from './energy/attribution.ts'
import type { Attribution, AttributionInput, Shares } from './energy/attribution.ts'
import { idlePowerOf } from './energy/idle.ts'
import type { Idle } from './energy/idle.ts'
import type { EnergyWindow, FileSpan } from './energy/window.ts'
import { windowId } from './run-state.ts'
import type { RunState } from './run-state.ts'
import type { Nanoseconds } from './units.ts'
import { nanoseconds } from './units.ts'

/** What an early figure may learn from: long enough for weights and noise, short enough to be quick. */
const memory = 60e9

export interface Figures extends Attribution {
  idle: Idle | null
}

/** Attempts that still run, as windows up to the last sample: they share the samples at the edges. */
function openWindows(state: RunState, until: Nanoseconds): EnergyWindow[] {
  return [...state.open.values()].map(
    ({ testId, projectName, file, retry, repeat, worker, atNs }) => ({
      id: windowId(testId, retry, repeat),
      testId,
      projectName,
      file,
      retry,
      repeat,
      worker,
      start: nanoseconds(atNs),
      end: nanoseconds(Math.max(atNs, until)),
      cpu: null,
      concurrent: true,
    }),
  )
}

/**
 * From the end of the watch to the first file Vitest starts its workers: that is no idle time.
 * Without a watch it is all there is, and better than nothing.
 */
function startOfWorkers({ run, identity, spans }: RunState): Pick<EnergyWindow, 'start' | 'end'>[] {
  const first = spans[0]?.start
  if (run === null || identity === null || first === undefined || run.idleMs === 0) return []
  const start = nanoseconds(identity.atNs + run.idleMs * 1e6)
  return start < first ? [{ start, end: first }] : []
}

/** What the machine draws while none of our files runs. @returns `null` when it never was quiet */
export function computeIdle(state: RunState): Idle | null {
  const until = state.samples.at(-1)?.end ?? nanoseconds(0)
  const files = state.spans.map(({ start, end }) => ({ start, end: end ?? until }))
  // before the watch Vitest was still starting, and the meter too
  const watched = (state.run?.idleMs ?? 0) > 0 ? (state.identity?.atNs ?? 0) : 0
  const first = state.samples.findIndex(({ start }) => start >= watched)
  const samples = first > 0 ? state.samples.slice(first) : state.samples
  return idlePowerOf(samples, [...startOfWorkers(state), ...files])
}

/** Another run on the machine, as the file of a worker that we do not have. */
const otherRuns = (state: RunState): FileSpan[] =>
  state.otherRuns.map(({ atNs, pid }) => ({
    projectName: '',
    file: '',
    worker: `other run, pid ${pid}`,
    start: nanoseconds(atNs),
    end: null,
    cpu: null,
  }))

/** What bears on every figure of the run, whatever its energy is divided into. */
export const circumstancesOf = (
  state: RunState,
): Pick<AttributionInput, 'spans' | 'parked' | 'hybridCpu' | 'intervalMs' | 'readings'> => ({
  spans: [...state.spans, ...otherRuns(state)],
  parked: state.parked,
  hybridCpu: !(state.identity?.domains.includes('package') ?? false),
  intervalMs: state.run?.intervalMs ?? 100,
  readings: state.readings,
})

/**
 * The figures of all attempts as far as the journal has come.
 * @param from only what lies after this instant (and a minute before, to learn from) is looked at;
 *   the whole run by default
 */
export function computeFigures(state: RunState, from?: Nanoseconds): Figures {
  const samples = state.samples
  const until = samples.at(-1)?.end ?? nanoseconds(0)
  const idle = computeIdle(state)
  const since = from === undefined ? -Infinity : from - memory
  const settled = new Map<string, Shares>()
  const settledErrors = new Map<string, number>()
  const windows = [...state.windows, ...openWindows(state, until)].filter(({ end }) => end > since)
  for (const { id } of windows) {
    const { figure = null, shares = [] } = state.settled.get(id) ?? {}
    if (figure === null) continue
    settled.set(id, shares)
    // of a shared figure everything is in doubt, and so it is for those it shared with
    if (figure.state !== 'shared') settledErrors.set(id, figure.standardErrorJ ?? 0)
  }
  const circumstances = circumstancesOf(state)
  const attribution = attribute({
    ...circumstances,
    samples: from === undefined ? samples : samples.filter((sample) => sample.end > since),
    windows,
    spans: circumstances.spans.filter(({ end }) => end === null || end > since),
    idle,
    settled,
    settledErrors,
  })
  return { ...attribution, idle }
}
