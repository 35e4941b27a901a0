import { cpus } from 'node:os'
import { testClock } from '../../test-clock.ts'
import type { Nanoseconds } from '../../units.ts'
import type { MeterEvents, MeterIdentity, MeterProblem, RunningMeter } from '../meter.ts'
import type { MeterChild } from './child.ts'
import { startChild } from './child.ts'
import { commandFor, needsSudo, powermetricsArguments, samplerLists } from './command.ts'
import type { Figures, Machine } from './reader.ts'
import { RecordReader } from './reader.ts'
import type { CutRecord } from './records.ts'
import { RecordCutter } from './records.ts'
import type { Ending } from './refusal.ts'
import { endOf, refusalOf, refusesSampler, virtualMachine, withoutEnergy } from './refusal.ts'

export interface PowermetricsOptions {
  path: string
  /** whole milliseconds, 20 … 10,000 */
  intervalMs: number
  sudo: 'auto' | boolean
  isRoot: boolean
  platform: NodeJS.Platform
}

/** Starts powermetrics; never throws and never asks for a password. */
export function startPowermetrics(options: PowermetricsOptions, events: MeterEvents): RunningMeter {
  return new Powermetrics(options, events)
}

const stoppedEarly: MeterProblem = {
  state: 'off',
  reason: 'stopped before its first record',
  mend: null,
}

/** What the emulator puts into its records. */
const emulatorMark = 'vitest-energy-emulator'

class Powermetrics implements RunningMeter {
  readonly ready: Promise<MeterIdentity | MeterProblem>
  readonly #options: PowermetricsOptions
  readonly #events: MeterEvents
  readonly #viaSudo: boolean
  readonly #reader = new RecordReader()
  readonly #cpu = new CpuClock()
  readonly #coverage = new Coverage()
  #settleReady: (outcome: MeterIdentity | MeterProblem) => void = () => {}
  #phase: 'starting' | 'running' | 'over' = 'starting'
  #child: MeterChild
  #samplers: (typeof samplerLists)[number] = samplerLists[0]
  #restarted = false
  #watch: NodeJS.Timeout | undefined
  #stopped: Promise<number | null> | undefined

  constructor(options: PowermetricsOptions, events: MeterEvents) {
    this.#options = options
    this.#events = events
    this.#viaSudo = needsSudo(options)
    this.ready = new Promise((resolve) => {
      this.#settleReady = resolve
    })
    this.#child = this.#start()
  }

  stop(): Promise<number | null> {
    this.#stopped ??= this.#stop()
    return this.#stopped
  }

