import type { Domain, Reading } from '../energy/sample.ts'

/** As it stands in the report: `meter.state`. */
export type MeterState =
  | 'ok'
  | 'missing'
  | 'not-permitted'
  | 'virtual-machine'
  | 'fault'
  | 'died'
  | 'off'

/** Why there is no meter, or no longer one. */
export interface MeterProblem {
  state: Exclude<MeterState, 'ok'>
  /** what was seen, one clause without a final stop */
  reason: string
  /** the smallest thing that mends it, usually a command; `null` when nothing does */
  mend: string | null
}

/** What the first record tells of the machine. */
export interface MeterIdentity {
  name: 'powermetrics'
  /** energy domains of the first record, in the order of `domains` */
  domains: Domain[]
  /** `hw_model`, such as `Mac16,5`; `null` if absent */
  model: string | null
  /** `kern_osversion`, such as `24F74`; `null` if absent */
  os: string | null
  /** invented joules: the emulator, or any other than macOS */
  emulated: boolean
}

export interface MeterEvents {
  /** once, with the first record and before its reading */
  identity(identity: MeterIdentity): void
  reading(reading: Reading): void
  /** the meter's own bytes as they came; the memory may be used again after the call */
  bytes?: (chunk: Uint8Array) => void
  /**
   * once, after the first record: the meter ended and no more readings will come; what was read
   * stays. Before the first record the reason is what `ready` settles with, and not told here.
   */
  problem(problem: MeterProblem): void
  /** at most once, after an abort: the silence before the next reading is a gap */
  restarted(reason: string): void
}

/** A meter at work. It has one owner, which stops it. */
export interface RunningMeter {
  /** settles with the first record, or with the reason why there will be none; never rejects */
  readonly ready: Promise<MeterIdentity | MeterProblem>
  /**
   * Waits for one more record that covers now, then stops. Idempotent.
   * @returns the pid of a process that would not end, else `null`
   */
  stop(): Promise<number | null>
  /** For process `exit`: synchronous, best effort. */
  abandon(): void
}

export interface MeterOptions {
  meter: 'auto' | 'powermetrics' | 'none'
  intervalMs: number
  path: string
  /** the path was given by the user, so that it is tried on any system */
  pathGiven: boolean
  sudo: 'auto' | boolean
}
