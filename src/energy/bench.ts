import { compareAll } from './comparison.ts'
import type { Series } from './comparison.ts'
import type { BenchEnergy, BudgetDeclaration, Comparison, DomainsJ, FigureState } from './result.ts'
import { judgeBench } from './judge-bench.ts'
import { disturbedRounds, measureBlocks } from './round.ts'
import type { BlockEnergy, Evidence, IdlePower, Measured } from './round.ts'
import { intervalOf, mean, trimmedMean, yuen } from './statistics.ts'
import type { Estimate } from './statistics.ts'
import type { Domain } from './sample.ts'

/** What is known of a case besides its blocks. */
export interface CaseFacts {
  name: string
  budget: BudgetDeclaration | null
  /** its own beforeEach and afterEach ran inside the blocks */
  hooksIncluded: boolean
  /** units of work in one operation; `null` when not given */
  units: number | null
}

/** The counted blocks of one case and what follows from them. */
export interface CaseRounds {
  facts: CaseFacts
  /** those that count, oldest first */
  blocks: readonly BlockEnergy[]
  /** joules per operation, net of idle, with idle's own uncertainty; `null` of fewer than two rounds */
  estimate: Estimate | null
  domainsPerOpJ: DomainsJ
}

/** Everything measured so far, ready to be judged or looked at. */
export interface RoundsSoFar {
  cases: CaseRounds[]
  idle: IdlePower | null
  /** rounds dropped because other programs used the machine */
  disturbed: number
  /** rounds dropped because the meter was silent or a sample damaged */
  unusable: number
}

const perOp = (net: number, { block }: BlockEnergy): number => net / block.ops

const netOf = ({ grossJ, seconds }: BlockEnergy, idle: IdlePower): number =>
  grossJ - idle.total.value * seconds

/** Adds the uncertainty of idle power; degrees of freedom by Welch and Satterthwaite. */
function withIdle(rounds: Estimate, slope: number, idle: Estimate): Estimate {
  const a = rounds.standardError ** 2
  const b = (slope * idle.standardError) ** 2
  const standardError = Math.sqrt(a + b)
  const df =
    standardError === 0 ? rounds.df : (a + b) ** 2 / (a ** 2 / rounds.df + b ** 2 / idle.df)
  return { value: rounds.value, standardError, df }
}

/** Seconds of samples per operation: by how much one watt of idle moves the energy per operation. */
const idleSlope = (blocks: readonly BlockEnergy[]): number =>
  mean(blocks.map((block) => perOp(block.seconds, block)))

function caseRounds(facts: CaseFacts, blocks: BlockEnergy[], idle: IdlePower | null): CaseRounds {
  if (idle === null) return { facts, blocks: [], estimate: null, domainsPerOpJ: {} }
  const rounds = yuen(blocks.map((block) => perOp(netOf(block, idle), block)))
  const estimate = rounds === null ? null : withIdle(rounds, idleSlope(blocks), idle.total)
  const domainsPerOpJ: DomainsJ = {}
  for (const domain of Object.keys(blocks[0]?.domainsJ ?? {}) as Domain[]) {
    const nets = blocks.map((block) => {
      const net = (block.domainsJ[domain] ?? 0) - (idle.domains[domain] ?? 0) * block.seconds
      return perOp(net, block)
    })
    domainsPerOpJ[domain] = trimmedMean(nets)
  }
  return { facts, blocks, estimate, domainsPerOpJ }
}

/** A round counts when nothing was wrong with any of its blocks, so that ratios stay paired. */
function countedRounds({ blocks, unusable }: Measured): {
  counts: (round: number) => boolean
  disturbed: number
  unusable: number
} {
  const broken = new Set(unusable.map(({ round }) => round))
  broken.delete(0)
  const disturbed = disturbedRounds(blocks.filter(({ block }) => block.round > 0))
  for (const round of broken) disturbed.delete(round)
  return {
    counts: (round) => round > 0 && !broken.has(round) && !disturbed.has(round),
    disturbed: disturbed.size,
    unusable: broken.size,
  }
}

/** Computes every case from what the meter has given so far. The first round is discarded. */
export function computeRounds(facts: readonly CaseFacts[], evidence: Evidence): RoundsSoFar {
  const measured = measureBlocks(evidence)
  const { counts, disturbed, unusable } = countedRounds(measured)
  const { idle } = measured
  const byCase = Map.groupBy(
    measured.blocks.filter(({ block }) => counts(block.round)),
    ({ block }) => block.case,
  )
  const cases = facts.map((one, index) => caseRounds(one, byCase.get(index) ?? [], idle))
  return { cases, idle, disturbed, unusable }
}

/** Half the 95 % interval ÷ the value. @returns ∞ where there is no interval or no energy */
export function relativeHalfWidth({ estimate }: CaseRounds, confidence = 0.95): number {
  if (estimate === null || !(estimate.value > 0)) return Number.POSITIVE_INFINITY
  const { value, high } = intervalOf(estimate, confidence)
  return (high - value) / value
}

/**
 * The confidence at which a running measurement is held against its budget: several looks at 95 %
 * would together be wrong more often than 5 %.
 */
const lookConfidence = 0.99

/** Whether the interval leaves the budget on one side already. `true` without a budget. */
export function clearOfBudget({ estimate, facts: { budget } }: CaseRounds): boolean {
  if (budget === null) return true
  if (estimate === null) return false
  const { low, high } = intervalOf(estimate, lookConfidence)
  return low > budget.limitJ || high <= budget.limitJ
}

