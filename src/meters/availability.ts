import type { EnergyOptions } from '../options.ts'
import { resolveOptions } from '../options.ts'
import { chooseMeter } from './choose.ts'
import type { MeterEvents, MeterOptions, MeterProblem } from './meter.ts'

/** Whether a run here would measure; if not, the reason and its mend. */
export type Availability = { available: true } | ({ available: false } & MeterProblem)

/** The part of the options that the choice of a meter depends on. */
export function meterOptionsOf(options: EnergyOptions, env: NodeJS.ProcessEnv): MeterOptions {
  const { meter, intervalMs, powermetrics } = resolveOptions(options, env)
  return { meter, intervalMs, ...powermetrics }
}

const silent: MeterEvents = {
  identity: () => {},
  reading: () => {},
  problem: () => {},
  restarted: () => {},
}

/**
 * Asks whether a run with these options would measure: starts the meter as a run does and waits for
 * its first record. Never asks for a password.
 * @throws {EnergyError} `OPTION_*`, `METER_PATH`
 */
export async function isAvailable(
  options: EnergyOptions = {},
  env: NodeJS.ProcessEnv = process.env,
): Promise<Availability> {
  if (!resolveOptions(options, env).enabled) {
    const reason = '`enabled` is `false`'
    return { available: false, state: 'off', reason, mend: 'take `VITEST_ENERGY=0` away' }
  }
  const choice = chooseMeter(meterOptionsOf(options, env))
  if (!('start' in choice)) return { available: false, ...choice }
  const meter = choice.start(silent)
  try {
    const outcome = await meter.ready
    return 'state' in outcome ? { available: false, ...outcome } : { available: true }
  } finally {
    await meter.stop()
  }
}
