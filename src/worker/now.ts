import type { Nanoseconds } from '../units.ts'
import { kept } from './kept.ts'

/** The clock and timers as they were when the worker started: a test may leave fake ones behind. */
interface Captured {
  hrtime: () => bigint
  performanceNow: () => number
  setTimeout: typeof globalThis.setTimeout
  clearTimeout: typeof globalThis.clearTimeout
  setImmediate: typeof globalThis.setImmediate
  cpuUsage: typeof process.cpuUsage
  threadCpuUsage: typeof process.threadCpuUsage | undefined
}

const captured = kept<Captured>('captured', () => ({
  hrtime: process.hrtime.bigint.bind(process.hrtime),
  performanceNow: globalThis.performance.now.bind(globalThis.performance),
  setTimeout: globalThis.setTimeout,
  clearTimeout: globalThis.clearTimeout,
  setImmediate: globalThis.setImmediate,
  cpuUsage: process.cpuUsage.bind(process),
  // Node < 23.9 has none
  threadCpuUsage: (process.threadCpuUsage as typeof process.threadCpuUsage | undefined)?.bind(
    process,
  ),
}))

/** The test clock, common to all processes of the machine. */
export const now = (): Nanoseconds => Number(captured.hrtime()) as Nanoseconds

/** Vitest's benchmark clock, ms. */
export const performanceNow = (): number => captured.performanceNow()

export const sleep = (durationMs: number): Promise<void> =>
  new Promise((resolve) => void captured.setTimeout(resolve, durationMs))

/** Lets timers, sockets and aborts have their turn. */
export const yieldToEventLoop = (): Promise<void> =>
  new Promise((resolve) => void captured.setImmediate(resolve))

/**
 * CPU time of this worker so far.
 * @returns milliseconds; `null` in a thread on a Node that cannot tell threads apart
 */
export function cpuTimeMs(inThread: boolean): number | null {
  const usage = inThread ? captured.threadCpuUsage?.() : captured.cpuUsage()
  return usage === undefined ? null : (usage.user + usage.system) / 1000
}
