import { nanoseconds } from '../units.ts'
import { findBreak, reviewed, strayReads } from './break.ts'
import type { Line } from './hull.ts'
import { LowerHull } from './hull.ts'
import type { Sample } from './sample.ts'

/** readings after a hole before the places of its samples are believed */
export const settledAfter = 5
/** most that the stamps may move samples, ms: the tool's delay between reading and writing */
const longestDelay = 3
/** how far apart the stamps' bounds may be to say where between them the samples are, ms */
const tightest = 3

/** Readings without a hole between them: they share one line of residual over Σ elapsed. */
export class Stretch {
  /** index of its first reading */
  readonly first: number
  /** a hole came before it */
  readonly doubtful: boolean
  readonly residuals: number[] = []
  /** `NaN`: the record had no stamp */
  readonly stampResiduals: number[] = []
  readonly #sums: number[] = []
  readonly #origin: number
  #hull = new LowerHull()
  #accepted = 0
  #line: Line = { slope: 0, intercept: 0 }
  /** how far the stamps allow the samples to be moved, ms */
  #low = -Infinity
  #high = Infinity
  #shift = 0
  #placed = 0

  /** @param origin any instant near its beginning, so that sums stay small */
  constructor(first: number, origin: number, doubtful: boolean) {
    this.first = first
    this.doubtful = doubtful
    this.#origin = origin
  }

  get count(): number {
    return this.#sums.length
  }

  /** readings that may lie behind a hole: those to come will tell */
  get undecided(): number {
    return this.count - this.#accepted
  }

  /** Lengths of its readings `from` ≤ k < `to`, ns. */
  lengths(from = 0, to: number = this.count): number[] {
    return Array.from({ length: Math.min(to, this.count) - from }, (_, k) => this.#length(from + k))
  }

  #length(k: number): number {
    return (this.#sums[k] ?? 0) - (this.#sums[k - 1] ?? 0)
  }

  add(arrival: number, elapsed: number, stampSeconds: number | null): void {
    const sum = (this.#sums.at(-1) ?? 0) + elapsed
    this.#sums.push(sum)
    this.residuals.push(arrival - this.#origin - sum)
    this.stampResiduals.push(stampSeconds === null ? Number.NaN : stampSeconds * 1e9 - sum)
  }

  /**
   * Takes what can be judged.
   * @returns position of the first reading after a hole; `null` when none was found so far
   */
  decide(): number | null {
    while (this.#accepted < this.count) {
      const found = this.#accepted === 0 ? null : findBreak(this, this.#accepted)
      if (found === 'wait') return null
      if (found !== null) return found
      this.#accept()
    }
    return null
  }

  /** Ends here: nothing comes after position `count`. */
  close(count: number): void {
    for (const list of [this.#sums, this.residuals, this.stampResiduals]) {
      list.length = count
    }
    while (this.#accepted < count) this.#accept()
    this.#placed = 0
  }

  #accept(): void {
    this.#accepted += 1
    if (this.doubtful && this.#accepted <= reviewed) {
      this.#hull = new LowerHull()
      const strays = Math.min(strayReads(this.residuals), this.#accepted - 1)
      for (let k = strays; k < this.#accepted; k += 1) this.#touch(k)
    } else this.#touch(this.#accepted - 1)
  }

  #touch(k: number): void {
    this.#hull.add(this.#sums[k] ?? 0, this.residuals[k] ?? 0)
  }

  /** the smallest reads may all have been late while there are few */
  get isFresh(): boolean {
    return this.doubtful && this.count < settledAfter
  }

  /**
   * Writes starts and ends into its samples, those that moved only.
   * @param samples of the whole trace
   * @param floor end of the sample before, which the first one cannot begin before
   * @param wallOffsetMs wall clock − test clock, when it is known
   */
  place(samples: readonly Sample[], floor: number, wallOffsetMs: number | undefined): void {
    const { line } = this.#hull
    const isNew = line.slope !== this.#line.slope || line.intercept !== this.#line.intercept
    if (isNew) [this.#line, this.#low, this.#high] = [line, -Infinity, Infinity]
    let from = isNew ? 0 : this.#placed
    if (wallOffsetMs !== undefined) {
      for (let k = from; k < this.count; k += 1) this.#narrow(k, wallOffsetMs)
      const shift = this.#centre()
      if (shift !== this.#shift) from = 0
      this.#shift = shift
    }
    for (let k = from; k < this.count; k += 1) this.#put(samples, k, floor)
    this.#placed = this.count
  }

  #endOf(k: number): number {
    const { slope, intercept } = this.#line
    return this.#origin + (this.#sums[k] ?? 0) * (1 + slope) + intercept
  }

  /** stamp ≤ end < stamp + 1 s */
  #narrow(k: number, wallOffsetMs: number): void {
    const stamp = this.stampResiduals[k]
    if (stamp === undefined || Number.isNaN(stamp)) return
    const seconds = Math.round((stamp + (this.#sums[k] ?? 0)) / 1e9)
    const least = seconds * 1000 - wallOffsetMs - this.#endOf(k) / 1e6
    this.#low = Math.max(this.#low, least)
    this.#high = Math.min(this.#high, least + 1000)
  }

  /** Between what stamps and arrival allow, if that is a small way; ms, ≤ 0. */
  #centre(): number {
    const high = Math.min(this.#high, 0)
    const shift = (this.#low + high) / 2
    const isTight = high > this.#low && high - this.#low < tightest && shift > -longestDelay
    return isTight ? Math.round(shift * 1000) / 1000 : 0
  }

  #put(samples: readonly Sample[], k: number, floor: number): void {
    const sample = samples[this.first + k]
    if (sample === undefined) return
    const end = this.#endOf(k) + this.#shift * 1e6
    const start = end - this.#length(k) * (1 + this.#line.slope)
    const before = k === 0 ? Math.max(start, floor) : (samples[this.first + k - 1]?.end ?? start)
    sample.end = nanoseconds(Math.max(end, before))
    sample.start = nanoseconds(before)
  }
}
