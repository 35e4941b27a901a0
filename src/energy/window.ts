import type { Milliseconds, Nanoseconds } from '../units.ts'

/** When one attempt of a test ran. */
export interface EnergyWindow {
  /** unique in the run: `testId#retry.repeat` */
  id: string
  testId: string
  projectName: string
  /** root-relative path, `/` separated */
  file: string
  retry: number
  repeat: number
  /** process id and thread of the worker, `"4711.1"` */
  worker: string
  start: Nanoseconds
  end: Nanoseconds
  /** CPU time the worker used in it; `null` when it cannot be told */
  cpu: Milliseconds | null
  /** other tests of the same worker ran at the same time (`test.concurrent`) */
  concurrent: boolean
}

/** When one test file kept a worker busy: import, hooks and tests. */
export interface FileSpan {
  projectName: string
  file: string
  worker: string
  start: Nanoseconds
  /** `null` while it is running, or when its worker died */
  end: Nanoseconds | null
  cpu: Milliseconds | null
}
