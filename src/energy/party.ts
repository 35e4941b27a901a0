import type { EnergyWindow, FileSpan } from './window.ts'

/**
 * Somebody who may have used energy for a while: a window, a file's worker between its tests, or
 * the machine while none of our files runs. At every instant there is at least one.
 */
export interface Party {
  kind: 'window' | 'settled' | 'worker' | 'machine'
  /** s since the origin of the trace */
  start: number
  end: number
  /** CPU seconds per second */
  busy: number
  /** windows of one test share this number */
  group: number
  /** position among the input's windows, −1 for others */
  window: number
}

/** a waiting test's CPU time is never quite nothing */
const leastBusy = 0.02

/** A stretch of time: `start` ≤ t < `end`, in any unit and from any origin. */
export interface Interval {
  start: number
  end: number
}

/** Which parts of `span` none of the sorted intervals covers. */
export function uncovered(span: Interval, sorted: readonly Interval[]): Interval[] {
  const holes: Interval[] = []
  let from = span.start
  for (const { start, end } of sorted) {
    if (end <= from) continue
    if (start >= span.end) break
    if (start > from) holes.push({ start: from, end: start })
    from = end
  }
  if (from < span.end) holes.push({ start: from, end: span.end })
  return holes
}

/** A worker that waits while another one's budgeted test has the machine to itself. */
export interface Parked {
  worker: string
  /** ns, test clock */
  start: number
  /** `null` while it waits */
  end: number | null
}

export interface PartyInput {
  windows: readonly EnergyWindow[]
  spans: readonly FileSpan[]
  /** times in which a worker with an open file was made to wait */
  parked: readonly Parked[]
  isSettled: (window: EnergyWindow) => boolean
  /** of the trace, ns */
  start: number
  end: number
}

/** All parties of a trace, by start. */
export function partiesOf(input: PartyInput): Party[] {
  const { start: origin } = input
  const seconds = (instant: number): number => (instant - origin) / 1e9
  const trace = { start: 0, end: seconds(input.end) }
  const groups = new Map<string, number>()
  const usual = usualBusy(input.windows)
  const windows = input.windows.map((window, index): Party => {
    const length = (window.end - window.start) / 1e9
    return {
      kind: input.isSettled(window) ? 'settled' : 'window',
      start: seconds(window.start),
      end: seconds(window.end),
      busy: busyOf(window.cpu, length, usual),
      group: groupOf(groups, `${window.projectName}\0${window.testId}`),
      window: index,
    }
  })
  const spans = input.spans.map(({ start, end, cpu, worker }) => ({
    start: seconds(start),
    end: end === null ? trace.end : Math.max(seconds(start), seconds(end)),
    cpu,
    worker,
  }))
  const waits = input.parked.map(({ worker, start, end }) => {
    const wait = { start: seconds(start), end: end === null ? trace.end : seconds(end) }
    return { ...party('machine', wait, leastBusy), worker, cpu: 0 }
  })
  const workers = byWorker([
    ...windows.map((window, index) => {
      const { worker = '', cpu = null } = input.windows[index] ?? {}
      return { ...window, worker, cpu }
    }),
    ...waits,
  ])
  const between = spans.flatMap((span) => betweenTests(span, workers.get(span.worker) ?? []))
  const ours = [...windows, ...spans].toSorted(byStart)
  const machine = uncovered(trace, ours).map((hole): Party => party('machine', hole, leastBusy))
  return [...windows, ...between, ...machine].toSorted(byStart)
}

const byStart = (a: Interval, b: Interval): number => a.start - b.start

const party = (kind: Party['kind'], { start, end }: Interval, busy: number): Party => ({
  kind,
  start,
  end,
  busy,
  group: -1,
  window: -1,
})

function busyOf(cpuMs: number | null, length: number, unknown: number): number {
  if (cpuMs === null || length <= 0) return unknown
  return Math.max(leastBusy, cpuMs / 1000 / length)
}

/** CPU seconds per second of the windows that tell them; 1 where none does. */
function usualBusy(windows: readonly EnergyWindow[]): number {
  const known = windows.filter(({ cpu, start, end }) => cpu !== null && end > start)
  const length = known.reduce((sum, { start, end }) => sum + (end - start) / 1e9, 0)
  const cpuMs = known.reduce((sum, { cpu }) => sum + (cpu ?? 0), 0)
  return busyOf(length > 0 ? cpuMs : null, length, 1)
}

function groupOf(groups: Map<string, number>, key: string): number {
  const known = groups.get(key)
  if (known !== undefined) return known
  groups.set(key, groups.size)
  return groups.size - 1
}

interface Used extends Party {
  worker: string
  cpu: number | null
}

function byWorker(used: readonly Used[]): Map<string, Used[]> {
  const workers = Map.groupBy(used, ({ worker }) => worker)
  for (const list of workers.values()) list.sort(byStart)
  return workers
}

/**
 * A file's import and hooks: what its CPU time leaves over when its tests have had theirs. Of a file
 * that is open it is known up to its last test's end; the test that runs has no part in it.
 */
function betweenTests(span: Interval & { cpu: number | null }, windows: readonly Used[]): Party[] {
  const holes = uncovered(span, windows)
  const time = holes.reduce((sum, { start, end }) => sum + end - start, 0)
  const inside = windows.filter(({ start, end }) => start < span.end && end > span.start)
  const known = span.cpu !== null && inside.every(({ cpu, end }) => cpu !== null || end >= span.end)
  const rest = inside.reduce((sum, { cpu }) => sum - (cpu ?? 0), span.cpu ?? 0)
  const busy = busyOf(known ? rest : null, time, 0.5)
  return holes.map((hole) => party('worker', hole, busy))
}
