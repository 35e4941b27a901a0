import type { AttributionInput } from './attribution.ts'
import { cadenceOf, lumpsOf } from './cadence.ts'
import type { Lump } from './cadence.ts'
import { cellsOf } from './cells.ts'
import type { Cells } from './cells.ts'
import { fit } from './fit.ts'
import type { Fit } from './fit.ts'
import { noiseOf } from './noise.ts'
import type { Party } from './party.ts'
import { priorsOf } from './prior.ts'
import type { Prior } from './prior.ts'
import type { DomainsJ } from './result.ts'
import type { Domain } from './sample.ts'
import type { Trace } from './trace.ts'

/** One domain, divided among the parties. */
export interface Division {
  domain: Domain
  /** it adds to the total (`cpu` does not where there is `package`) */
  counts: boolean
  energyJ: number
  /** s between publications of a slow counter; `null` where every sample is fresh */
  cadence: number | null
  parties: readonly Party[]
  lumps: readonly Lump[]
  cells: Cells
  priors: readonly Prior[]
  fit: Fit
}

export interface DivisionInput extends Pick<AttributionInput, 'idle' | 'hybridCpu'> {
  domain: Domain
  counts: boolean
  trace: Trace
  parties: readonly Party[]
  /** settled joules by index of the sample */
  given: ReadonlyMap<number, DomainsJ>
}

/** relative deviation of power per CPU-second between tests (docs/method.md, "Division") */
const spreads = { oneCoreType: 0.35, hybrid: 0.8, byTime: 1 }

export function divide(input: DivisionInput): Division {
  const { domain, counts, trace, parties, given, hybridCpu } = input
  const { samples } = trace
  const origin = samples[0]?.start ?? 0
  const cadence = cadenceOf(samples, domain)
  const lumps = lumpsOf(samples, domain, origin, cadence)
  const cells = cellsOf(parties, lumps)
  const byTime = domain === 'gpu' || domain === 'ane'
  const idle = idleOf(input)
  const spread = byTime ? spreads.byTime : hybridCpu ? spreads.hybrid : spreads.oneCoreType
  const noise = noiseOf(parties, lumps, cells)
  const { wander } = noise
  const priors = priorsOf({ parties, lumps, cells, idle, byTime, spread, wander })
  const givenJ = new Float64Array(lumps.length)
  for (const [w, { first, last }] of lumps.entries()) {
    for (let k = first; k <= last && given.size > 0; k += 1) {
      givenJ[w] = (givenJ[w] ?? 0) + (given.get(samples[k]?.index ?? -1)?.[domain] ?? 0)
    }
  }
  return {
    domain,
    counts,
    energyJ: trace.domainsJ[domain] ?? 0,
    cadence,
    parties,
    lumps,
    cells,
    priors,
    fit: fit({ parties, lumps, cells, priors, noise, idle, given: givenJ }),
  }
}

/** W; 0 where it is not known, so that all of the domain counts as used by somebody */
function idleOf({ idle, domain }: DivisionInput): number {
  if (idle === null) return 0
  return Math.max(0, idle.domains[domain] ?? 0)
}
