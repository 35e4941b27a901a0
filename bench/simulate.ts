import type { DomainEnergy, Reading } from '../src/energy/sample.ts'
import type { EnergyWindow, FileSpan } from '../src/energy/window.ts'
import { joules, milliseconds, nanoseconds } from '../src/units.ts'

/** Seeded random numbers (mulberry32). */
export class Random {
  #state: number
  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  unit(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }

  between(low: number, high: number): number {
    return low + (high - low) * this.unit()
  }

  normal(): number {
    return Math.sqrt(-2 * Math.log(1 - this.unit())) * Math.cos(2 * Math.PI * this.unit())
  }

  exponential(mean: number): number {
    return -mean * Math.log(1 - this.unit())
  }

  /** a median and the spread around it, as σ ÷ µ */
  logNormal(median: number, spread: number): number {
    return median * Math.exp(Math.sqrt(Math.log(1 + spread * spread)) * this.normal())
  }

  shuffled<T>(values: readonly T[]): T[] {
    const out = [...values]
    for (let i = out.length - 1; i > 0; i -= 1) {
      const j = Math.floor(this.unit() * (i + 1))
      const [a, b] = [out[i], out[j]]
      if (a !== undefined && b !== undefined) [out[i], out[j]] = [b, a]
    }
    return out
  }
}

/** Power over time, in seconds and watts: the truth. */
export class Script {
  readonly #times: number[] = [0]
  readonly #energy: number[] = [0]
  readonly #power: number[] = []

  /** @param levels changes of the total by `watts` at `at`, in any order */
  constructor(levels: readonly { at: number; watts: number }[]) {
    let [power, energy, last] = [0, 0, 0]
    for (const { at, watts } of levels.toSorted((a, b) => a.at - b.at)) {
      if (at > last) {
        energy += power * (at - last)
        this.#power.push(power)
        this.#times.push(at)
        this.#energy.push(energy)
        last = at
      }
      power += watts
    }
    this.#power.push(power)
  }

  #until(instant: number): number {
    let [low, high] = [0, this.#times.length]
    while (high - low > 1) {
      const middle = (low + high) >>> 1
      if ((this.#times[middle] ?? 0) <= instant) low = middle
      else high = middle
    }
    const since = instant - (this.#times[low] ?? 0)
    return (this.#energy[low] ?? 0) + since * (this.#power[low] ?? 0)
  }

  /** joules between two instants */
  energy(start: number, end: number): number {
    return this.#until(end) - this.#until(start)
  }
}

export interface MeterFlaws {
  /** white noise of a sample's energy, relative */
  white: number
  /** how far the counters are read off the record's own ends, s */
  skew: number
  /** rate of the meter's clock against the test clock */
  drift: number
  /** share of reads that come 10 … 250 ms late */
  stalls: number
  /** share of records that are lost */
  drops: number
  /** time between publications of the counter, s; 0: every sample is fresh */
  cadence: number
}

export const soundMeter: MeterFlaws = {
  white: 0.03,
  skew: 0.004,
  drift: 50e-6,
  stalls: 0,
  drops: 0,
  cadence: 0,
}

/** the tool's own time from the end of a sample to the first byte, s */
const toolDelay = 0.001
/** test clock at simulated second 0, ns; seconds since 1970 at the same instant */
const clockBase = 1e12
const wallBase = 1.7e9 + 0.25

export const toClock = (seconds: number): number => clockBase + seconds * 1e9
/** what the clock is to be told, ms */
export const wallOffsetMs: number = wallBase * 1000 - clockBase / 1e6

export interface Metered {
  readings: Reading[]
  /** true ends of the readings' samples, ns on the test clock */
  ends: number[]
}

/** What powermetrics would have said of the script when asked for 100 ms. */
export function meter(random: Random, script: Script, until: number, flaws: MeterFlaws): Metered {
  const readings: Reading[] = []
  const ends: number[] = []
  let [start, counted, shown, skew, arrived, published] = [random.unit() * 0.1, 0, 0, 0, 0, 0]
  let nextPublication = flaws.cadence
  while (start < until) {
    const length =
      0.108 + random.exponential(0.004) + (random.unit() < 0.01 ? random.between(0.02, 0.08) : 0)
    const end = start + length
    const nextSkew = flaws.skew * random.normal()
    counted +=
      script.energy(Math.max(0, start + skew), end + nextSkew) * (1 + flaws.white * random.normal())
    if (flaws.cadence === 0 || end >= nextPublication) {
      published = counted
      nextPublication += flaws.cadence * random.between(0.96, 1.06)
    }
    const millijoules = Math.floor(published * 1000)
    const late =
      random.between(0.0002, 0.0006) +
      random.exponential(0.0012) +
      (random.unit() < 0.02 ? random.between(0.02, 0.05) : 0) +
      (random.unit() < flaws.stalls ? random.between(0.01, 0.25) : 0)
    arrived = Math.max(arrived + 1e-5, end + toolDelay + late)
    if (random.unit() >= flaws.drops) {
      const energy: DomainEnergy = {
        cpu: joules((millijoules - shown) / 1000),
        gpu: joules(0),
        ane: joules(0),
      }
      readings.push({
        arrival: nanoseconds(Math.round(toClock(arrived))),
        elapsed: nanoseconds(Math.round(length * 1e9 * (1 + flaws.drift))),
        energy,
        stampSeconds: Math.floor(wallBase + end),
        thermalPressure: 'Nominal',
        systemCpuMs: null,
        ownCpuMs: null,
      })
      ends.push(toClock(end))
    }
    shown = millijoules
    skew = nextSkew
    start = end
  }
  return { readings, ends }
}

export interface SimulatedTest {
  name: string
  /** s */
  start: number
  end: number
  /** CPU seconds per second */
  busy: number
  repeat: number
}

export function windowOf(test: SimulatedTest): EnergyWindow {
  return {
    id: `${test.name}#0.${test.repeat}`,
    testId: test.name,
    projectName: '',
    file: 'a.test.ts',
    retry: 0,
    repeat: test.repeat,
    worker: '1.0',
    start: nanoseconds(toClock(test.start)),
    end: nanoseconds(toClock(test.end)),
    cpu: milliseconds(test.busy * (test.end - test.start) * 1000),
    concurrent: false,
  }
}

/** One file that runs from `start` to `end`, s; its own CPU time beside the tests' is `rest`, s. */
export function spanOf(
  tests: readonly SimulatedTest[],
  span: [number, number],
  rest: number,
): FileSpan {
  const cpu = tests.reduce((sum, { start, end, busy }) => sum + busy * (end - start), rest)
  return {
    projectName: '',
    file: 'a.test.ts',
    worker: '1.0',
    start: nanoseconds(toClock(span[0])),
    end: nanoseconds(toClock(span[1])),
    cpu: milliseconds(cpu * 1000),
  }
}
