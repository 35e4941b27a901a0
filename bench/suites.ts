import type { Random, SimulatedTest } from './simulate.ts'

/** Changes of the machine's power, W, at instants, s. */
export type Levels = { at: number; watts: number }[]

export interface Suite {
  tests: SimulatedTest[]
  levels: Levels
  /** end of the last test, s */
  end: number
}

/** the samples that powermetrics gives when asked for 100 ms, s */
export const sample = 0.112
/** quiet time before the first test, s */
export const watch = 2

/** One test's power: in equal parts, each with its own share of the mean. */
interface Plan {
  name: string
  /** s */
  length: number
  /** W above idle while it runs */
  power: number
  busy: number
  shape: readonly number[]
}

const plan = (random: Random, name: string, length: number, shape: readonly number[]): Plan => {
  const busy = random.between(0.9, 1.1)
  return { name, length, power: busy * random.logNormal(4, 0.3), busy, shape }
}

/** Lays plans one after the other, `gap` s apart. */
function lay(plans: readonly Plan[], gap: () => number): Suite {
  const tests: SimulatedTest[] = []
  const levels: Levels = []
  const runs = new Map<string, number>()
  let at = watch
  for (const { name, length, power, busy, shape } of plans) {
    const repeat = runs.get(name) ?? 0
    runs.set(name, repeat + 1)
    tests.push({ name, start: at, end: at + length, busy, repeat })
    const part = length / shape.length
    for (const [k, share] of shape.entries()) {
      levels.push({ at: at + k * part, watts: power * share })
      levels.push({ at: at + (k + 1) * part, watts: -power * share })
    }
    at += length + gap()
  }
  return { tests, levels, end: at }
}

const steady = [1]
/** the second half draws three times the first */
const halves = [0.5, 1.5]

export function isolated(random: Random, lengths: number, count: number): Suite {
  const plans = Array.from({ length: count }, (_, k) =>
    plan(random, `t${k}`, lengths * sample, steady),
  )
  return lay(plans, () => 1 + random.between(0, 0.15))
}

export function backToBack(
  random: Random,
  lengths: number,
  count: number,
  shape: readonly number[] = steady,
): Suite {
  const plans = Array.from({ length: count }, (_, k) =>
    plan(random, `t${k}`, lengths * sample, shape),
  )
  return lay(plans, () => 0.001)
}

export const varying = (random: Random, lengths: number, count: number): Suite =>
  backToBack(random, lengths, count, halves)

/** Lengths from half a sample to twenty, power in up to four uneven parts. */
export function mixed(random: Random, count: number): Suite {
  const plans = Array.from({ length: count }, (_, k) => {
    const parts = Array.from({ length: 1 + Math.floor(4 * random.unit()) }, () =>
      random.logNormal(1, 0.5),
    )
    const mean = parts.reduce((sum, part) => sum + part, 0) / parts.length
    const shape = parts.map((part) => part / mean)
    return plan(random, `t${k}`, sample * 0.5 * 40 ** random.unit(), shape)
  })
  return lay(plans, () => random.exponential(0.005))
}

/** Tests of 5 … 50 ms, a quarter of them waiting, the whole suite again and again in new order. */
export function repeated(random: Random, count: number, repeats: number): Suite {
  const plans = Array.from({ length: count }, (_, k): Plan => {
    const made = plan(random, `t${k}`, 0.005 * 10 ** random.unit(), steady)
    const waits = random.unit() < 0.25
    return waits ? { ...made, busy: 0.2, power: (0.2 * made.power) / made.busy } : made
  })
  const order = Array.from({ length: repeats }, () => random.shuffled(plans)).flat()
  const varied: Plan[] = []
  for (const one of order)
    varied.push({ ...one, length: one.length * (1 + 0.05 * random.normal()) })
  return lay(varied, () => 0.001)
}

/** Every second test waits for a child process that draws as much as the others do. */
export function waiting(random: Random, lengths: number, count: number): Suite {
  const plans = Array.from({ length: count }, (_, k): Plan => {
    const made = plan(random, `t${k}`, lengths * sample, steady)
    return k % 2 === 0 ? made : { ...made, busy: 0.02 }
  })
  return lay(plans, () => 0.001)
}

/** A quiet desktop: some tens of milliwatts, and a short burst now and then. */
export function desktop(random: Random, until: number): Levels {
  const levels: Levels = []
  for (let at = 0; at < until; at += sample) {
    const watts = 0.06 * (0.5 + random.exponential(0.5))
    levels.push({ at, watts }, { at: at + sample, watts: -watts })
    if (random.unit() >= 0.02) continue
    const burst = random.between(0.5, 2)
    levels.push({ at, watts: burst }, { at: at + 0.08, watts: -burst })
  }
  return levels
}

/** Another program that takes 1.5 W for about half a second, and then rests as long. */
export function busyBackground(random: Random, until: number): Levels {
  const levels: Levels = []
  for (let at = 0; at < until; at += random.exponential(0.5)) {
    levels.push({ at, watts: 1.5 })
    at += random.exponential(0.5)
    levels.push({ at, watts: -1.5 })
  }
  return levels
}
