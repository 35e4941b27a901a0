import type { Nanoseconds } from '../units.ts'

/** What the energy phase of one `run` or `compare` is made of. */
export interface Plan {
  blockNs: Nanoseconds
  /** quiet between blocks */
  gapNs: Nanoseconds
  /** quiet after hooks that were work, before the block */
  settleNs: Nanoseconds
  /** quiet before the first block, of which idle power is taken */
  leadNs: Nanoseconds
  /** samples are awaited until so long after a block */
  reachNs: Nanoseconds
  samplesPerBlock: number
  /** rounds that a figure needs; one more, discarded, comes first */
  rounds: number
  /** relative half-width of the 95 % interval at which a case is done */
  precision: number
  quick: boolean
  /** when the last round must have ended, on the test clock */
  deadline: Nanoseconds
  /** what sets the deadline */
  deadlineBy: 'maxTime' | 'timeout'
  /** wall time of a round with blocks of the length asked for, ns */
  fullRoundNs: number
  /** when the test's timeout began to run, on the test clock */
  startNs: Nanoseconds
  /** of the test's timeout, kept for what comes after, ns */
  reserveNs: number
}

/** What a plan is made from. */
export interface PlanInput {
  options: {
    rounds: number
    samplesPerBlock: number
    precision: number
    maxTimeMs: number
    quick: boolean
  }
  /** median length of a sample, or the meter's publication cadence where that is longer */
  sampleNs: Nanoseconds
  /** the counters publish less often than the meter samples */
  slow: boolean
  /** time of one operation of each case, ns */
  opNs: readonly number[]
  nowNs: Nanoseconds
  /** when the test times out, on the test clock; ∞ without a timeout */
  timeoutNs: number
  /** when that timeout began to run */
  startNs: Nanoseconds
  /** time to be left for what the test may still have to do, ns */
  reserveNs: number
}

/** Samples between two blocks: the tail of one, a quiet one, the start of the next. */
const gapSamples = 3

/** Of what is left of the test's timeout: an existing suite must not time out because of us. */
const timeoutShare = 0.8

/** Least samples in a block when time is short; below, edges dominate. */
const leastSamples = 2

/** The first, discarded, and two that an interval can be made of. */
export const leastRounds = 3

/**
 * Wall time of one round: a block of each case, no shorter than one operation, and the gaps.
 * @returns nanoseconds
 */
export const roundNs = (
  { blockNs, gapNs }: Pick<Plan, 'blockNs' | 'gapNs'>,
  opNs: readonly number[],
): number => opNs.reduce((sum, one) => sum + Math.max(blockNs, one) + gapNs, 0)

/** Sizes blocks and rounds to the meter, and checks that they fit into the time there is. */
export function planRounds(input: PlanInput): Plan {
  const { options, sampleNs, slow, opNs, nowNs, timeoutNs, startNs } = input
  const budgetNs = options.maxTimeMs * 1e6 * opNs.length
  const timeoutLeft = Math.min(
    timeoutShare * (timeoutNs - nowNs),
    timeoutNs - nowNs - input.reserveNs,
  )
  const left = Math.min(budgetNs, timeoutLeft)
  const quiet = (samples: number, cadences: number) =>
    ((slow ? cadences : samples) * sampleNs) as Nanoseconds
  // a lump may hold anything of the cadence before it: never of two blocks
  const gapNs = quiet(gapSamples, 1.1)
  const lengthOf = (samples: number) => ((slow ? 1 : samples) * sampleNs) as Nanoseconds
  const full = { blockNs: lengthOf(options.samplesPerBlock), gapNs }
  const make = (samplesPerBlock: number): Plan => ({
    blockNs: lengthOf(samplesPerBlock),
    gapNs,
    settleNs: quiet(2, 1.1),
    leadNs: quiet(2, 2.2),
    reachNs: quiet(2, 1.1),
    fullRoundNs: roundNs(full, opNs),
    samplesPerBlock,
    rounds: options.rounds,
    precision: options.precision,
    quick: options.quick,
    deadline: (nowNs + left) as Nanoseconds,
    deadlineBy: timeoutLeft < budgetNs ? 'timeout' : 'maxTime',
    startNs,
    reserveNs: input.reserveNs,
  })
  const least = Math.min(leastSamples, options.samplesPerBlock)
  for (let samples = options.samplesPerBlock; samples > least; samples--) {
    const plan = make(samples)
    // shorter blocks only to get the rounds for an interval worth the name
    if (roundNs(plan, opNs) * (Math.min(5, options.rounds) + 1) <= left) return plan
  }
  return make(least)
}

/**
 * The timeout that would leave time for all rounds.
 * @param missingNs how much longer the rounds would take
 * @returns milliseconds, in whole 5 s
 */
export function timeoutThatWouldDo(
  { startNs, reserveNs }: Plan,
  nowNs: Nanoseconds,
  missingNs: number,
): number {
  const ahead = Math.max(missingNs / timeoutShare, missingNs + reserveNs)
  return Math.ceil((nowNs - startNs + ahead) / 5e9) * 5000
}

/** Benches that a test is taken to have still before it, while it has shown no more than two. */
const fewMore = 8
/** … and when it has: a test with three has a list of them. */
const manyMore = 20

/**
 * What to leave of a test's timeout: more benches may follow, whose latency phases an existing suite
 * has always had time for.
 * @param latencyNs the latency phase of one case
 * @param before benches of the test before this one
 * @returns nanoseconds
 */
export function reserveFor(latencyNs: number, before: number, leftNs: number): number {
  return before < 2 ? Math.min(fewMore * latencyNs, leftNs / 2) : manyMore * latencyNs
}
