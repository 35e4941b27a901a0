import type { Nanoseconds } from '../units.ts'
import { nanoseconds } from '../units.ts'
import type { Reading } from './sample.ts'

/** A reading without its energy, which its sample has. */
export type ReadingNotes = Omit<Reading, 'energy'>

const packed = (value: number | null): number => value ?? Number.NaN
const unpacked = (value: number | undefined): number | null =>
  value === undefined || Number.isNaN(value) ? null : value

/** All readings of a run, without their energy. Packed: an hour of them has to stay in memory. */
export class Readings {
  readonly #arrivals: number[] = []
  readonly #elapsed: number[] = []
  readonly #stamps: number[] = []
  readonly #system: number[] = []
  readonly #own: number[] = []
  /** thermal pressure where it is not `Nominal` */
  readonly #thermal = new Map<number, string | null>()
  readonly #contradictions = new Map<number, string>()

  static of(readings: Iterable<ReadingNotes>): Readings {
    const made = new Readings()
    for (const reading of readings) made.push(reading)
    return made
  }

  get length(): number {
    return this.#arrivals.length
  }

  push(reading: ReadingNotes): void {
    const { arrival, elapsed, stampSeconds, systemCpuMs, ownCpuMs } = reading
    const { thermalPressure, contradiction } = reading
    const index = this.length
    this.#arrivals.push(arrival)
    this.#elapsed.push(packed(elapsed))
    this.#stamps.push(packed(stampSeconds))
    this.#system.push(packed(systemCpuMs))
    this.#own.push(packed(ownCpuMs))
    if (thermalPressure !== 'Nominal') this.#thermal.set(index, thermalPressure)
    if (contradiction !== undefined) this.#contradictions.set(index, contradiction)
  }

  /** @returns `undefined` where there is no such reading */
  at(index: number): ReadingNotes | undefined {
    const arrival = this.#arrivals[index]
    if (arrival === undefined) return undefined
    const contradiction = this.#contradictions.get(index)
    return {
      arrival: nanoseconds(arrival),
      elapsed: unpacked(this.#elapsed[index]) as Nanoseconds | null,
      stampSeconds: unpacked(this.#stamps[index]),
      systemCpuMs: unpacked(this.#system[index]),
      ownCpuMs: unpacked(this.#own[index]),
      thermalPressure: this.#thermal.has(index) ? (this.#thermal.get(index) ?? null) : 'Nominal',
      ...(contradiction === undefined ? {} : { contradiction }),
    }
  }

  /** when each was read, ns */
  get arrivals(): readonly number[] {
    return this.#arrivals
  }

  /** how records contradicted themselves, in order */
  get contradictions(): string[] {
    return [...this.#contradictions.values()]
  }

  /** thermal pressures that are known and above `Nominal`, in order */
  get thermalPressures(): string[] {
    return [...this.#thermal.values()].filter((pressure) => pressure !== null)
  }
}
