import { domains, plausiblePower, totalOf } from '../../energy/sample.ts'
import type { Domain, DomainEnergy } from '../../energy/sample.ts'
import type { Joules, Nanoseconds } from '../../units.ts'
import { energyOf, joules, nanoseconds, powerOf, watts } from '../../units.ts'
import type { CutRecord } from './records.ts'
import type { Fields } from './scan.ts'
import { parseFields, salvageElapsed, scanFields } from './scan.ts'

/** What one record says, with the same fields as a reading. */
export interface Figures {
  elapsed: Nanoseconds | null
  energy: DomainEnergy | null
  stampSeconds: number | null
  thermalPressure: string | null
  /** how the record contradicts itself or physics, or what it lost; `null` when it does not */
  contradiction: string | null
}

/** What the first record says of the machine. */
export interface Machine {
  domains: Domain[]
  model: string | null
  os: string | null
  bootArguments: string
}

/** The record's own length and energy, as far as they can be believed. */
export function figuresOf(fields: Fields): Figures {
  const { elapsedNs, stampSeconds, thermalPressure } = fields
  const elapsed = lengthOf(elapsedNs)
  const energy = elapsed === null || fields.invalid ? null : energyIn(fields, elapsed)
  const absurd = energy === null || elapsed === null ? null : absurdityIn(energy, elapsed)
  return {
    elapsed,
    energy: absurd === null ? energy : null,
    stampSeconds: stampSeconds === undefined || Number.isNaN(stampSeconds) ? null : stampSeconds,
    thermalPressure: thermalPressure ?? null,
    contradiction: absurd ?? (elapsed === null ? null : mismatchIn(fields, elapsed)),
  }
}

const lengthOf = (elapsedNs: number | undefined): Nanoseconds | null =>
  elapsedNs !== undefined && elapsedNs > 0 && elapsedNs < Infinity ? nanoseconds(elapsedNs) : null

function energyIn({ processor, gpuEnergy }: Fields, elapsed: Nanoseconds): DomainEnergy {
  const igpu = processor.igpu_joules ?? fromPower(processor.igpu_watts, elapsed)
  const found: Record<Domain, number | undefined> = {
    cpu: fromMillijoules(processor.cpu_energy) ?? processor.cpu_joules,
    gpu: fromMillijoules(processor.gpu_energy) ?? igpu ?? fromMillijoules(gpuEnergy),
    ane: fromMillijoules(processor.ane_energy),
    dram: fromMillijoules(processor.dram_energy),
    package: processor.package_joules ?? fromPower(processor.package_watts, elapsed),
  }
  const energy: Partial<Record<Domain, Joules>> = {}
  for (const domain of domains) {
    const value = found[domain]
    if (value !== undefined) energy[domain] = joules(value)
  }
  return energy
}

const fromMillijoules = (value: number | undefined): number | undefined =>
  value === undefined ? undefined : value / 1000

const fromPower = (power: number | undefined, elapsed: Nanoseconds): number | undefined =>
  power === undefined ? undefined : energyOf(watts(power), elapsed)

function absurdityIn(energy: DomainEnergy, elapsed: Nanoseconds): string | null {
  for (const domain of domains) {
    const part = energy[domain] ?? 0
    if (!Number.isFinite(part) || part < 0) return `${domain} energy of ${part} J`
  }
  const power = powerOf(totalOf(energy), elapsed)
  return power <= plausiblePower ? null : `power of ${Math.round(power)} W`
}

/** Powers are energy ÷ elapsed to six digits in every capture; energies are rounded to 1 mJ. */
function mismatchIn({ processor }: Fields, elapsed: Nanoseconds): string | null {
  const pairs = [
    ['cpu', processor.cpu_energy, processor.cpu_power],
    ['gpu', processor.gpu_energy, processor.gpu_power],
    ['ane', processor.ane_energy, processor.ane_power],
  ] as const
  const seconds = elapsed / 1e9
  const odd = pairs.flatMap(([domain, energy, power]) =>
    energy === undefined || power === undefined || agree(energy, power * seconds)
      ? []
      : [`${domain}: ${power} mW in ${seconds} s, but ${energy} mJ`],
  )
  return odd.length === 0 ? null : odd.join(', ')
}

const agree = (energy: number, expected: number): boolean =>
  Math.abs(energy - expected) <= 1 + 1e-4 * Math.abs(expected)

/**
 * Reads the records of one run: the first with search and parser side by side, the others by
 * search alone if the two agreed.
 */
export class RecordReader {
  #machine: Machine | null = null
  #searchAgrees = true

  /** `null` before the first record that can be read */
  get machine(): Machine | null {
    return this.#machine
  }

  /**
   * @returns `null` for what is no sample: a document that is not of one interval (`is_delta`
   *   false), and anything damaged before the first record
   */
  read({ bytes, whole }: CutRecord): Figures | null {
    const fields = whole ? this.#fieldsOf(bytes) : null
    if (fields?.isDelta === undefined) return this.#machine === null ? null : damaged(bytes)
    if (!fields.isDelta) return null
    const figures = figuresOf(fields)
    if (figures.elapsed === null && this.#machine === null) return null
    this.#machine ??= machineOf(fields)
    if (figures.energy === null) return figures
    const lacking = this.#machine.domains.find((domain) => figures.energy?.[domain] === undefined)
    if (lacking === undefined) return figures
    // without a domain that it had, its total would be too small
    return { ...figures, energy: null, contradiction: `${lacking} energy is missing` }
  }

  #fieldsOf(bytes: Buffer): Fields | null {
    const scanned = this.#searchAgrees ? scanFields(bytes) : null
    if (this.#machine !== null && scanned !== null) return scanned
    const parsed = parseFields(bytes)
    if (parsed === null) return scanned
    if (this.#machine === null) {
      this.#searchAgrees = scanned !== null && isSame(figuresOf(parsed), figuresOf(scanned))
    }
    return parsed
  }
}

const isSame = (a: Figures, b: Figures): boolean => JSON.stringify(a) === JSON.stringify(b)

function machineOf(fields: Fields): Machine {
  const { model = null, os = null, bootArguments = '', elapsedNs = 0 } = fields
  const energy = energyIn(fields, nanoseconds(elapsedNs))
  return { domains: domains.filter((domain) => domain in energy), model, os, bootArguments }
}

/** Its length, if that part of it is unharmed, keeps the sum of the lengths right. */
function damaged(bytes: Buffer): Figures {
  return {
    elapsed: lengthOf(salvageElapsed(bytes)),
    energy: null,
    stampSeconds: null,
    thermalPressure: null,
    contradiction: null,
  }
}
