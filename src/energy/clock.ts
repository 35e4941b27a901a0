import type { Nanoseconds } from '../units.ts'
import { nanoseconds } from '../units.ts'
import { median } from './statistics.ts'
import { Readings } from './readings.ts'
import type { Reading, Sample } from './sample.ts'
import { settledAfter, Stretch } from './stretch.ts'

export interface ClockOptions {
  /** wall clock − test clock, ms; with it the one-second stamps take the tool's own delay out */
  wallOffsetMs?: number
  /** the interval that was asked for, ms; without it nothing is said about long samples */
  intervalMs?: number
}

/** Something odd about the meter's time. */
export interface ClockWarning {
  code: 'long-samples' | 'clock-rate' | 'gap' | 'sleep' | 'damaged-records'
  message: string
}

/** samples on each side of a gap that may be placed wrong by one sample (docs/method.md, "Time") */
const margin = 3

/**
 * Places readings on the test clock. A sample ends where Σ elapsed says, plus the smallest delay
 * that any read had: arrival times are late by chance, the lengths are exact.
 *
 * A worker may ask for the samples after every reading: only those that moved are written.
 */
export class SampleClock {
  readonly #options: ClockOptions
  /** what came, by index */
  readonly readings: Readings = new Readings()
  readonly #samples: Sample[] = []
  readonly #stretches: Stretch[] = []
  /** samples that are in doubt whatever comes */
  readonly #doubted = new Set<number>()
  #gaps = 0
  #sleeps = 0
  #damaged = 0
  /** the last reading was damaged */
  #isBroken = false
  /** stretches before this one have their last place */
  #settled = 0

  constructor(options: ClockOptions = {}) {
    this.#options = options
  }

