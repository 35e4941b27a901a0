import type { Plugin } from 'vitest/config'
import type { EnergyOptions } from './options.ts'
import { EnergyReporter, isInstalled } from './reporter.ts'

export type { EnergyOptions } from './options.ts'
export type { EnergyPerOpText, EnergyText } from './units.ts'
export type {
  BenchEnergy,
  BudgetResult,
  Comparison,
  Figure,
  FigureState,
  TestEnergy,
  Verdict,
} from './energy/result.ts'
export type { EnergyReport } from './report/json.ts'
export type { EnergyBenchOptions } from './worker/bench-options.ts'
export type { EnergyMatcherOptions, LessEnergyOptions, MeasuredResult } from './worker/matchers.ts'
export { isAvailable } from './meters/availability.ts'
export type { Availability } from './meters/availability.ts'
export { EnergyError } from './errors.ts'
export type { EnergyErrorCode } from './errors.ts'

/**
 * The Vitest plugin: `plugins: [energy({ … })]`. It adds one reporter, in front of those that are
 * there; all else happens in that.
 */
export default function energy(options: EnergyOptions = {}): Plugin {
  const install = (reporters: unknown): void => {
    if (!Array.isArray(reporters) || isInstalled(reporters)) return
    reporters.unshift(new EnergyReporter(options))
  }
  return {
    name: 'vitest-energy',
    // the root's plugin is asked here even when no project has it
    configureServer({ config }) {
      install((config as { test?: { reporters?: unknown } }).test?.reporters)
    },
    // a project's own plugin is asked only here
    configureVitest({ vitest }) {
      install(vitest.config.reporters)
    },
  }
}
