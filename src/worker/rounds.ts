import {
  benchEnergy,
  clearOfBudget,
  compareCases,
  computeRounds,
  relativeHalfWidth,
} from '../energy/bench.ts'
import type { CaseFacts, RoundsSoFar } from '../energy/bench.ts'
import type { BenchEnergy, Comparison } from '../energy/result.ts'
import type { Block, QuietSpan } from '../energy/round.ts'
import type { Sample } from '../energy/sample.ts'
import type { Nanoseconds } from '../units.ts'
import { formatDuration, toMilliseconds } from '../units.ts'
import { leastRounds, roundNs, timeoutThatWouldDo } from './plan.ts'
import type { Plan } from './plan.ts'

/** A case as the rounds see it. */
export interface MeasurableCase extends CaseFacts {
  /** time of one operation, ns, from the latency phase */
  opNs: number
  /** `setup` and `beforeAll`; @returns after they are done */
  prepare(): Promise<void>
  /** Works until `until`, at least one operation. @returns operations done */
  work(until: Nanoseconds): Promise<number>
  /** `afterAll` and `teardown` */
  finish(): Promise<void>
}

/** The clock, the meter and chance, so that all of it also runs on simulated time. */
export interface Surroundings {
  now(): Nanoseconds
  sleep(durationMs: number): Promise<void>
  /** CPU time of this worker so far, ms */
  cpuMs(): number | null
  /** 0 ≤ x < 1, seeded */
  random(): number
  /** the test ended, was cancelled or timed out */
  aborted(): boolean
  samples(): readonly Sample[]
  machineCpuMs(index: number): number | null
  workerApart: boolean
  watched: readonly QuietSpan[]
  /** Waits until samples reach `instant`. @returns why they do not, else `null` */
  waitFor(instant: Nanoseconds): Promise<string | null>
  /** why there will be no more samples at all; `null` while there may be */
  meterEnded(): string | null
  /** a block has ended */
  record(block: Block): void
  /** a round has ended; `precision` is `null` while it cannot be told */
  progress(round: number, precision: number | null): void
}

/** What became of all cases. */
export interface Outcome {
  energies: BenchEnergy[]
  comparisons: Comparison[]
  /** by position of the case */
  errors: Map<number, unknown>
}

/** Rounds while a verdict is open: beyond, a limit is simply too close to the truth. */
const roundsWhileInconclusive = 30

/** Hooks and looks that took longer leave energy in the sample in which the block begins, ns. */
const workNs = 5e5

const durationText = (ns: number): string => formatDuration(toMilliseconds(ns as Nanoseconds))

/** One `run` or `compare` at work. */
export class Rounds {
  readonly #cases: readonly MeasurableCase[]
  readonly #plan: Plan
  readonly #around: Surroundings
  readonly #blocks: Block[] = []
  readonly #errors = new Map<number, unknown>()
  /** cases whose own signal was aborted */
  readonly #stopped = new Set<number>()
  #quietFrom: Nanoseconds
  /** the end of the last rest */
  #restedUntil: Nanoseconds
  #unfinished: MeasurableCase | null = null
  #longestRound = 0
  /** why the samples did not reach the last block; `null` when they did */
  #silence: string | null = null
  #waited = false
  readonly #began: Nanoseconds

  constructor(cases: readonly MeasurableCase[], plan: Plan, around: Surroundings) {
    this.#cases = cases
    this.#plan = plan
    this.#around = around
    this.#began = around.now()
    this.#quietFrom = this.#began
    this.#restedUntil = this.#began
  }

  /** Measures until there is a reason to stop. Never rejects: what a case throws is in `errors`. */
  async run(): Promise<Outcome> {
    // what the latency phase leaves behind is no idle
    await this.#rest(this.#plan.gapNs)
    this.#quietFrom = this.#around.now()
    await this.#rest(this.#plan.leadNs)
    let stoppedBy = this.#mayBegin(0)
    for (let round = 0; stoppedBy === null; round++) {
      const started = this.#around.now()
      await this.#round(round)
      this.#longestRound = Math.max(this.#longestRound, this.#around.now() - started)
      stoppedBy = this.#mayBegin(round + 1) ?? (await this.#look(round))
    }
    await this.#closeCase()
    if (this.#blocks.length > 0 && !this.#around.aborted()) await this.#catchUp()
    return this.#outcome(stoppedBy)
  }

  get #active(): number[] {
    return this.#cases.flatMap((_, at) => (this.#goesOn(at) ? at : []))
  }