/** How the rounds went, as far as it bears on the figures. */
export interface Circumstances {
  stoppedBy: BenchEnergy['stoppedBy']
  /** rounds that a figure needs to be `measured` */
  roundsNeeded: number
  quick: boolean
  /** why there are fewer rounds than needed, one clause; `null` when there are not */
  shortage: string | null
  /** why the meter gives no more; `null` while it does */
  meterEnded: string | null
}

/** Above this half-width ÷ value a figure is `rough`, as for tests (docs/method.md). */
const roughAbove = 0.1

/** A block in which the worker computed at least this much of the time cannot draw nothing. */
const busyShare = 0.5

function contradictsItself({ blocks }: CaseRounds): boolean {
  return (
    blocks.length > 0 &&
    blocks.every(({ grossJ, block: { cpuMs, start, end } }) => {
      return grossJ === 0 && cpuMs !== null && cpuMs > busyShare * (end - start) * 1e-6
    })
  )
}

interface Standing {
  state: FigureState
  reason: string | null
}

function tooFew(count: number, soFar: RoundsSoFar, how: Circumstances): Standing | null {
  if (count >= how.roundsNeeded) return null
  const rounds = `${count} of ${how.roundsNeeded} rounds`
  const others =
    soFar.disturbed > 0 ? `other programs used the machine in ${soFar.disturbed} more` : null
  if (others !== null && soFar.disturbed > count) {
    return { state: 'disturbed', reason: `${rounds}: ${others}` }
  }
  const why = [others, how.shortage].filter((each) => each !== null).join(', ')
  if (count >= 2) return { state: 'rough', reason: `${rounds}: ${why || 'it was stopped'}` }
  if (how.meterEnded !== null) return { state: 'gap', reason: how.meterEnded }
  if (soFar.unusable > 0) return { state: 'gap', reason: 'the meter was silent during the rounds' }
  return { state: 'rough', reason: `${rounds}: ${why || 'it was stopped'}` }
}

function standingOf(one: CaseRounds, soFar: RoundsSoFar, how: Circumstances): Standing {
  if (contradictsItself(one)) {
    return { state: 'fault', reason: 'the meter reads 0 J although the worker was busy' }
  }
  const few = tooFew(one.blocks.length, soFar, how)
  if (few !== null) return few
  if (one.estimate !== null && intervalOf(one.estimate).low <= 0) {
    return {
      state: 'below-resolution',
      reason: 'it does not stand out from what the machine draws at idle',
    }
  }
  if (how.quick) return { state: 'rough', reason: `a quick look: ${one.blocks.length} rounds` }
  const half = relativeHalfWidth(one)
  if (half > roughAbove) {
    return { state: 'rough', reason: `the rounds differ: ±${Math.round(half * 100)} %` }
  }
  return { state: 'measured', reason: null }
}

const total = (blocks: readonly BlockEnergy[], of: (block: BlockEnergy) => number): number =>
  blocks.reduce((sum, block) => sum + of(block), 0)

/** What one case's result carries. */
export function benchEnergy(one: CaseRounds, soFar: RoundsSoFar, how: Circumstances): BenchEnergy {
  const { blocks, facts } = one
  const { state, reason } = standingOf(one, soFar, how)
  const known = state === 'fault' ? null : one.estimate
  const { value = null, low = null, high = null } = known === null ? {} : intervalOf(known)
  const timePerOpNs =
    blocks.length === 0
      ? null
      : trimmedMean(blocks.map(({ block }) => (block.end - block.start) / block.ops))
  const powerW = value === null || timePerOpNs === null ? null : (value / timePerOpNs) * 1e9
  const figure: BenchEnergy = {
    state,
    reason,
    energyPerOpJ: value,
    lowJ: low,
    highJ: high,
    rounds: blocks.length,
    samples: total(blocks, ({ samples }) => samples),
    ops: total(blocks, ({ block }) => block.ops),
    timePerOpNs,
    powerW,
    opsPerJ: value === null || value <= 0 ? null : 1 / value,
    edpJs: value === null || timePerOpNs === null ? null : value * timePerOpNs * 1e-9,
    domainsPerOpJ: known === null ? {} : one.domainsPerOpJ,
    stoppedBy: how.stoppedBy,
    hooksIncluded: facts.hooksIncluded,
    budget: null,
  }
  if (known !== null && soFar.idle !== null) figure.idlePowerW = soFar.idle.total.value
  if (facts.units !== null && value !== null) {
    figure.units = facts.units
    figure.energyPerUnitJ = value / facts.units
  }
  if (facts.budget !== null) figure.budget = judgeBench(figure, facts.budget)
  return figure
}

/** Every pair of cases whose figures stand on at least two common rounds. */
export function compareCases({ cases, idle }: RoundsSoFar): Comparison[] {
  if (idle === null) return []
  const series: Series[] = cases.map(({ facts, blocks, estimate }) => ({
    name: facts.name,
    rounds: new Map(blocks.map((one) => [one.block.round, perOp(netOf(one, idle), one)])),
    idleSlope: estimate === null ? 0 : -idleSlope(blocks) / estimate.value,
  }))
  return compareAll(series, idle.total.standardError)
}

/** The figure of a case whose energy was not measured. */
export const noBenchEnergy = (
  state: FigureState,
  reason: string,
  { budget, hooksIncluded }: CaseFacts,
): BenchEnergy => ({
  state,
  reason,
  energyPerOpJ: null,
  lowJ: null,
  highJ: null,
  rounds: 0,
  samples: 0,
  ops: 0,
  timePerOpNs: null,
  powerW: null,
  opsPerJ: null,
  edpJs: null,
  domainsPerOpJ: {},
  stoppedBy: null,
  hooksIncluded,
  budget: budget === null ? null : { ...budget, verdict: 'unchecked', reason },
})
