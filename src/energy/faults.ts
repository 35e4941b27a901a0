import type { AttributionInput } from './attribution.ts'
import { cadenceOf } from './cadence.ts'
import type { Readings } from './readings.ts'
import { plausiblePower } from './sample.ts'
import type { Domain, Sample } from './sample.ts'
import type { Trace } from './trace.ts'

/** CPU time that cannot have cost nothing, ms */
const work = 200
/** a counter that reads zero for longer than this while CPUs work is broken, s */
const silence = 3
/** samples of one value, though their lengths differ, and the least value that is no idle noise, J */
const frozen = { samples: 20, energy: 0.05 }

/**
 * Whether the meter contradicts itself or what the processes did.
 * @returns the evidence as one clause; `null` when nothing is wrong
 */
export function faultOf(input: AttributionInput, trace: Trace): string | null {
  const contradiction = contradicted(input.readings)
  if (contradiction !== null) return contradiction
  for (const domain of trace.domains) {
    const evidence =
      absurd(trace.samples, domain) ??
      vanished(trace.samples, domain) ??
      stuck(trace.samples, domain)
    if (evidence !== null) return evidence
  }
  const domain = trace.domains.find((name) => name === 'cpu' || name === 'package')
  return domain === undefined ? null : dead(input, trace, domain)
}

/** One odd record may be a slip of the pipe, and is a hole; more of them are the meter's own. */
function contradicted(readings: Readings | undefined): string | null {
  const [first, ...more] = readings?.contradictions ?? []
  if (readings === undefined || first === undefined || more.length === 0) return null
  return `${more.length + 1} of ${readings.length} records contradict themselves (${first})`
}

function absurd(samples: readonly Sample[], domain: Domain): string | null {
  for (const { energy, start, end } of samples) {
    const value = energy?.[domain]
    if (value === undefined) continue
    if (!Number.isFinite(value) || value < 0) return `${domain} energy of ${value} J in a sample`
    const power = (value / (end - start)) * 1e9
    if (end > start && power > plausiblePower) {
      return `${domain} power of ${Math.round(power)} W in a sample`
    }
  }
  return null
}

function vanished(samples: readonly Sample[], domain: Domain): string | null {
  const whole = samples.filter(({ energy }) => energy !== null)
  const missing = whole.filter(({ energy }) => energy?.[domain] === undefined).length
  return missing >= 2
    ? `${domain} energy is missing from ${missing} of ${whole.length} samples`
    : null
}

function stuck(samples: readonly Sample[], domain: Domain): string | null {
  let [count, shortest, longest] = [0, Infinity, 0]
  let before: number | undefined
  for (const { energy, start, end } of samples) {
    const value = energy?.[domain]
    const length = end - start
    if (value !== before || value === undefined) [count, shortest, longest] = [0, Infinity, 0]
    before = value
    count += 1
    shortest = Math.min(shortest, length)
    longest = Math.max(longest, length)
    const isFrozen = count >= frozen.samples && (value ?? 0) >= frozen.energy
    if (isFrozen && longest > 1.005 * shortest) {
      return `${domain} energy of exactly ${value} J in ${count} samples running`
    }
  }
  return null
}

/** Zero while the processes worked. */
function dead({ windows, spans }: AttributionInput, trace: Trace, domain: Domain): string | null {
  const last = trace.samples.at(-1)?.end ?? 0
  const [inWindows, inSpans] = [windows, spans].map((list) =>
    list.map(({ start, end, cpu }) => ({ start, end: end ?? last, cpuMs: cpu ?? 0 })),
  )
  const limit = Math.max(silence, 3 * (cadenceOf(trace.samples, domain) ?? 0)) * 1e9
  const isAllZero = trace.domainsJ[domain] === 0
  for (const run of zeroRuns(trace.samples, domain)) {
    if (!isAllZero && run.end - run.start < limit) continue
    // windows lie within spans: neither is counted twice
    const used = Math.max(cpuIn(inWindows ?? [], run), cpuIn(inSpans ?? [], run))
    if (used < work || used < ((run.end - run.start) / 1e6) * 0.1) continue
    const seconds = ((run.end - run.start) / 1e9).toFixed(1)
    return `${domain} energy was 0 for ${seconds} s while the tests used ${(used / 1000).toFixed(1)} s of CPU time`
  }
  return null
}

function zeroRuns(samples: readonly Sample[], domain: Domain): { start: number; end: number }[] {
  const runs: { start: number; end: number }[] = []
  let isOpen = false
  for (const { energy, start, end } of samples) {
    const isZero = energy?.[domain] === 0
    const last = runs.at(-1)
    if (isZero && isOpen && last !== undefined) last.end = end
    else if (isZero) runs.push({ start, end })
    isOpen = isZero
  }
  return runs
}

function cpuIn(
  busy: readonly { start: number; end: number; cpuMs: number }[],
  run: { start: number; end: number },
): number {
  let sum = 0
  for (const { start, end, cpuMs } of busy) {
    const inside = Math.min(end, run.end) - Math.max(start, run.start)
    if (inside > 0 && end > start) sum += (cpuMs * inside) / (end - start)
  }
  return sum
}
