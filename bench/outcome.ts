import type { Figure } from '../src/energy/result.ts'
import type { Sample } from '../src/energy/sample.ts'
import { totalOf } from '../src/energy/sample.ts'

/** What is aimed at, relative. */
export interface Target {
  rms?: number
  bias?: number
  coverage?: number
}

/** One test as it came out; energies relative to the truth. */
export interface Outcome {
  state: Figure['state']
  error: number
  holds: boolean
  width: number
  /** errors of the two simple ways */
  meanPower: number
  byTime: number
}

/** When a test ran, ns on the test clock, and what was drawn meanwhile, J. */
export interface TrueWindow {
  start: number
  end: number
  energyJ: number
}

/** Compares a figure with the truth, and with what people would write instead of this package. */
export function outcomeOf(
  { state, energyJ, lowJ, highJ }: Pick<Figure, 'state' | 'energyJ' | 'lowJ' | 'highJ'>,
  { start, end, energyJ: truth }: TrueWindow,
  samples: readonly Sample[],
): Outcome {
  let [sum, time, split] = [0, 0, 0]
  for (const sample of samples) {
    if (sample.end <= start || sample.start >= end || sample.energy === null) continue
    const length = sample.end - sample.start
    const energy = totalOf(sample.energy)
    sum += energy
    time += length
    split += (energy * (Math.min(end, sample.end) - Math.max(start, sample.start))) / length
  }
  return {
    state,
    error: (energyJ ?? Number.NaN) / truth - 1,
    holds: lowJ !== null && highJ !== null && lowJ <= truth && truth <= highJ,
    width: ((highJ ?? Number.NaN) - (lowJ ?? Number.NaN)) / truth,
    meanPower: ((sum / time) * (end - start)) / truth - 1,
    byTime: split / truth - 1,
  }
}

export const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length
const rms = (values: readonly number[]): number =>
  Math.sqrt(mean(values.map((value) => value * value)))

/** `1.3 %` of a part of one. */
export const percent = (value: number, digits = 1): string => `${(100 * value).toFixed(digits)} %`

/** A row of a markdown table. */
export const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`

/** The first two rows of a markdown table. */
export const headRows = (head: readonly string[]): string[] => [
  row(head),
  row(head.map(() => '---')),
]

const columns = ['class', 'tests', 'measured', 'RMS error', 'bias', 'interval holds', 'half width']

/** The first two rows above those of {@link classRow}. */
export const classHead: readonly string[] = headRows([
  ...columns,
  'mean power × time',
  'split by time',
  'target',
])

/** Row of a class; figures that were refused (`gap`) count as tests only. */
export function classRow(name: string, outcomes: readonly Outcome[], target: Target = {}): string {
  const known = outcomes.filter(({ error }) => !Number.isNaN(error))
  const errors = known.map(({ error }) => error)
  const [size, bias] = [rms(errors), mean(errors)]
  const coverage = mean(known.map(({ holds }) => (holds ? 1 : 0)))
  const isMet =
    size <= (target.rms ?? Infinity) &&
    Math.abs(bias) <= (target.bias ?? Infinity) &&
    coverage >= (target.coverage ?? 0)
  return row([
    name,
    String(outcomes.length),
    percent(mean(outcomes.map(({ state }) => (state === 'measured' ? 1 : 0))), 0),
    percent(size),
    percent(bias, 2),
    percent(coverage),
    `± ${percent(mean(known.map(({ width }) => width / 2)))}`,
    percent(rms(known.map(({ meanPower }) => meanPower))),
    percent(rms(known.map(({ byTime }) => byTime))),
    Object.keys(target).length === 0 ? '' : isMet ? 'met' : 'MISSED',
  ])
}
