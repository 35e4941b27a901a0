import type { Lump } from './cadence.ts'
import type { Cells } from './cells.ts'
import type { Party } from './party.ts'

/** What is thought of a party's power above idle before its samples are looked at, W. */
export interface Prior {
  mean: number
  /** standard deviation between parties */
  deviation: number
  /** standard deviation of the change from one sample to the next */
  step: number
  /** standard deviation between runs of one test */
  repeat: number
  /** CPU seconds per second, or 1 where time counts instead */
  busy: number
}

export interface PriorInput {
  parties: readonly Party[]
  lumps: readonly Lump[]
  cells: Cells
  /** W */
  idle: number
  /** time counts, not CPU time: GPU, neural engine */
  byTime: boolean
  /** relative deviation of power per CPU-second between tests */
  spread: number
  /** relative change of a test's power from one sample to the next */
  wander: number
}

/** between runs of one test, relative */
const betweenRuns = 0.1
/** a background that comes and goes is further from its neighbours than they are from each other */
const restless = 1.3

/** One for each party. */
export function priorsOf(input: PriorInput): Prior[] {
  const { parties, byTime, wander } = input
  const machine = powerBeside(input, 'machine')
  const between = powerBeside(input, 'worker')
  const busyOf = (party: Party): number => (byTime ? 1 : party.busy)
  // energy above idle per busy CPU-second, W
  const perBusy = powerPerBusy(input, machine.mean, busyOf)
  const spread = spreadOf(input, perBusy, busyOf)
  return parties.map((party): Prior => {
    const busy = busyOf(party)
    if (party.kind === 'machine') {
      const step = Math.max(restless * machine.step, 0.004 * perBusy, 1e-4)
      return { mean: machine.mean, deviation: 10 * step, step, repeat: step, busy }
    }
    const mean = perBusy * busy
    const floor = Math.max(0.05 * perBusy, 1e-4)
    const deviation = Math.hypot(spread * mean, floor)
    const size = Math.max(mean, floor)
    const step = Math.max(wander * size, party.kind === 'worker' ? restless * between.step : 0)
    return { mean, deviation, step, repeat: betweenRuns * size, busy }
  })
}

/** Power above idle of samples that only one party of a kind was in, and how it changes. */
function powerBeside(
  { parties, lumps, cells, idle }: PriorInput,
  kind: Party['kind'],
): { mean: number; step: number } {
  let [sum, time, squares, steps] = [0, 0, 0, 0]
  let before: number | null = null
  for (const [w, lump] of lumps.entries()) {
    const begin = cells.begin[w] ?? 0
    const isOnly = cells.begin[w + 1] === begin + 1
    if (!isOnly || parties[cells.party[begin] ?? 0]?.kind !== kind) {
      before = null
      continue
    }
    const length = lump.end - lump.start
    const power: number = lump.energy / length - idle
    sum += power * length
    time += length
    if (before !== null) {
      squares += (power - before) ** 2
      steps += 1
    }
    before = power
  }
  return { mean: time > 0 ? sum / time : 0, step: steps > 0 ? Math.sqrt(squares / steps) : 0 }
}

/** Slope of energy over CPU time through the origin: samples with much of both weigh most. */
function powerPerBusy(
  { parties, lumps, cells, idle }: PriorInput,
  machine: number,
  busyOf: (party: Party) => number,
): number {
  let [products, squares] = [0, 0]
  for (const [w, lump] of lumps.entries()) {
    let [own, rest] = [0, 0]
    for (let i = cells.begin[w] ?? 0; i < (cells.begin[w + 1] ?? 0); i += 1) {
      const party = parties[cells.party[i] ?? 0]
      const time = cells.overlap[i] ?? 0
      if (party === undefined) continue
      if (party.kind === 'machine') rest += time
      else own += busyOf(party) * time
    }
    products += own * (lump.energy - idle * (lump.end - lump.start) - machine * rest)
    squares += own * own
  }
  return squares > 0 ? Math.max(1e-3, products / squares) : 1e-3
}

/** tests that the assumed spread is worth, and the samples of its own that a test must have */
const spreadWorth = 10
const spreadSamples = 3

/** What the long tests say of the spread between tests. */
function spreadOf(
  { parties, lumps, cells, idle, spread }: PriorInput,
  perBusy: number,
  busyOf: (party: Party) => number,
): number {
  const sums = new Map<number, { energy: number; time: number; count: number }>()
  for (const [w, lump] of lumps.entries()) {
    const begin = cells.begin[w] ?? 0
    if (cells.begin[w + 1] !== begin + 1) continue
    const p = cells.party[begin] ?? 0
    if (parties[p]?.kind !== 'window') continue
    const sum = sums.get(p) ?? { energy: 0, time: 0, count: 0 }
    const length = lump.end - lump.start
    sum.energy += lump.energy - idle * length
    sum.time += length
    sum.count += 1
    sums.set(p, sum)
  }
  let [squares, count] = [spreadWorth * spread ** 2, spreadWorth]
  for (const [p, sum] of sums) {
    const party = parties[p]
    // a test that waits for something else says nothing of what CPU time costs
    if (sum.count < spreadSamples || party === undefined || party.busy < 0.2) continue
    squares += (sum.energy / sum.time / (perBusy * busyOf(party)) - 1) ** 2
    count += 1
  }
  return Math.min(1.5, Math.max(0.2, Math.sqrt(squares / count)))
}
