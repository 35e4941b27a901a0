import type { Joules, Nanoseconds, Watts } from '../units.ts'
import { joules, watts } from '../units.ts'

/** What a meter tells apart. `package` is Intel's whole chip: it contains `cpu` and `gpu`. */
export const domains = ['cpu', 'gpu', 'ane', 'dram', 'package'] as const
export type Domain = (typeof domains)[number]

/** Highest power that is believed: the largest chip, an M2 Ultra, draws below 200 W. */
export const plausiblePower: Watts = watts(1000)

/** Energy by domain; a domain that the meter does not have is absent, never 0. */
export type DomainEnergy = Readonly<Partial<Record<Domain, Joules>>>

/** One record of the meter as it came, before it has a place on the test clock. */
export interface Reading {
  /** when its last byte was read, on the test clock */
  arrival: Nanoseconds
  /** true length of the record (`elapsed_ns`); `null` when the record was damaged */
  elapsed: Nanoseconds | null
  /** `null` when the record was damaged: a span of unknown energy */
  energy: DomainEnergy | null
  /** the record's own stamp: end of the record, whole seconds since 1970 (truncated); `null` if absent */
  stampSeconds: number | null
  /** how the record contradicts itself or physics; absent when it does not */
  contradiction?: string
  /** `thermal_pressure`, as printed; `null` if absent */
  thermalPressure: string | null
  /** CPU time of the whole machine, all cores, ms since the reading before; `null` on the first */
  systemCpuMs: number | null
  /** CPU time of the main process (Vitest and this tool), ms since the reading before */
  ownCpuMs: number | null
}

/** A reading with its place on the test clock. */
export interface Sample {
  /** position of its reading in the journal, from 0 */
  index: number
  start: Nanoseconds
  end: Nanoseconds
  /** `null`: unknown (damaged record) */
  energy: DomainEnergy | null
  /** readings between two gaps share a segment */
  segment: number
  /** `false` beside a gap, where its place may be wrong by one sample */
  certain: boolean
}

/** Sum over domains without counting anything twice: `package` stands for all of its parts. */
export function totalOf(energy: DomainEnergy): Joules {
  const { cpu = 0, gpu = 0, ane = 0, dram = 0 } = energy
  return joules((energy.package ?? cpu + gpu) + ane + dram)
}

/** The domains that add up to {@link totalOf}. */
export function partsOf(energy: DomainEnergy): Domain[] {
  return domains.filter(
    (domain) =>
      energy[domain] !== undefined &&
      !(energy.package !== undefined && (domain === 'cpu' || domain === 'gpu')),
  )
}
