import { uncovered } from './party.ts'
import type { Interval, Parked } from './party.ts'
import { firstWhere } from './search.ts'
import type { EnergyWindow, FileSpan } from './window.ts'

/** When two or more workers had a file or a test open, in order of time, ns. */
export function sharedTimes(
  windows: readonly EnergyWindow[],
  spans: readonly FileSpan[],
  parked: readonly Parked[],
): Interval[] {
  const waits = Map.groupBy(parked, ({ worker }) => worker)
  const workers = new Map<string, Interval[]>()
  const open = (worker: string, interval: Interval): void => {
    const list = workers.get(worker)
    if (list === undefined) workers.set(worker, [interval])
    else list.push(interval)
  }
  for (const { worker, start, end } of windows) open(worker, { start, end })
  for (const { worker, start, end } of spans) {
    const pauses = (waits.get(worker) ?? [])
      .map((wait) => ({ start: wait.start, end: wait.end ?? Infinity }))
      .toSorted((a, b) => a.start - b.start)
    for (const part of uncovered({ start, end: end ?? Infinity }, pauses)) open(worker, part)
  }
  return overlaps([...workers.values()].flatMap(merged))
}

/** Without the overlaps among themselves. */
function merged(intervals: readonly Interval[]): Interval[] {
  const out: Interval[] = []
  for (const { start, end } of intervals.toSorted((a, b) => a.start - b.start)) {
    const last = out.at(-1)
    if (last !== undefined && start <= last.end) last.end = Math.max(last.end, end)
    else out.push({ start, end })
  }
  return out
}

function overlaps(intervals: readonly Interval[]): Interval[] {
  const edges = intervals
    .flatMap(({ start, end }) => [
      { at: start, step: 1 },
      { at: end, step: -1 },
    ])
    .toSorted((a, b) => a.at - b.at || a.step - b.step)
  const out: Interval[] = []
  let [open, since] = [0, 0]
  for (const { at, step } of edges) {
    if (open < 2 && open + step >= 2) since = at
    if (open >= 2 && open + step < 2 && at > since) out.push({ start: since, end: at })
    open += step
  }
  return out
}

/** Whether an interval touches any of the sorted, disjoint ones. */
export function touches({ start, end }: Interval, sorted: readonly Interval[]): boolean {
  const next = sorted[firstWhere(sorted, (interval) => interval.end > start)]
  return next !== undefined && next.start < end
}
