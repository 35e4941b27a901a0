import { median } from './statistics.ts'

/** What is known of the readings of one stretch, in order. Times in ns, from any origin. */
export interface StretchTimes {
  /** arrival − Σ elapsed: constant but for late reads (above) and drift */
  readonly residuals: readonly number[]
  /** of readings `from` ≤ k < `to` */
  lengths(from: number, to: number): number[]
  /** stamp (whole seconds) − Σ elapsed; `null` where there is no stamp */
  /** `NaN`: the record had no stamp */
  readonly stampResiduals: readonly number[]
}

/** readings looked back and ahead: some seconds, longer than any stall of the main thread */
const horizon = 40
/** readings that must stay up before a rise is believed without other evidence */
const enough = 20
/** readings at the new level that agree closer than late reads would by chance, ns */
const agreement = 4e6
/** stamps looked back on, and what clocks may drift by in that time, ns */
const stampHorizon = 600
const stampSlack = 10e6

/**
 * Whether a hole lies before reading `index`, or near behind it: the residual rises by more than
 * half a sample and stays up. A read that is merely late comes back.
 * @returns the first reading after the hole; `null` when there is none; `'wait'` when the readings
 *   so far cannot tell
 */
export function findBreak(times: StretchTimes, index: number): number | null | 'wait' {
  const { residuals } = times
  const value = residuals[index] ?? 0
  const before = residuals.slice(Math.max(0, index - horizon), index)
  const floor = Math.min(...before)
  const half = median(times.lengths(Math.max(0, index - horizon), index + 1)) / 2
  if (value < floor - half) return isFloor(before, floor) ? index : null
  if (value <= floor + half) return null
  const after = residuals.slice(index, index + horizon).toSorted((a, b) => a - b)
  if ((after[0] ?? 0) <= floor + half) return null
  const gap = (after[0] ?? 0) - floor
  return staysUp(residuals, index, after, half) ||
    agree(after, gap > 1e9) ||
    stampsJump(times, index)
    ? firstAtNewFloor(residuals, index, after)
    : 'wait'
}

/** @param after sorted */
function staysUp(
  residuals: readonly number[],
  index: number,
  after: readonly number[],
  half: number,
): boolean {
  if (after.length < enough) return false
  if (after.some((value, k) => (after[k + 5] ?? Infinity) - value < close)) return true
  // reads that were held up come all at once: as long as they do, nothing is known
  const last = index + after.length - 1
  const isQueue = (residuals[last] ?? 0) < (residuals[last - 1] ?? 0) - half
  return after.length >= horizon && !isQueue
}

/** a level that several reads agree on, rather than one that none has reached before */
function isFloor(before: readonly number[], floor: number): boolean {
  return before.filter((value) => value - floor < agreement).length >= 3
}

/**
 * Reads that were held up together come ever less late, so that equal lateness is none.
 * @param after sorted
 */
function agree(after: readonly number[], far: boolean): boolean {
  const needed = far ? 2 : 4
  const [first = 0, second = 0, third = second] = after
  return after.length >= needed && (far ? second : third) - first < agreement
}

const known = (value: number): boolean => !Number.isNaN(value)

/** The tool itself, which no stall of ours touches, says that it is later than Σ elapsed. */
function stampsJump({ stampResiduals }: StretchTimes, index: number): boolean {
  const before = stampResiduals.slice(Math.max(0, index - stampHorizon), index).filter(known)
  const latest = Math.min(...before) + 1e9
  return stampResiduals.slice(index).some((value) => known(value) && value > latest + stampSlack)
}

/** @param after sorted */
function firstAtNewFloor(
  residuals: readonly number[],
  index: number,
  after: readonly number[],
): number {
  const floor = robustFloor(after)
  const last = Math.min(index + enough, residuals.length - 1)
  let k = index
  while (k < last && Math.abs((residuals[k] ?? 0) - floor) >= close) k += 1
  return k
}

/** reads without delay differ by less, ns */
const close = 3e6

/** The lowest value that several others are close above. @param sorted not empty */
function robustFloor(sorted: readonly number[]): number {
  const needed = Math.min(5, sorted.length - 1)
  const floor = sorted.find((value, k) => (sorted[k + needed] ?? Infinity) - value < close)
  return floor ?? sorted[0] ?? 0
}

/** readings over which the beginning of a stretch is looked at again */
export const reviewed: number = enough

/**
 * A late read right before a hole may look like the first one after it, and would then pull the
 * whole stretch down.
 * @param residuals of a stretch that begins at a hole
 * @returns how many of its first readings lie below the level of those that follow
 */
export function strayReads(residuals: readonly number[]): number {
  const first = residuals.slice(0, reviewed)
  if (first.length < 4) return 0
  const floor = robustFloor(first.toSorted((a, b) => a - b))
  return first.slice(0, 3).findLastIndex((value) => value < floor - close / 2) + 1
}
