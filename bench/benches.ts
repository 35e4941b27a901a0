/**
 * How good the figures of benches are, on simulated time: a meter with 3 % noise per sample, work
 * whose power drifts by 4 %, background in bursts. Seeded: every run prints the same.
 *
 *   node bench/benches.ts [compares]
 */
import { emptyLoopNs } from '../src/worker/batch.ts'
import { CaseRunner } from '../src/worker/blocks.ts'
import type { BenchTask } from '../src/worker/latency.ts'
import { now } from '../src/worker/now.ts'
import { planRounds } from '../src/worker/plan.ts'
import { Rounds } from '../src/worker/rounds.ts'
import type { Outcome } from '../src/worker/rounds.ts'
import type { Nanoseconds } from '../src/units.ts'
import { mean } from '../src/energy/statistics.ts'
import { SimulatedMachine } from './simulated-machine.ts'
import type { MachineOptions } from './simulated-machine.ts'

const options = { rounds: 10, samplesPerBlock: 5, precision: 0.02, maxTimeMs: 15_000, quick: false }

export interface Run {
  outcome: Outcome
  machine: SimulatedMachine
  seconds: number
}

/** One `bench.compare` of cases with these powers, watts. */
export async function compare(
  watts: readonly number[],
  how: MachineOptions,
  fixed = false,
): Promise<Run> {
  const machine = new SimulatedMachine(how)
  const around = machine.surroundings()
  const opSeconds = 1e-5
  const cases = watts.map((power, at) =>
    machine.simulatedCase(`case ${at}`, { watts: power, opSeconds, at }),
  )
  const nowNs = around.now()
  const plan = planRounds({
    options: fixed ? { ...options, precision: 1 } : options,
    sampleNs: (1e9 * (how.sampleSeconds ?? 0.108)) as Nanoseconds,
    slow: false,
    opNs: cases.map((one) => one.opNs),
    nowNs,
    timeoutNs: Number.POSITIVE_INFINITY,
    startNs: nowNs,
    reserveNs: 0,
  })
  const outcome = await new Rounds(cases, plan, around).run()
  return { outcome, machine, seconds: (around.now() - nowNs) / 1e9 }
}

/** Energy of its own work per operation, over the rounds that count. */
function truthOf({ machine }: Run, at: number): number {
  const rounds = machine.blocks.flatMap((block) =>
    block.case === at && block.round > 0 ? block.round : [],
  )
  return mean(
    rounds.map((round) => {
      const { joules = Number.NaN, ops = 1 } = machine.truth.get(`${at} ${round}`) ?? {}
      return joules / ops
    }),
  )
}

const percent = (part: number, digits = 2): string => `${(100 * part).toFixed(digits)} %`

export interface Accuracy {
  /** of the error, as a part of the truth */
  rms: number
  bias: number
  /** half the 95 % interval, mean */
  halfWidth: number
  /** how often the interval holds the truth */
  coverage: number
  rounds: number
}

/** How far figures are from the truth in seeded compares of two cases. */
export async function accuracyOf(
  how: Omit<MachineOptions, 'seed'>,
  runs: number,
  fixed: boolean,
): Promise<Accuracy> {
  const errors: number[] = []
  const halves: number[] = []
  const rounds: number[] = []
  let covered = 0
  for (let seed = 1; seed <= runs; seed++) {
    const run = await compare([3.4, 2.1], { ...how, seed }, fixed)
    for (const [at, energy] of run.outcome.energies.entries()) {
      const truth = truthOf(run, at)
      const { energyPerOpJ, lowJ, highJ, reason } = energy
      if (energyPerOpJ === null || lowJ === null || highJ === null) throw new Error(String(reason))
      errors.push(energyPerOpJ / truth - 1)
      halves.push((highJ - lowJ) / 2 / truth)
      rounds.push(energy.rounds)
      if (lowJ <= truth && truth <= highJ) covered++
    }
  }
  return {
    rms: Math.sqrt(mean(errors.map((error) => error ** 2))),
    bias: mean(errors),
    halfWidth: mean(halves),
    coverage: covered / errors.length,
    rounds: mean(rounds),
  }
}

async function accuracy(
  title: string,
  how: Omit<MachineOptions, 'seed'>,
  runs: number,
  fixed: boolean,
): Promise<void> {
  const { rms, bias, halfWidth, coverage, rounds } = await accuracyOf(how, runs, fixed)
  console.log(
    `${title.padEnd(44)} RMS ${percent(rms)}, bias ${percent(bias)}, 95 % interval ±${percent(halfWidth)} covers ${percent(coverage, 1)}, ${rounds.toFixed(1)} rounds`,
  )
}

