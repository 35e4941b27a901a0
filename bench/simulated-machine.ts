import { seededRandom } from '../src/energy/random.ts'
import type { Sample } from '../src/energy/sample.ts'
import type { Block } from '../src/energy/round.ts'
import type { MeasurableCase, Surroundings } from '../src/worker/rounds.ts'
import type { Joules, Nanoseconds } from '../src/units.ts'

/** Standard normal, by Box and Muller. */
export function normalFrom(random: () => number): () => number {
  return () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
}

export interface MachineOptions {
  seed: number
  idleW?: number
  /** relative scatter of the meter, per sample */
  noise?: number
  /** by how much work's power rises, in the end, and how fast (s) */
  drift?: number
  driftSeconds?: number
  /** relative scatter of work's power from block to block */
  blockScatter?: number
  /** bursts of background per second, each 1.5 W for 0.3 s on average */
  burstsPerSecond?: number
  /** the bursts are seen in the machine's CPU time (a program), or not */
  burstsUseCpu?: boolean
  /** length of a sample, s */
  sampleSeconds?: number
  /** the counters advance only so often, s; 0: with every sample */
  cadenceSeconds?: number
}

interface Stretch {
  start: number
  end: number
  watts: number
}

const overlap = (a: Stretch, start: number, end: number): number =>
  Math.max(0, Math.min(a.end, end) - Math.max(a.start, start))

/** A machine, its meter and its clock; time passes only in `sleep` and `work`. */
export class SimulatedMachine {
  readonly #options: Required<MachineOptions>
  readonly #random: () => number
  readonly #normal: () => number
  #time = 1000
  #sampled = 1000
  #nextBurst: number
  readonly #work: Stretch[] = []
  readonly #bursts: Stretch[] = []
  #oldestWork = 0
  #oldestBurst = 0
  #cpuMs = 0
  #nextPublication = 0
  /** J so far, and whole mJ given out */
  #counted = 0
  #read = 0
  readonly samples: Sample[] = []
  readonly #machineCpu: number[] = []
  readonly blocks: Block[] = []
  readonly progress: (number | null)[] = []
  /** work's own energy, J, and its operations, by case and round */
  readonly truth: Map<string, { joules: number; ops: number }> = new Map()
  abortAfter: number = Number.POSITIVE_INFINITY
  meterEndsAt: number = Number.POSITIVE_INFINITY

