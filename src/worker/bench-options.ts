import type { BenchRegistrationInput } from 'vitest'
import type { BenchEnergy, BudgetDeclaration } from '../energy/result.ts'
import { EnergyError, quoted } from '../errors.ts'
import { parseEnergyLimit } from '../units.ts'
import type { EnergyPerOpText } from '../units.ts'

/** What `bench(name, options, fn)` takes for energy, beside Vitest's own options. */
export interface EnergyBenchOptions {
  /** Limit for one operation, such as `'2 mJ/op'`; net of idle. */
  energyBudget?: EnergyPerOpText
  /** `false`: no energy phase, so that the function is called no more often than without the plugin. */
  energy?: false
  /** Units of work in one operation (tokens, pixels, rows): the result then has joules per unit. */
  units?: number
}

declare module 'vitest' {
  interface BenchFnOptions extends EnergyBenchOptions {}
  interface BenchResult {
    /** Absent without a meter and with `energy: false`. */
    energy?: BenchEnergy
  }
}

/** {@link EnergyBenchOptions}, read and checked. */
export interface CaseOptions {
  measured: boolean
  units: number | null
  budget: BudgetDeclaration | null
}

function budgetOf(text: unknown, source: string): BudgetDeclaration | null {
  if (text === undefined) return null
  const parsed = parseEnergyLimit(text)
  if (parsed === undefined || !parsed.perOp) {
    throw EnergyError.of('BUDGET_TEXT', source, quoted(text), '`5 mJ/op`')
  }
  return { limitJ: parsed.limit, text: parsed.text, source }
}

function unitsOf(units: unknown, name: string): number | null {
  if (units === undefined) return null
  if (typeof units !== 'number' || !Number.isFinite(units) || units <= 0) {
    throw EnergyError.of(
      'OPTION_INVALID',
      `units of bench('${name}')`,
      quoted(units),
      'a number above 0',
    )
  }
  return units
}

/**
 * Reads what a case says about its energy.
 * @param file for messages
 * @throws {EnergyError} `BUDGET_TEXT`, `OPTION_INVALID`
 */
export function readCaseOptions(
  { name, fnOpts }: BenchRegistrationInput,
  file: string,
): CaseOptions {
  const { energyBudget, energy, units } = (fnOpts ?? {}) as Record<
    keyof EnergyBenchOptions,
    unknown
  >
  return {
    measured: energy !== false,
    units: unitsOf(units, name),
    budget: budgetOf(energyBudget, `${file}: energyBudget of bench('${name}')`),
  }
}
