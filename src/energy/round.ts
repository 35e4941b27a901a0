import { totalOf } from './sample.ts'
import type { Domain, Sample } from './sample.ts'
import { firstWhere } from './search.ts'
import { mean, median, trimmedMean, yuen } from './statistics.ts'
import type { Estimate } from './statistics.ts'
import type { DomainsJ } from './result.ts'
import type { Nanoseconds } from '../units.ts'

/** One case at work, with the quiet around it. */
export interface Block {
  /** position of the case among those of its compare */
  case: number
  /** from 0; the first is discarded */
  round: number
  /** when the machine went quiet before it */
  quietFrom: Nanoseconds
  start: Nanoseconds
  end: Nanoseconds
  /** when something else began after it */
  quietUntil: Nanoseconds
  ops: number
  /** CPU time of the worker in it, ms; `null` when it cannot be told */
  cpuMs: number | null
}

/** A stretch in which the machine had nothing to do, such as the watch before the first test. */
export interface QuietSpan {
  start: Nanoseconds
  end: Nanoseconds
}

/** What there is to compute from. */
export interface Evidence {
  samples: readonly Sample[]
  blocks: readonly Block[]
  /** quiet stretches other than those beside the blocks */
  watched: readonly QuietSpan[]
  /**
   * CPU time of the machine without Vitest's main process and without this worker's share that
   * `Block.cpuMs` counts apart, ms, by {@link Sample.index}; `null` when it cannot be told
   */
  machineCpuMs(index: number): number | null
  /** `Block.cpuMs` is not yet taken off {@link machineCpuMs} (the worker is a process of its own) */
  workerApart: boolean
}

/** One block with the energy of all samples that touch it, idle not yet taken off. */
export interface BlockEnergy {
  block: Block
  grossJ: number
  domainsJ: DomainsJ
  /** length of those samples, s: longer than the block */
  seconds: number
  /** samples that lie mostly in the block */
  samples: number
  /** cores that others kept busy meanwhile; `null` when it cannot be told */
  otherCores: number | null
}

export interface IdlePower {
  /** watts with their standard error */
  total: Estimate
  /** watts */
  domains: DomainsJ
}

/** Blocks and idle power of one run of rounds. */
export interface Measured {
  blocks: BlockEnergy[]
  /** blocks whose samples are damaged, missing or shared with another block */
  unusable: Block[]
  /** `null` when there was no quiet sample at all */
  idle: IdlePower | null
}

/**
 * How far a sample's place may be wrong: the scatter of `elapsed_ns` against arrivals is 4 ms
 * (M3 Max, docs/method.md); twice that.
 */
const slackNs = 8e6

const firstEndingAfter = (samples: readonly Sample[], instant: number): number =>
  firstWhere(samples, ({ end }) => end > instant)

/**
 * The samples that hold the block: all that touch it and, for what it leaves behind (garbage to
 * collect, a fan of caches to write back), one more if it lies in the quiet.
 */
function samplesOf(samples: readonly Sample[], block: Block): readonly Sample[] | null {
  const from = firstEndingAfter(samples, block.start - slackNs)
  let to = from
  while (to < samples.length && (samples[to]?.start ?? 0) < block.end + slackNs) to++
  const tail = samples[to]
  if (tail !== undefined && tail.end <= block.quietUntil - slackNs) to++
  const held = samples.slice(from, to)
  const first = held[0]
  const last = held.at(-1)
  if (first === undefined || last === undefined) return null
  const whole =
    first.start <= block.start &&
    last.end >= block.end &&
    first.start >= block.quietFrom - slackNs &&
    last.end <= block.quietUntil + slackNs &&
    held.every((sample) => sample.energy !== null && sample.certain) &&
    held.every((sample) => sample.segment === first.segment)
  return whole ? held : null
}

interface Sum {
  totalJ: number
  domainsJ: DomainsJ
  seconds: number
}

function sumOf(samples: readonly Sample[]): Sum {
  let totalJ = 0
  let seconds = 0
  const domainsJ: DomainsJ = {}
  for (const { energy, start, end } of samples) {
    if (energy === null) continue
    totalJ += totalOf(energy)
    seconds += (end - start) * 1e-9
    for (const [domain, value] of Object.entries(energy) as [Domain, number][]) {
      domainsJ[domain] = (domainsJ[domain] ?? 0) + value
    }
  }
  return { totalJ, domainsJ, seconds }
}

function otherCores(held: readonly Sample[], cpuMs: number | null, evidence: Evidence) {
  let machineMs = 0
  let wallMs = 0
  for (const { index, start, end } of held) {
    const cpu = evidence.machineCpuMs(index)
    if (cpu === null) return null
    machineMs += cpu
    wallMs += (end - start) * 1e-6
  }
  if (!evidence.workerApart) return machineMs / wallMs
  return cpuMs === null ? null : (machineMs - cpuMs) / wallMs
}

/** A sample of the watch or of a guard gap, with the group that it is averaged in. */
type Quiet = Map<string, Sample[]>

