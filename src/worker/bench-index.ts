import type { RunnerTestCase } from 'vitest'

const starts = new WeakMap<RunnerTestCase, { attempt: number; benches: number }>()

/**
 * Which `run` or `compare` of the running attempt comes next, from 0. Vitest's own list of a test goes
 * on over its retries: to be asked before each bench, measured or not.
 */
export function benchIndex(test: RunnerTestCase): number {
  const attempt = test.result?.attempts?.length ?? 0
  const benches = test.benchmarks.length
  const known = starts.get(test)
  if (known?.attempt === attempt) return benches - known.benches
  starts.set(test, { attempt, benches })
  return 0
}
