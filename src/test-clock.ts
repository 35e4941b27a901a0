import type { Nanoseconds } from './units.ts'
import { nanoseconds } from './units.ts'

/** The test clock in the main process; workers have theirs in worker/now.ts, out of reach of fake timers. */
export const testClock = (): Nanoseconds => nanoseconds(Number(process.hrtime.bigint()))

/** Wall clock − test clock, ms. `Date.now()` is cut to whole ms: taken in the moment it turns. */
export function wallOffsetMs(): number {
  const before = Date.now()
  let after = before
  while (after === before) after = Date.now()
  return after - testClock() / 1e6
}
