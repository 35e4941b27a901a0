import { SampleClock } from '../energy/clock.ts'
import type { Sample } from '../energy/sample.ts'
import { totalOf } from '../energy/sample.ts'
import { figuresOf } from '../meters/powermetrics/reader.ts'
import type { Figures } from '../meters/powermetrics/reader.ts'
import { parseFields, scanFields } from '../meters/powermetrics/scan.ts'
import { nanoseconds } from '../units.ts'
import type { Pulse } from './burn.ts'
import type { RawRecord } from './sampling.ts'

/** One record in short, as it is kept for every record of an experiment. */
export interface BriefReading {
  arrivalNs: number
  elapsedNs: number | null
  stampSeconds: number | null
  /** joules by domain */
  energyJ: Figures['energy']
  /** `false`: a summary of the whole run */
  isDelta: boolean | null
}

export function briefOf({ text, arrivalNs }: RawRecord): BriefReading {
  const bytes = Buffer.from(text)
  const fields = scanFields(bytes) ?? parseFields(bytes)
  const figures = fields === null ? null : figuresOf(fields)
  return {
    arrivalNs,
    elapsedNs: figures?.elapsed ?? null,
    stampSeconds: figures?.stampSeconds ?? null,
    energyJ: figures?.energy ?? null,
    isDelta: fields?.isDelta ?? null,
  }
}

export function samplesOf(readings: readonly BriefReading[]): readonly Sample[] {
  const clock = new SampleClock()
  for (const { arrivalNs, elapsedNs, energyJ, stampSeconds } of readings) {
    clock.add({
      arrival: nanoseconds(arrivalNs),
      elapsed: elapsedNs === null ? null : nanoseconds(elapsedNs),
      energy: energyJ,
      stampSeconds,
      thermalPressure: null,
      systemCpuMs: null,
      ownCpuMs: null,
    })
  }
  return clock.samples
}

const overlap = (sample: Sample, { startNs, endNs }: Pulse, shiftNs: number): number =>
  Math.max(0, Math.min(sample.end, endNs + shiftNs) - Math.max(sample.start, startNs + shiftNs))

/** Residual of `power = a + b × busy part of the sample`, least squares. */
function residual(samples: readonly Sample[], pulses: readonly Pulse[], shiftNs: number): number {
  const points = samples.map((sample) => {
    const length = sample.end - sample.start
    const busy = pulses.reduce((sum, pulse) => sum + overlap(sample, pulse, shiftNs), 0)
    return { x: busy / length, y: totalOf(sample.energy ?? {}) / length }
  })
  const middle = (of: 'x' | 'y'): number =>
    points.reduce((sum, point) => sum + point[of], 0) / points.length
  const [mx, my] = [middle('x'), middle('y')]
  let [xx, xy, yy] = [0, 0, 0]
  for (const { x, y } of points) {
    xx += (x - mx) ** 2
    xy += (x - mx) * (y - my)
    yy += (y - my) ** 2
  }
  return xx === 0 ? Infinity : yy - xy ** 2 / xx
}

/**
 * How much later than the load the samples show it, where they lie by their arrival.
 * @returns ms, −50 … 200 in steps of one; `null` without samples or pulses
 */
export function outputDelayMs(samples: readonly Sample[], pulses: readonly Pulse[]): number | null {
  const known = samples.filter(({ energy }) => energy !== null)
  if (known.length < 10 || pulses.length === 0) return null
  let best = { shiftMs: 0, error: Infinity }
  for (let shiftMs = -50; shiftMs <= 200; shiftMs += 1) {
    const error = residual(known, pulses, shiftMs * 1e6)
    if (error < best.error) best = { shiftMs, error }
  }
  return best.error === Infinity ? null : best.shiftMs
}

const totalIn = (readings: readonly BriefReading[]): number =>
  readings.reduce((sum, { energyJ }) => sum + totalOf(energyJ ?? {}), 0)

/** Σ of the samples against the meter's own summary of the same run, joules. */
export function againstSummary(
  readings: readonly BriefReading[],
): { samplesJ: number; summaryJ: number; samplesNs: number; summaryNs: number } | null {
  const summary = readings.findLast(({ isDelta }) => isDelta === false)
  if (summary === undefined) return null
  const samples = readings.filter(({ isDelta }) => isDelta === true)
  return {
    samplesJ: totalIn(samples),
    summaryJ: totalIn([summary]),
    samplesNs: samples.reduce((sum, { elapsedNs }) => sum + (elapsedNs ?? 0), 0),
    summaryNs: summary.elapsedNs ?? 0,
  }
}

/** Takes out what could tell one machine from its like; the emulator's own mark stays. */
export const withoutIdentity = (record: string): string =>
  record
    .replace(/(<key>kern_boottime<\/key>\s*<integer>)\d+/, '$10')
    .replace(/(<key>kern_bootargs<\/key>\s*<string>)(?!vitest-energy-emulator<)[^<]*/, '$1removed')
