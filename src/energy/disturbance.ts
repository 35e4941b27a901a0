import type { AttributionInput } from './attribution.ts'
import type { Trace } from './trace.ts'
import type { EnergyWindow } from './window.ts'

/** of a core: what other programs may use before a figure is called disturbed */
const tolerated = 0.1
/** the system counts CPU time in ticks: less than two of them say nothing, ms */
const leastMs = 20

/**
 * How much of a core other programs used while a window was open: the system's CPU time less the
 * main process's and the workers'.
 * @returns for positions `first` ≤ i < `last` of the trace, a clause; `null` where it was little
 *   or is not known
 */
export function foreignLoad(
  input: AttributionInput,
  trace: Trace,
): (first: number, last: number) => string | null {
  const { readings, windows, spans } = input
  if (readings === undefined) return () => null
  const foreign = trace.samples.map(({ index }) => {
    const reading = readings.at(index)
    return reading?.systemCpuMs == null ? null : reading.systemCpuMs - (reading.ownCpuMs ?? 0)
  })
  const inSpans = new Map<string, number>()
  for (const window of windows) {
    if (window.cpu === null) forget(trace, foreign, window)
    else spread(trace, foreign, window, window.cpu)
    const key = `${window.worker}\0${window.file}`
    inSpans.set(key, (inSpans.get(key) ?? 0) + (window.cpu ?? 0))
  }
  for (const { worker, file, start, end, cpu } of spans) {
    const until = end ?? trace.samples.at(-1)?.end ?? start
    const rest = (cpu ?? 0) - (inSpans.get(`${worker}\0${file}`) ?? 0)
    spread(trace, foreign, { start, end: until }, Math.max(0, rest))
  }
  return (first, last) => clauseOf(trace, foreign.slice(first, last), first)
}

/** A window of unknown CPU time: what is foreign in its samples is not known either. */
function forget(
  trace: Trace,
  foreign: (number | null)[],
  { start, end }: Pick<EnergyWindow, 'start' | 'end'>,
): void {
  const [first, last] = trace.rangeOf(start, end)
  foreign.fill(null, first, last)
}

/** Takes our own CPU time out, evenly over the time it was used in. */
function spread(
  trace: Trace,
  foreign: (number | null)[],
  { start, end }: Pick<EnergyWindow, 'start' | 'end'>,
  cpuMs: number,
): void {
  if (end <= start) return
  const [first, last] = trace.rangeOf(start, end)
  for (let k = first; k < last; k += 1) {
    const [sample, value] = [trace.samples[k], foreign[k]]
    if (sample === undefined || typeof value !== 'number') continue
    const inside = Math.min(sample.end, end) - Math.max(sample.start, start)
    foreign[k] = value - (cpuMs * inside) / (end - start)
  }
}

function clauseOf(trace: Trace, foreign: readonly (number | null)[], first: number): string | null {
  let [used, time] = [0, 0]
  for (const [k, value] of foreign.entries()) {
    const sample = trace.samples[first + k]
    if (value === null || sample === undefined) continue
    used += value
    time += (sample.end - sample.start) / 1e6
  }
  if (used < leastMs || used < tolerated * time) return null
  return `other programs used ${Math.round((100 * used) / time)} % of a core`
}
