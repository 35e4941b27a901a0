import { sharedTimes, touches } from './activity.ts'
import { foreignLoad } from './disturbance.ts'
import { divide } from './division.ts'
import type { Division } from './division.ts'
import { faultOf } from './faults.ts'
import { figureOf } from './figure.ts'
import type { Idle } from './idle.ts'
import { partiesOf, uncovered } from './party.ts'
import type { Parked } from './party.ts'
import type { DomainsJ, Figure } from './result.ts'
import type { Readings } from './readings.ts'
import type { Sample } from './sample.ts'
import { partsOf, totalOf } from './sample.ts'
import { firstWhere } from './search.ts'
import { Trace } from './trace.ts'
import type { EnergyWindow, FileSpan } from './window.ts'

/** joules by domain that belong to a window, by index of the sample */
export type Shares = readonly (readonly [index: number, energy: DomainsJ])[]

export interface AttributionInput {
  /** placed samples in order of time */
  samples: readonly Sample[]
  /** in any order */
  windows: readonly EnergyWindow[]
  spans: readonly FileSpan[]
  /** `null`: not known, taken as 0 when samples are divided; net is then `null` */
  idle: Idle | null
  /** shares that stand already, by window id */
  settled?: ReadonlyMap<string, Shares>
  /** standard errors of those figures, J: what they got wrong at their edges, their neighbours have */
  settledErrors?: ReadonlyMap<string, number>
  /** when workers waited for another one's budgeted test: their open files count for nothing */
  parked?: readonly Parked[]
  /** the machine has cores of more than one type (Apple silicon) */
  hybridCpu: boolean
  /** asked for, ms */
  intervalMs: number
  /** the readings behind the samples (`readings.at(sample.index)`), for faults and foreign load */
  readings?: Readings
}

export interface AttributedFigure extends Figure {
  /** of `netJ`: that of the gross energy and that of idle power */
  netStandardErrorJ: number | null
  shares: Shares
}

interface AttributionWarning {
  code: 'fault' | 'slow-counter'
  message: string
}

export interface Attribution {
  /** by window id */
  figures: Map<string, AttributedFigure>
  /** energy of the trace; attributed + unattributed, to rounding */
  totalJ: number
  attributedJ: number
  unattributedJ: number
  domainsJ: DomainsJ
  /** `null` without samples */
  medianSampleMs: number | null
  /** how often the slowest domain that counts is published; `null` without samples */
  cadenceMs: number | null
  /** the evidence that the meter contradicts itself, else `null` */
  fault: string | null
  warnings: readonly AttributionWarning[]
}

/** What is gathered of one window while the domains are gone through. */
interface Account {
  window: EnergyWindow
  shares: Map<number, DomainsJ>
  variance: number
  domainsJ: DomainsJ
  /** in the domain that matters most */
  priorJ: number
  isAlone: boolean
}

/**
 * Shares the energy of every sample among the windows that overlap it and the rest; see
 * docs/method.md. Energy is conserved: windows + unattributed = trace.
 */
export function attribute(input: AttributionInput): Attribution {
  const trace = new Trace(input.samples)
  const accounts = input.windows.map((window): Account => ({
    window,
    shares: new Map(),
    variance: 0,
    domainsJ: Object.fromEntries(trace.domains.map((domain) => [domain, 0])),
    priorJ: 0,
    isAlone: true,
  }))
  const divisions = divideAll(input, trace)
  const main = divisions.filter(({ counts }) => counts).toSorted((a, b) => b.energyJ - a.energyJ)[0]
  for (const division of divisions) book(accounts, trace, division, division === main)
  takeSettled(accounts, input)
  inheritErrors(accounts, trace, input)
  const fault = faultOf(input, trace)
  const figures = figuresOf(input, trace, accounts, { main, divisions, fault })
  let attributedJ = 0
  for (const { shares } of figures.values()) attributedJ += sumOf(shares, trace)
  const cadence = main?.cadence ?? null
  return {
    figures,
    totalJ: trace.totalJ,
    attributedJ,
    unattributedJ: trace.totalJ - attributedJ,
    domainsJ: trace.domainsJ,
    medianSampleMs: trace.medianSampleMs,
    cadenceMs: cadence === null ? trace.medianSampleMs : cadence * 1000,
    fault,
    warnings: warningsOf(fault, divisions),
  }
}