  /** Takes the next reading, in the order of the journal. */
  add(reading: Reading): void {
    const index = this.#samples.length
    const isWhole = reading.elapsed !== null && reading.elapsed > 0
    const { arrival, energy } = reading
    const isKnown = isWhole && energy !== null
    this.readings.push(reading)
    this.#samples.push({
      index,
      start: arrival,
      end: arrival,
      energy: isKnown ? energy : null,
      segment: this.#gaps,
      certain: true,
    })
    if (isWhole) {
      this.#noticeSleep(index)
      this.#continue(index)
    } else this.#pass()
  }

  /** The placed samples in order of time; valid until the next reading is added. */
  get samples(): readonly Sample[] {
    for (const stretch of this.#stretches.slice(this.#settled)) this.#place(stretch)
    this.#settled = Math.max(0, this.#stretches.length - 1)
    this.#placeDamaged(this.#samples.length, Infinity)
    return this.#samples
  }

  /** The samples that stay where they are: the last ones may turn out to lie behind a hole. */
  get decided(): readonly Sample[] {
    const { samples } = this
    return samples.slice(0, samples.length - (this.#stretches.at(-1)?.undecided ?? 0))
  }

  /** median length of a sample; `null` before the first whole one */
  get medianSample(): Nanoseconds | null {
    const length = median(this.#stretches.flatMap((stretch) => stretch.lengths()))
    return Number.isNaN(length) ? null : nanoseconds(length)
  }

  /** time between reads ÷ the length that records tell, medians; `null` before ten readings */
  get rate(): number | null {
    const length = this.medianSample
    if (length === null || this.readings.length < 10) return null
    const { arrivals } = this.readings
    return median(arrivals.slice(1).map((at, k) => at - (arrivals[k] ?? at))) / length
  }

  /** holes between samples; damaged records are none */
  get gaps(): number {
    return this.#gaps
  }

  /** What is odd about the meter's time so far. */
  get warnings(): readonly ClockWarning[] {
    const found: ClockWarning[] = []
    const { intervalMs } = this.#options
    const { medianSample: length, rate } = this
    if (intervalMs !== undefined && length !== null && length > 1.5e6 * intervalMs) {
      const message = `samples last ${Math.round(length / 1e6)} ms where ${intervalMs} ms were asked for`
      found.push({ code: 'long-samples', message })
    }
    if (rate !== null && Math.abs(rate - 1) > 0.2) {
      const message = `records come ${rate.toFixed(2)} times as far apart as they say they are long`
      found.push({ code: 'clock-rate', message })
    }
    if (this.#gaps > 0) {
      found.push({ code: 'gap', message: `the meter was silent ${times(this.#gaps)}` })
    }
    if (this.#sleeps > 0) {
      const message = `the machine slept, or its clock was set, ${times(this.#sleeps)}`
      found.push({ code: 'sleep', message })
    }
    if (this.#damaged > 0) {
      const message = `the meter sent a damaged record ${times(this.#damaged)}`
      found.push({ code: 'damaged-records', message })
    }
    return found
  }

  /** Wall time that went by without the meter counting it; the sample in which it did is void. */
  #noticeSleep(index: number): void {
    const [now, before] = [this.readings.at(index), this.readings.at(index - 1)]
    if (now?.stampSeconds == null || before?.stampSeconds == null) return
    // both stamps are cut to whole seconds: they may differ by one second more than the time did
    const ahead = now.stampSeconds - before.stampSeconds - (now.elapsed ?? 0) / 1e9
    if (Math.abs(ahead) < 2) return
    this.#sleeps += 1
    this.#doubt(index, index + 1)
  }

  #continue(index: number): void {
    const open = this.#isBroken ? undefined : this.#stretches.at(-1)
    const stretch = open ?? this.#begin(index, index > 0)
    this.#isBroken = false
    this.#feed(stretch, index)
    this.#divide(stretch)
  }

  #begin(index: number, doubtful: boolean): Stretch {
    const stretch = new Stretch(index, this.readings.at(index)?.arrival ?? 0, doubtful)
    this.#stretches.push(stretch)
    return stretch
  }

  #feed(stretch: Stretch, index: number): void {
    const { arrival = 0, elapsed = 0, stampSeconds = null } = this.readings.at(index) ?? {}
    stretch.add(arrival, elapsed ?? 0, stampSeconds)
  }

  /** Splits a stretch at the hole that its readings show, if any. */
  #divide(stretch: Stretch): void {
    const at = stretch.decide()
    if (at === null) return
    const [first, end] = [stretch.first + at, stretch.first + stretch.count]
    stretch.close(at)
    this.#settled = Math.min(this.#settled, this.#stretches.length - 1)
    this.#gaps += 1
    this.#doubt(first - margin, first + margin)
    const next = this.#begin(first, true)
    for (let index = first; index < end; index += 1) {
      this.#feed(next, index)
      const sample = this.#samples[index]
      if (sample !== undefined) sample.segment = this.#gaps
    }
    this.#divide(next)
  }

  /** A damaged record: its place is known from its neighbours, its length and energy are not. */
  #pass(): void {
    this.#damaged += 1
    this.#isBroken = true
    const stretch = this.#stretches.at(-1)
    stretch?.close(stretch.count)
    this.#settled = Math.min(this.#settled, Math.max(0, this.#stretches.length - 1))
  }

  #doubt(from: number, to: number): void {
    for (let index = Math.max(0, from); index < to; index += 1) {
      this.#doubted.add(index)
      const sample = this.#samples[index]
      if (sample !== undefined) sample.certain = false
    }
  }

  #place(stretch: Stretch): void {
    const { first, count } = stretch
    const before = this.#wholeBefore(first)
    stretch.place(this.#samples, before?.end ?? -Infinity, this.#options.wallOffsetMs)
    const fresh = stretch.doubtful ? Math.min(count, settledAfter) : 0
    for (let index = first; index < first + fresh; index += 1) {
      const sample = this.#samples[index]
      if (sample !== undefined) sample.certain = !stretch.isFresh && !this.#doubted.has(index)
    }
    const last = this.#samples[first + count - 1]
    if (last !== undefined && this.#doubted.has(last.index)) last.certain = false
    this.#placeDamaged(first, this.#samples[first]?.start ?? Infinity)
  }

  #wholeBefore(index: number): Sample | undefined {
    let k = index - 1
    while (k >= 0 && this.#isDamaged(k)) k -= 1
    return this.#samples[k]
  }

  #isDamaged(index: number): boolean {
    const elapsed = this.readings.at(index)?.elapsed
    return elapsed === null || (elapsed !== undefined && elapsed <= 0)
  }

  /** The damaged records right before `index` share the time up to `until`. */
  #placeDamaged(index: number, until: number): void {
    let first = index
    while (first > 0 && this.#isDamaged(first - 1)) first -= 1
    const count = index - first
    if (count === 0) return
    const arrival = this.readings.at(index - 1)?.arrival ?? 0
    const from = this.#samples[first - 1]?.end ?? Math.min(arrival, until)
    const length = Math.max(0, Math.min(until, Math.max(arrival, from)) - from) / count
    for (let k = 0; k < count; k += 1) {
      const sample = this.#samples[first + k]
      if (sample === undefined) continue
      sample.start = nanoseconds(from + k * length)
      sample.end = nanoseconds(from + (k + 1) * length)
    }
  }
}

const times = (count: number): string => (count === 1 ? 'once' : `${count} times`)