function addQuiet(
  quiet: Quiet,
  group: string,
  evidence: Evidence,
  span: QuietSpan & { claimed: ReadonlySet<number> },
): void {
  const { samples } = evidence
  for (let at = firstEndingAfter(samples, span.start); at < samples.length; at++) {
    const sample = samples[at]
    if (sample === undefined || sample.end > span.end) return
    if (sample.start < span.start || sample.energy === null || !sample.certain) continue
    if (span.claimed.has(sample.index)) continue
    const known = quiet.get(group)
    if (known === undefined) quiet.set(group, [sample])
    else if (!known.includes(sample)) known.push(sample)
  }
}

/** Quiet samples by round, and the watch in groups of about the same size. */
function quietGroups(evidence: Evidence, claimed: ReadonlySet<number>): Sample[][] {
  const rounds: Quiet = new Map()
  for (const { round, quietFrom, start, end, quietUntil } of evidence.blocks) {
    const before = { start: quietFrom, end: (start - slackNs) as Nanoseconds, claimed }
    const after = { start: (end + slackNs) as Nanoseconds, end: quietUntil, claimed }
    addQuiet(rounds, String(round), evidence, before)
    addQuiet(rounds, String(round), evidence, after)
  }
  const watch: Quiet = new Map()
  for (const span of evidence.watched) addQuiet(watch, '', evidence, { ...span, claimed })
  const groups = [...rounds.values()]
  const size = Math.max(1, Math.round(mean(groups.map((group) => group.length)) || 3))
  const watched = watch.get('') ?? []
  for (let at = 0; at + size <= watched.length; at += size) {
    groups.push(watched.slice(at, at + size))
  }
  return groups
}

/** Median absolute deviation → standard deviation, for normal values. */
const madToDeviation = 1.4826

/**
 * The groups that look alike. Where the machine is quiet, a burst of background stands out by a
 * hundred deviations and would, in a third of the groups, still pull a trimmed mean; where
 * background is the rule, nothing stands out.
 */
function alike(groups: readonly Sample[][]): Sum[] {
  const sums = groups.map(sumOf)
  const powers = sums.map(({ totalJ, seconds }) => totalJ / seconds)
  const middle = median(powers)
  const deviation = madToDeviation * median(powers.map((power) => Math.abs(power - middle)))
  const limit = Math.max(4 * deviation, 0.2 * Math.abs(middle))
  return sums.filter((_, at) => Math.abs((powers[at] ?? 0) - middle) <= limit)
}

/**
 * The power of the machine with nothing to do: 20 % trimmed mean over groups, so that a burst of
 * background in one of them does not count against every case.
 */
function idlePower(groups: readonly Sample[][]): IdlePower | null {
  const sums = alike(groups)
  const powers = sums.map(({ totalJ, seconds }) => totalJ / seconds)
  const [only] = powers
  if (only === undefined) return null
  const domains: DomainsJ = {}
  for (const domain of Object.keys(sums[0]?.domainsJ ?? {}) as Domain[]) {
    domains[domain] = trimmedMean(sums.map((sum) => (sum.domainsJ[domain] ?? 0) / sum.seconds))
  }
  // of one group nothing is known about its scatter: taken as large as it is
  const total = yuen(powers) ?? { value: only, standardError: Math.abs(only), df: 1 }
  return { total, domains }
}

/** Puts samples, blocks and quiet together. */
export function measureBlocks(evidence: Evidence): Measured {
  const blocks: BlockEnergy[] = []
  const unusable: Block[] = []
  const claimed = new Set<number>()
  for (const block of evidence.blocks) {
    const held = samplesOf(evidence.samples, block)
    if (held === null) {
      unusable.push(block)
      continue
    }
    for (const { index } of held) claimed.add(index)
    const { totalJ: grossJ, domainsJ, seconds } = sumOf(held)
    const cores = otherCores(held, block.cpuMs, evidence)
    const inside = held.filter(({ start, end }) => {
      const middle = (start + end) / 2
      return middle >= block.start && middle <= block.end
    })
    const samples = inside.length
    blocks.push({ block, grossJ, domainsJ, seconds, samples, otherCores: cores })
  }
  return { blocks, unusable, idle: idlePower(quietGroups(evidence, claimed)) }
}

/**
 * CPU use by others, cores, above which a round is dropped
 * (docs/method.md: a tenth of a core is a few per cent of one busy core's power).
 */
export const disturbedAbove = 0.1

/** Where others come and go all the time, only what is beyond this many deviations stands out. */
const disturbedDeviations = 3

/**
 * The rounds in which other programs used the machine more than they did in the middle round of the
 * same case. What a case's own child processes use stands in every round and is not held against it;
 * on a machine that is never quiet, dropping rounds would not make the others better.
 */
export function disturbedRounds(blocks: readonly BlockEnergy[]): Set<number> {
  const disturbed = new Set<number>()
  for (const group of Map.groupBy(blocks, ({ block }) => block.case).values()) {
    const known = group.filter(({ otherCores }) => otherCores !== null)
    const cores = known.map(({ otherCores }) => otherCores ?? 0)
    const usual = median(cores)
    const deviation = madToDeviation * median(cores.map((each) => Math.abs(each - usual)))
    const limit = usual + Math.max(disturbedAbove, disturbedDeviations * deviation)
    for (const { block, otherCores } of known) {
      if ((otherCores ?? 0) > limit) disturbed.add(block.round)
    }
  }
  return disturbed
}