function divideAll(input: AttributionInput, trace: Trace): Division[] {
  const [first, last] = [trace.samples[0], trace.samples.at(-1)]
  if (first === undefined || last === undefined) return []
  const { windows, spans, parked = [], settled } = input
  const [start, end] = [first.start, last.end]
  const isSettled = ({ id }: EnergyWindow): boolean => settled?.has(id) === true
  const parties = partiesOf({ windows, spans, parked, isSettled, start, end })
  const given = new Map<number, DomainsJ>()
  for (const [index, energy] of [...(settled?.values() ?? [])].flat()) {
    const sum = given.get(index) ?? {}
    for (const domain of trace.domains) sum[domain] = (sum[domain] ?? 0) + (energy[domain] ?? 0)
    given.set(index, sum)
  }
  const parts = partsOf(trace.domainsJ as Parameters<typeof partsOf>[0])
  return trace.domains
    .filter((domain) => (trace.domainsJ[domain] ?? 0) !== 0)
    .map((domain) =>
      divide({ ...input, domain, counts: parts.includes(domain), trace, parties, given }),
    )
}

/** Enters one domain's cells into the windows' accounts. */
function book(accounts: Account[], trace: Trace, division: Division, isMain: boolean): void {
  const { domain, counts, lumps, cells, parties, priors, fit } = division
  for (let i = 0; i < cells.count; i += 1) {
    const party = parties[cells.party[i] ?? -1]
    const account = accounts[party?.window ?? -1]
    const lump = lumps[cells.lump[i] ?? -1]
    if (account === undefined || lump === undefined) continue
    const share = lump.energy > 0 ? (fit.shares[i] ?? 0) / lump.energy : 0
    for (let position = lump.first; position <= lump.last; position += 1) {
      const sample = trace.samples[position]
      const energy = sample?.energy?.[domain]
      if (sample === undefined || energy === undefined) continue
      enter(account, sample.index, domain, energy * share)
    }
    if (isMain && share < 0.9) account.isAlone = false
  }
  for (const [p, party] of parties.entries()) {
    const account = accounts[party.window]
    if (account === undefined || party.kind !== 'window') continue
    if (counts) account.variance += fit.variances[p] ?? 0
    if (isMain) account.priorJ = (priors[p]?.deviation ?? 0) * (party.end - party.start)
  }
}

function enter(account: Account, index: number, domain: keyof DomainsJ, energy: number): void {
  const share = account.shares.get(index) ?? {}
  share[domain] = (share[domain] ?? 0) + energy
  account.shares.set(index, share)
  account.domainsJ[domain] = (account.domainsJ[domain] ?? 0) + energy
}

function takeSettled(accounts: Account[], { settled }: AttributionInput): void {
  if (settled === undefined) return
  for (const account of accounts) {
    for (const [index, energy] of settled.get(account.window.id) ?? []) {
      for (const domain of Object.keys(energy) as (keyof DomainsJ)[]) {
        enter(account, index, domain, energy[domain] ?? 0)
      }
    }
  }
}

/**
 * A settled figure is off at its two edges, and what it has too much there its neighbour lacks: half
 * of its variance goes to whoever shares an edge sample with it, but no more than the smaller part
 * of that sample leaves in doubt (evenly: SD = part ÷ √3).
 */
function inheritErrors(accounts: readonly Account[], trace: Trace, input: AttributionInput): void {
  const { settled, settledErrors } = input
  if (settled === undefined || settledErrors === undefined) return
  const inherited = new Map<number, number>()
  const energies = new Map(trace.samples.map(({ index, energy }) => [index, energy]))
  for (const [id, shares] of settled) {
    const edge = (settledErrors.get(id) ?? 0) ** 2 / 2
    for (const share of shares) {
      const [index] = share
      const energy = energies.get(index) ?? null
      if (energy === null) continue
      const own = sumOf([share], trace)
      const open = Math.max(0, Math.min(own, totalOf(energy) - own)) ** 2 / 3
      inherited.set(index, (inherited.get(index) ?? 0) + Math.min(edge, open))
    }
  }
  for (const account of accounts) {
    if (settled.has(account.window.id)) continue
    for (const index of account.shares.keys()) account.variance += inherited.get(index) ?? 0
  }
}

function sumOf(shares: Shares, trace: Trace): number {
  let sum = 0
  for (const [, energy] of shares) for (const domain of trace.parts) sum += energy[domain] ?? 0
  return sum
}

/** repeats and retries of one test */
const keyOf = ({ projectName, testId }: EnergyWindow): string => `${projectName}\0${testId}`

interface Context {
  main: Division | undefined
  divisions: readonly Division[]
  fault: string | null
}