async function differences(runs: number, how: Omit<MachineOptions, 'seed'>) {
  const different = async (watts: readonly number[], of?: number) => {
    let found = 0
    for (let seed = 1; seed <= runs; seed++) {
      const { outcome } = await compare(watts, { ...how, seed: seed + 1e6 })
      const claimed = outcome.comparisons.filter((pair) => pair.different)
      found += Number(
        of === undefined
          ? claimed.length > 0
          : claimed.some(({ a, b }) => a === `case ${of}` || b === `case ${of}`),
      )
    }
    return percent(found / runs, 1)
  }
  console.log(
    `five equal cases: any pair called different    ${await different([3.4, 3.4, 3.4, 3.4, 3.4])}`,
  )
  console.log(
    `five cases, one 5 % dearer: found              ${await different([3.4, 3.4, 3.4, 3.4, 3.57], 4)}`,
  )
  console.log(`two equal cases: called different              ${await different([3.4, 3.4])}`)
  console.log(`two cases, one 5 % dearer: found               ${await different([3.4, 3.57], 1)}`)
  console.log(`two cases, one 2 % dearer: found               ${await different([3.4, 3.468], 1)}`)
}

/** Something of about `turns` nanoseconds. A text of its own, as functions of different files have. */
const summing = (turns: number): (() => number) =>
  // oxlint-disable-next-line no-new-func, typescript/no-implied-eval -- fixed text
  new Function(
    `const values = Array.from({ length: ${turns} }, (_, i) => i * 1.5)
    return () => { let sum = 0; for (let i = 0; i < values.length; i++) sum += values[i] * 1.1; return sum }`,
  )() as () => number

let written = 0

/** A loop written for this function alone. @returns gives the time of one call, ns */
function directLoop(fn: () => unknown): () => number {
  const sink: { value: unknown } = { value: undefined }
  written += 1
  const text = `/* ${written} */ for (let i = 0; i < n; i++) sink.value = fn()`
  // oxlint-disable-next-line no-new-func, typescript/no-implied-eval -- fixed text
  const loop = new Function('fn', 'sink', 'n', text)
  const calls = 200_000
  return () => {
    const start = now()
    loop(fn, sink, calls)
    return (now() - start) / calls
  }
}

/** Real time: the blocks' loop, with five cases that take turns, beside a loop of one's own. */
async function ownLoop() {
  const functions = [80, 90, 110, 100, 120].map(summing)
  const { signal } = new AbortController()
  const task = {} as BenchTask
  const runners = functions.map(
    (fn) => new CaseRunner({ fn, fnOpts: {}, options: {}, task, opNs: 60, signal }),
  )
  const direct = functions.map(directLoop)
  const least = functions.map(() => ({
    block: Number.POSITIVE_INFINITY,
    direct: Number.POSITIVE_INFINITY,
  }))
  // taking turns, so that a busy machine slows both
  for (let round = 0; round < 60; round++) {
    for (const [at, runner] of runners.entries()) {
      const one = least[at]
      if (one === undefined) continue
      const start = now()
      const calls = await runner.work((start + 1e7) as Nanoseconds)
      one.block = Math.min(one.block, (now() - start) / calls)
      one.direct = Math.min(one.direct, direct[at]?.() ?? 0)
    }
  }
  for (const one of least) {
    const more = percent(one.block / one.direct - 1, 1)
    console.log(
      `a function of ${one.direct.toFixed(1)} ns: ${one.block.toFixed(1)} ns in a block, ${more} more (least of 60)`,
    )
  }
  console.log(`the empty loop: ${emptyLoopNs(now).toFixed(2)} ns`)
}

if (import.meta.main) {
  const runs = Number(process.argv[2] ?? 1000)
  console.log(
    `${runs} seeded compares each; 10 rounds of 5 samples, 3 % noise per sample, 4 % drift`,
  )
  const bursts = { burstsPerSecond: 1 / 15 }
  await accuracy('two cases, fixed at 10 rounds', {}, runs, true)
  await accuracy('two cases, to a precision of 2 %', {}, runs, false)
  await accuracy('with bursts, fixed at 10 rounds', bursts, runs, true)
  await accuracy('with bursts, to a precision of 2 %', bursts, runs, false)
  await accuracy('with bursts that use CPU time', { ...bursts, burstsUseCpu: true }, runs, false)
  await accuracy('blocks scatter by 0.7 %', { blockScatter: 0.007 }, runs, false)
  await differences(runs, {})
  const { seconds } = await compare([3.4, 3.4], { seed: 1, sampleSeconds: 0.112 })
  console.log(
    `energy phase of a default compare of two cases ${seconds.toFixed(1)} s (samples of 112 ms)`,
  )
  await ownLoop()
}
