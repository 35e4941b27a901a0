import type { DomainsJ, Figure, FigureState } from './result.ts'

/** What is known of one window when its energy has been divided. */
export interface Evidence {
  energyJ: number
  /** J², from the fit */
  variance: number
  /** standard deviation of the energy before its samples were looked at, J; see `prior.ts` */
  priorJ: number
  /** all runs of the test, in samples (or publications of a slow counter) */
  length: number
  /** at least nine tenths of every sample that it touches are its own */
  isAlone: boolean
  isShared: boolean
  /** cores of more than one type: CPU time says little of a shared window */
  hybridCpu: boolean
  boundsJ: [number, number]
  domainsJ: DomainsJ
  peakPowerW: number | null
  durationMs: number
  cpuMs: number | null
  samples: number
  /** W; `null` where idle is not known */
  idle: { power: number } | null
  /** why there is no figure at all, by what is wrong */
  missing: { state: 'no-meter' | 'gap' | 'fault'; reason: string } | null
  /** what else used the machine; `null` for nothing */
  disturbed: string | null
}

/** 95 % lie within this many standard errors: Student's t, noise being learnt from some 30 samples */
const ninetyFive = 2.04
/** standard error of a shared figure, relative (simulated on one core type, docs/method.md) */
const sharedError = 0.2

/** of its energy: less than this was open before the samples were looked at */
const waitingPart = 0.1

/** What stands where nothing can be said of a window's energy. */
export const noFigure = (
  state: 'no-meter' | 'gap' | 'fault',
  reason: string,
  durationMs: number,
): Figure => ({
  state,
  reason,
  energyJ: null,
  standardErrorJ: null,
  lowJ: null,
  highJ: null,
  boundsJ: null,
  netJ: null,
  domainsJ: {},
  powerW: null,
  peakPowerW: null,
  durationMs,
  cpuMs: null,
  samples: 0,
})

export function figureOf(evidence: Evidence): Figure {
  const { durationMs, cpuMs, samples, domainsJ, missing } = evidence
  if (missing !== null)
    return { ...noFigure(missing.state, missing.reason, durationMs), cpuMs, samples }
  const { energyJ, boundsJ, idle, peakPowerW } = evidence
  const standardErrorJ = standardError(evidence)
  const [state, reason] = stateOf(evidence, standardErrorJ)
  const seconds = durationMs / 1000
  return {
    state,
    reason,
    energyJ,
    standardErrorJ,
    lowJ: Math.max(0, energyJ - ninetyFive * standardErrorJ),
    highJ: energyJ + ninetyFive * standardErrorJ,
    boundsJ: [Math.min(boundsJ[0], energyJ), Math.max(boundsJ[1], energyJ)],
    netJ: idle === null ? null : energyJ - idle.power * seconds,
    domainsJ,
    powerW: seconds > 0 ? energyJ / seconds : null,
    peakPowerW,
    durationMs,
    cpuMs,
    samples,
  }
}

function standardError({ variance, energyJ, isShared, hybridCpu }: Evidence): number {
  const own = Math.sqrt(variance)
  if (!isShared) return own
  return Math.hypot(own, (hybridCpu ? 1 : sharedError) * energyJ)
}

function stateOf(evidence: Evidence, error: number): [FigureState, string | null] {
  if (evidence.isShared) return ['shared', 'other workers ran at the same time']
  const { energyJ, priorJ, length, isAlone, disturbed } = evidence
  const relative = energyJ > 0 ? error / energyJ : Infinity
  // a test that mostly waits is known by its time: little was left for the samples to tell
  const known = priorJ > waitingPart * energyJ ? error / priorJ : 0
  const isMeasured = relative <= 0.1 && known <= 0.5 && length >= (isAlone ? 1.5 : 3)
  const isRough = relative <= 0.25 && known <= 0.7 && length >= (isAlone ? 0.5 : 1.5)
  if (!isRough)
    return ['below-resolution', 'too short for the meter to tell it from its neighbours']
  if (disturbed !== null) return ['disturbed', disturbed]
  if (isMeasured) return ['measured', null]
  return ['rough', 'few samples: its neighbours blur its edges']
}