  abandon(): void {
    this.#phase = 'over'
    clearTimeout(this.#watch)
    this.#settleReady(stoppedEarly)
    this.#child.terminate()
  }

  /** a record may come two intervals late, and a short interval later still */
  get #patienceMs(): number {
    return Math.max(2 * this.#options.intervalMs, 500)
  }

  #start(): MeterChild {
    const args = powermetricsArguments(this.#options.intervalMs, this.#samplers)
    const cutter = new RecordCutter((record) => this.#take(record))
    this.#coverage.reset()
    this.#awaitFirstRecord()
    const child = startChild(commandFor(this.#options, args), (chunk, arrival) => {
      this.#events.bytes?.(chunk)
      cutter.push(chunk, arrival)
    })
    void child.ended.then((ending) => this.#ended(ending))
    return child
  }

  /** In two halves: while the event loop is blocked, a record may be waiting to be read. */
  #awaitFirstRecord(): void {
    if (this.#phase !== 'starting') return
    const limitMs = Math.max(5000, 3 * this.#options.intervalMs + 3000)
    clearTimeout(this.#watch)
    this.#watch = setTimeout(() => {
      this.#watch = setTimeout(() => {
        this.#fail({
          state: 'fault',
          reason: `powermetrics wrote no record within ${limitMs / 1000} s`,
          mend: 'npx vitest-energy doctor',
        })
      }, limitMs / 2)
    }, limitMs / 2)
  }

  #take(record: CutRecord): void {
    if (this.#phase === 'over') return
    const figures = this.#reader.read(record)
    const { machine } = this.#reader
    if (figures === null || machine === null) return
    if (this.#phase === 'starting' && !this.#introduce(machine)) return
    this.#coverage.add(record.arrival, figures)
    const { contradiction, ...reading } = figures
    const doubt = contradiction === null ? {} : { contradiction }
    const { arrival } = record
    this.#events.reading({ arrival, ...reading, ...doubt, ...this.#cpu.sinceBefore() })
  }

  /** @returns `false` when the machine has no meter */
  #introduce({ domains, model, os, bootArguments }: Machine): boolean {
    const isVirtual = /^(VirtualMac|VMware)/.test(model ?? '')
    if (isVirtual || !(domains.includes('cpu') || domains.includes('package'))) {
      this.#fail(isVirtual ? virtualMachine : withoutEnergy)
      return false
    }
    const emulated = bootArguments.includes(emulatorMark) || this.#options.platform !== 'darwin'
    const identity: MeterIdentity = { name: 'powermetrics', domains, model, os, emulated }
    clearTimeout(this.#watch)
    this.#phase = 'running'
    this.#events.identity(identity)
    this.#settleReady(identity)
    return true
  }

  /** There will be no figures: ends what was started. */
  #fail(problem: MeterProblem): void {
    clearTimeout(this.#watch)
    this.#phase = 'over'
    this.#settleReady(problem)
    this.#stopped ??= this.#close()
  }

  #ended(ending: Ending): void {
    this.#coverage.release()
    if (this.#phase === 'over' || this.#stopped !== undefined) return
    if (this.#phase === 'starting') this.#endedBeforeRecord(ending)
    else this.#endedEarly(ending)
  }

  #endedBeforeRecord(ending: Ending): void {
    const { path, intervalMs } = this.#options
    if (refusesSampler(ending) && this.#samplers === samplerLists[0]) {
      this.#samplers = samplerLists[1]
      this.#child = this.#start()
      return
    }
    const problem = refusalOf(ending, { path, intervalMs, viaSudo: this.#viaSudo })
    // an abort may not come again (assertion on a beta of macOS 13: asitop issue 34)
    const aborted = ending.signal !== null || (ending.exitCode ?? 0) > 128
    if (problem.state === 'died' && aborted && !this.#restarted) {
      this.#restarted = true
      this.#child = this.#start()
    } else this.#fail(problem)
  }

  #endedEarly(ending: Ending): void {
    const reason = `powermetrics ended by itself (${endOf(ending)})`
    if (this.#restarted) {
      this.#phase = 'over'
      this.#events.problem({ state: 'died', reason, mend: 'npx vitest-energy doctor' })
      return
    }
    this.#restarted = true
    this.#events.restarted(reason)
    this.#child = this.#start()
  }

  async #stop(): Promise<number | null> {
    if (this.#phase === 'starting') {
      this.#settleReady(stoppedEarly)
    } else if (this.#phase === 'running' && !this.#child.hasEnded) {
      await this.#coverage.reaches(testClock(), this.#patienceMs)
    }
    clearTimeout(this.#watch)
    this.#phase = 'over'
    return this.#close()
  }

  async #close(): Promise<number | null> {
    const child = this.#child
    child.terminate()
    if (child.hasEnded || (await child.goneWithin(this.#patienceMs))) return null
    // SIGKILL to sudo would strand the powermetrics it started, as root
    if (!this.#viaSudo) {
      child.kill()
      if (await child.goneWithin(500)) return null
    }
    return child.pid
  }
}

/** How far the records reach, placed by their lengths and the quickest arrival so far. */
class Coverage {
  #sum = 0
  #offset = Infinity
  #wanted: { instant: number; resolve: () => void; records: number } | undefined

  reset(): void {
    this.#sum = 0
    this.#offset = Infinity
  }

  add(arrival: Nanoseconds, { elapsed }: Figures): void {
    if (elapsed === null) this.reset()
    this.#sum += elapsed ?? 0
    this.#offset = Math.min(this.#offset, arrival - this.#sum)
    if (this.#wanted === undefined) return
    this.#wanted.records++
    // the second record covers it in any case: time in no record makes the sum fall behind
    const isCovered = this.#sum + this.#offset >= this.#wanted.instant || this.#wanted.records > 1
    if (isCovered) this.release()
  }

  release(): void {
    this.#wanted?.resolve()
  }

  /** Settles when the records reach `instant`, when no more will come, or after the time. */
  reaches(instant: number, patienceMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, patienceMs)
      this.#wanted = {
        instant,
        records: 0,
        resolve: () => {
          clearTimeout(timer)
          resolve()
        },
      }
    })
  }
}

/** CPU time between readings. */
class CpuClock {
  #before: { system: number; own: number } | undefined

  sinceBefore(): { systemCpuMs: number | null; ownCpuMs: number | null } {
    const before = this.#before
    const own = process.cpuUsage()
    let system = 0
    for (const { times } of cpus()) system += times.user + times.nice + times.sys + times.irq
    this.#before = { system, own: (own.user + own.system) / 1000 }
    return {
      systemCpuMs: before === undefined ? null : this.#before.system - before.system,
      ownCpuMs: before === undefined ? null : this.#before.own - before.own,
    }
  }
}