  constructor(options: MachineOptions) {
    this.#options = {
      idleW: 0.031,
      noise: 0.03,
      drift: 0.04,
      driftSeconds: 60,
      blockScatter: 0,
      burstsPerSecond: 0,
      burstsUseCpu: false,
      sampleSeconds: 0.108,
      cadenceSeconds: 0,
      ...options,
    }
    this.#random = seededRandom(options.seed)
    this.#normal = normalFrom(this.#random)
    this.#nextBurst = this.#burstAfter(this.#time)
    this.#pass(1.2)
  }

  get seconds(): number {
    return this.#time - 1000
  }

  /** Nothing happens for a while. */
  #pass(seconds: number): void {
    this.#time += seconds
    this.#sample()
  }

  /** Work at `watts` until an instant. */
  spend(seconds: number, watts: number): number {
    const { drift, driftSeconds, blockScatter } = this.#options
    const warm = 1 + drift * (1 - Math.exp(-this.seconds / driftSeconds))
    const actual = watts * warm * (1 + blockScatter * this.#normal())
    this.#work.push({ start: this.#time, end: this.#time + seconds, watts: actual })
    this.#time += seconds
    this.#cpuMs += seconds * 1000
    this.#sample()
    return actual * seconds
  }

  #burstAfter(time: number): number {
    const { burstsPerSecond } = this.#options
    if (burstsPerSecond === 0) return Number.POSITIVE_INFINITY
    return time - Math.log(1 - this.#random()) / burstsPerSecond
  }

  #sample(): void {
    const { sampleSeconds, noise, idleW } = this.#options
    while (this.#nextBurst < this.#time) {
      const length = -0.3 * Math.log(1 - this.#random())
      this.#bursts.push({ start: this.#nextBurst, end: this.#nextBurst + length, watts: 1.5 })
      this.#nextBurst = this.#burstAfter(this.#nextBurst)
    }
    // a record that has not ended has not been read
    for (;;) {
      const length = sampleSeconds * (1 + 0.02 * (2 * this.#random() - 1))
      const start = this.#sampled
      const end = start + length
      if (end > this.#time || start > this.meterEndsAt) return
      this.#sampled = end
      const work = this.#energy('work', start, end)
      const burst = this.#energy('burst', start, end)
      const joules = (idleW * length + work.joules + burst.joules) * (1 + noise * this.#normal())
      const cpuMs = work.busy * 1000 + (this.#options.burstsUseCpu ? burst.busy * 1000 : 0)
      this.#machineCpu.push(cpuMs)
      this.#place(start, end, joules)
    }
  }

  /** The counter counts whole millijoules; samples are placed a millisecond or so off. */
  #place(start: number, end: number, joules: number): void {
    this.#counted += joules
    const published = end >= this.#nextPublication
    if (published) this.#nextPublication = end + this.#options.cadenceSeconds
    const whole = published ? Math.floor(this.#counted * 1000) : this.#read
    const cpu = ((whole - this.#read) / 1000) as Joules
    this.#read = whole
    const placed = (end + 0.001 * this.#normal()) * 1e9
    this.samples.push({
      index: this.samples.length,
      start: this.samples.at(-1)?.end ?? ((start * 1e9) as Nanoseconds),
      end: placed as Nanoseconds,
      energy: { cpu },
      segment: 0,
      certain: true,
    })
  }

  #energy(kind: 'work' | 'burst', start: number, end: number): { joules: number; busy: number } {
    const stretches = kind === 'work' ? this.#work : this.#bursts
    let at = kind === 'work' ? this.#oldestWork : this.#oldestBurst
    while (at < stretches.length && (stretches[at]?.end ?? 0) <= start) at++
    if (kind === 'work') this.#oldestWork = at
    else this.#oldestBurst = at
    let joules = 0
    let busy = 0
    for (; at < stretches.length; at++) {
      const stretch = stretches[at]
      if (stretch === undefined || stretch.start >= end) break
      const seconds = overlap(stretch, start, end)
      joules += seconds * stretch.watts
      busy += seconds
    }
    return { joules, busy }
  }

  /** What the engine sees of this machine. */
  surroundings(): Surroundings {
    const random = seededRandom(this.#options.seed ^ 0x5f5f5f5f)
    return {
      now: () => (this.#time * 1e9) as Nanoseconds,
      sleep: (durationMs) => {
        // timers come late, never early
        this.#pass((durationMs + this.#random()) / 1000)
        return Promise.resolve()
      },
      cpuMs: () => this.#cpuMs,
      random,
      aborted: () => this.seconds > this.abortAfter,
      samples: () => this.samples,
      machineCpuMs: (index) => this.#machineCpu[index] ?? null,
      workerApart: true,
      watched: [{ start: 1000e9 as Nanoseconds, end: 1001.2e9 as Nanoseconds }],
      waitFor: (instant) => {
        while ((this.samples.at(-1)?.end ?? 0) < instant) {
          if (this.#time > this.meterEndsAt + 1) return Promise.resolve('the meter ended')
          this.#pass(0.01)
        }
        return Promise.resolve(null)
      },
      meterEnded: () =>
        this.#time > this.meterEndsAt + 1 && this.#sampled > this.meterEndsAt
          ? 'the meter ended'
          : null,
      record: (block) => {
        this.blocks.push(block)
      },
      progress: (_round, precision) => {
        this.progress.push(precision)
      },
    }
  }

  /** A case that draws `watts` and takes `opSeconds` for each operation. */
  simulatedCase(
    name: string,
    options: { watts: number; opSeconds: number; at: number } & Partial<MeasurableCase>,
  ): MeasurableCase {
    const { watts, opSeconds, at, ...rest } = options
    let round = 0
    return {
      name,
      budget: null,
      hooksIncluded: false,
      units: null,
      opNs: opSeconds * 1e9,
      prepare: () => Promise.resolve(),
      finish: () => Promise.resolve(),
      work: (until) => {
        const ops = Math.max(1, Math.ceil((until / 1e9 - this.#time) / opSeconds - 1e-9))
        const joules = this.spend(ops * opSeconds, watts)
        this.truth.set(`${at} ${round++}`, { joules, ops })
        return Promise.resolve(ops)
      },
      ...rest,
    }
  }
}