  #goesOn(at: number): boolean {
    return !this.#errors.has(at) && !this.#stopped.has(at)
  }

  /** @returns why round `round` must not begin, else `null` */
  #mayBegin(round: number): BenchEnergy['stoppedBy'] {
    if (this.#around.aborted()) return 'aborted'
    if (this.#active.length === 0 || this.#around.meterEnded() !== null) return 'rounds'
    const opNs = this.#cases.map((one) => one.opNs)
    const expected = Math.max(this.#longestRound, roundNs(this.#plan, opNs))
    // to begin is worth it only when an interval can come of it
    const needed = round === 0 ? leastRounds * expected : expected
    const fits = this.#around.now() + needed <= this.#plan.deadline
    return fits ? null : this.#plan.deadlineBy
  }

  async #round(round: number): Promise<void> {
    const order = this.#active
    for (let last = order.length - 1; last > 0; last--) {
      const other = Math.floor(this.#around.random() * (last + 1))
      const [a = 0, b = 0] = [order[last], order[other]]
      order[last] = b
      order[other] = a
    }
    for (const at of order) {
      if (this.#around.aborted()) return
      await this.#block(at, round)
    }
  }

  async #block(at: number, round: number): Promise<void> {
    const one = this.#cases[at]
    if (one === undefined) return
    try {
      await this.#openCase(one)
      const quietFrom = this.#quietFrom
      const cpuBefore = this.#around.cpuMs()
      const start = this.#around.now()
      const ops = await one.work((start + this.#plan.blockNs) as Nanoseconds)
      const end = this.#around.now()
      const cpuAfter = this.#around.cpuMs()
      const cpuMs = cpuBefore === null || cpuAfter === null ? null : cpuAfter - cpuBefore
      this.#quietFrom = end
      await this.#rest(this.#plan.gapNs)
      const quietUntil = this.#around.now()
      if (ops === 0) {
        this.#stopped.add(at)
        return
      }
      const block = { case: at, round, quietFrom, start, end, quietUntil, ops, cpuMs }
      this.#blocks.push(block)
      this.#around.record(block)
    } catch (error) {
      this.#errors.set(at, error)
      await this.#closeCase()
      this.#quietFrom = this.#around.now()
      await this.#rest(this.#plan.gapNs)
    }
  }

  /** Ends the case before, begins this one, and lets the machine rest if there was work since. */
  async #openCase(one: MeasurableCase): Promise<void> {
    await this.#closeCase()
    this.#unfinished = one
    await one.prepare()
    const ended = this.#around.now()
    if (ended - this.#restedUntil <= workNs) return
    this.#quietFrom = ended
    await this.#rest(this.#plan.settleNs)
  }

  async #closeCase(): Promise<void> {
    const one = this.#unfinished
    this.#unfinished = null
    try {
      await one?.finish()
    } catch (error) {
      this.#errors.set(this.#cases.indexOf(one as MeasurableCase), error)
    }
  }

  async #rest(length: Nanoseconds): Promise<void> {
    await this.#around.sleep(length / 1e6)
    this.#restedUntil = this.#around.now()
  }

  /** Waits for the samples of the last block. */
  async #catchUp(): Promise<void> {
    const last = this.#blocks.at(-1)
    if (last === undefined || this.#around.meterEnded() !== null) return
    const reach = Math.min(last.quietUntil, last.end + this.#plan.reachNs)
    this.#silence = await this.#around.waitFor(reach as Nanoseconds)
    last.quietUntil = this.#unfinished === null ? last.quietUntil : this.#around.now()
  }

  #soFar(): RoundsSoFar {
    const around = this.#around
    return computeRounds(this.#cases, {
      samples: around.samples(),
      blocks: this.#blocks,
      watched: around.watched,
      machineCpuMs: (index) => around.machineCpuMs(index),
      workerApart: around.workerApart,
    })
  }

  /** Is it enough? @returns why it is, else `null` */
  async #look(round: number): Promise<BenchEnergy['stoppedBy']> {
    const { rounds, precision, quick } = this.#plan
    if (round < rounds) {
      this.#around.progress(round, round < 2 ? null : this.#widest(this.#soFar()))
      return null
    }
    await this.#catchUp()
    if (this.#around.meterEnded() !== null) return 'rounds'
    const soFar = this.#soFar()
    const widest = this.#widest(soFar)
    this.#around.progress(round, widest)
    const counted = round - soFar.disturbed - soFar.unusable
    // dropped rounds are repeated, but not for ever
    if (counted < rounds && round < 2 * rounds) return null
    if (quick) return 'quick'
    return this.#enough(soFar, round, widest !== null && widest <= precision)
  }

  #enough(soFar: RoundsSoFar, round: number, precise: boolean): BenchEnergy['stoppedBy'] {
    const active = soFar.cases.filter((_, at) => this.#goesOn(at))
    const clear = active.every(clearOfBudget)
    if (precise && clear) return this.#waited ? 'budget' : 'precision'
    if (precise && round >= roundsWhileInconclusive) return 'rounds'
    // from here on it is the budget alone that is waited for
    this.#waited = precise
    return null
  }

  /** Time was up, but what was measured until then is what was asked for. */
  #justEnough(because: BenchEnergy['stoppedBy'], soFar: RoundsSoFar): boolean {
    if (because !== 'maxTime' && because !== 'timeout') return false
    const widest = this.#widest(soFar)
    const rounds = Math.min(...soFar.cases.map(({ blocks }) => blocks.length))
    const { rounds: needed, precision } = this.#plan
    return (
      rounds >= needed && widest !== null && widest <= precision && soFar.cases.every(clearOfBudget)
    )
  }

  #widest(soFar: RoundsSoFar): number | null {
    const widths = soFar.cases
      .filter((_, at) => this.#goesOn(at))
      .map((one) => relativeHalfWidth(one))
    const widest = Math.max(...widths)
    return Number.isFinite(widest) ? widest : null
  }

  #outcome(because: BenchEnergy['stoppedBy']): Outcome {
    const soFar = this.#soFar()
    const stoppedBy = this.#justEnough(because, soFar) ? 'precision' : because
    const { rounds: roundsNeeded, quick } = this.#plan
    const shortage = this.#shortage(stoppedBy)
    const meterEnded = this.#around.meterEnded() ?? this.#silence
    const how = { stoppedBy, roundsNeeded, quick, shortage, meterEnded }
    const energies = soFar.cases.map((one) => benchEnergy(one, soFar, how))
    const sound = soFar.cases.filter((_, at) => !this.#errors.has(at))
    return { energies, comparisons: compareCases({ ...soFar, cases: sound }), errors: this.#errors }
  }

  #shortage(stoppedBy: BenchEnergy['stoppedBy']): string | null {
    const opNs = this.#cases.map((one) => one.opNs)
    const longestOp = Math.max(...opNs)
    switch (stoppedBy) {
      case 'timeout': {
        const missing =
          (this.#plan.rounds + 1) * Math.max(this.#longestRound, this.#plan.fullRoundNs)
        const enough = timeoutThatWouldDo(this.#plan, this.#began, missing)
        return `the test's timeout leaves no time for more; \`timeout: ${enough}\` would`
      }
      case 'maxTime':
        return longestOp > this.#plan.blockNs
          ? `\`bench.maxTime\` was up, one operation takes ${durationText(longestOp)}`
          : '`bench.maxTime` was up'
      case 'aborted':
        return 'the test was stopped'
      case null:
      case 'rounds':
      case 'precision':
      case 'budget':
      case 'quick':
        return this.#around.meterEnded() ?? this.#silence
    }
  }
}