function figuresOf(
  input: AttributionInput,
  trace: Trace,
  accounts: readonly Account[],
  context: Context,
): Map<string, AttributedFigure> {
  const shared = sharedTimes(input.windows, input.spans, input.parked ?? [])
  const lengths = new Map<string, number>()
  for (const window of input.windows) {
    const key = keyOf(window)
    lengths.set(key, (lengths.get(key) ?? 0) + (window.end - window.start) / 1e9)
  }
  const step = context.main?.cadence ?? (trace.medianSampleMs ?? Infinity) / 1000
  const foreign = foreignLoad(input, trace)
  const figures = new Map<string, AttributedFigure>()
  for (const account of accounts) {
    const { window, variance, priorJ, isAlone, domainsJ } = account
    const [first, last] = trace.rangeOf(window.start, window.end)
    const shares = [...account.shares]
    const isShared = window.concurrent || touches(window, shared)
    const figure = figureOf({
      energyJ: sumOf(shares, trace),
      variance,
      priorJ,
      length: (lengths.get(keyOf(window)) ?? 0) / step,
      isAlone,
      isShared,
      hybridCpu: input.hybridCpu,
      boundsJ: boundsOf(window, trace, context.divisions, isShared),
      domainsJ,
      peakPowerW: trace.peakPower(window.start, window.end),
      durationMs: (window.end - window.start) / 1e6,
      cpuMs: window.cpu,
      samples: last - first,
      idle: input.idle,
      missing: missingOf(input, trace, window, context),
      disturbed: foreign(first, last),
    })
    const idleJ = ((input.idle?.standardError ?? 0) * (window.end - window.start)) / 1e9
    const { standardErrorJ, netJ } = figure
    const netStandardErrorJ = netJ === null ? null : Math.hypot(standardErrorJ ?? 0, idleJ)
    figures.set(window.id, { ...figure, netStandardErrorJ, shares })
  }
  return figures
}

/** Sum of the lumps wholly inside a window, and of all that it touches. */
function boundsOf(
  { start, end }: EnergyWindow,
  trace: Trace,
  divisions: readonly Division[],
  isShared: boolean,
): [number, number] {
  const origin = trace.samples[0]?.start ?? 0
  const [from, to] = [(start - origin) / 1e9, (end - origin) / 1e9]
  let [low, high] = [0, 0]
  for (const { counts, lumps, cadence } of divisions) {
    if (!counts) continue
    for (let w = firstWhere(lumps, ({ end }) => end > from); w < lumps.length; w += 1) {
      const lump = lumps[w]
      if (lump === undefined || lump.start >= to) break
      // a slow counter's lump may really reach half a sample further
      const slack = cadence === null ? 0 : lump.slack
      const isInside = lump.start - slack >= from && lump.end + slack <= to
      if (isInside && !isShared) low += lump.energy
      high += lump.energy
    }
  }
  return [low, high]
}

/** ns that may be uncovered at the ends of a trace without a word: less than a read's delay */
const tolerated = 1e6

function missingOf(
  { settled }: AttributionInput,
  trace: Trace,
  window: EnergyWindow,
  { main, fault }: Context,
): { state: 'no-meter' | 'gap' | 'fault'; reason: string } | null {
  if (trace.samples.length === 0) return { state: 'no-meter', reason: 'the meter gave no samples' }
  if (fault !== null) return { state: 'fault', reason: fault }
  if (settled?.has(window.id) === true) return null
  if (!trace.isCertain(window.start, window.end)) {
    return { state: 'gap', reason: 'the meter was silent near by: its samples may be misplaced' }
  }
  const known = trace.uncovered(window.start, window.end)
  if (known > tolerated) {
    return { state: 'gap', reason: `the meter was silent for ${(known / 1e6).toFixed(0)} ms of it` }
  }
  if (main === undefined || main.cadence === null) return null
  const origin = trace.samples[0]?.start ?? 0
  const span = { start: (window.start - origin) / 1e9, end: (window.end - origin) / 1e9 }
  return uncovered(span, main.lumps).length === 0
    ? null
    : { state: 'gap', reason: 'the counter was not published again after it' }
}

function warningsOf(fault: string | null, divisions: readonly Division[]): AttributionWarning[] {
  const warnings: AttributionWarning[] = []
  if (fault !== null) warnings.push({ code: 'fault', message: fault })
  for (const { domain, cadence } of divisions) {
    if (cadence === null) continue
    const message = `the ${domain} counter is published every ${cadence.toFixed(1)} s: tests shorter than that cannot be told apart`
    warnings.push({ code: 'slow-counter', message })
  }
  return warnings
}
