import type { Surroundings } from '../surroundings.ts'
import type { Check } from './check.ts'
import { ok, warning } from './check.ts'

/**
 * Power source, low-power mode and heat: each changes what the same work costs.
 * @param thermalPressure as the meter says; `null` where it does not
 */
export async function checkPowerState(
  system: Surroundings,
  thermalPressure: string | null,
): Promise<Check> {
  const seen: string[] = []
  const mends: string[] = []
  if (system.platform === 'darwin') {
    const source = await system.run('/usr/bin/pmset', ['-g', 'batt'])
    const settings = await system.run('/usr/bin/pmset', ['-g'])
    const onBattery = source.stdout.includes("'Battery Power'")
    const isLow = /^\s*lowpowermode\s+1\b/m.test(settings.stdout)
    seen.push(onBattery ? 'on battery' : 'mains', `low-power mode ${isLow ? 'on' : 'off'}`)
    if (onBattery) mends.push('plug the charger in')
    if (isLow) mends.push('sudo pmset -a lowpowermode 0')
  }
  if (thermalPressure !== null) {
    seen.push(`thermal pressure ${thermalPressure}`)
    if (thermalPressure !== 'Nominal') mends.push('let it cool down')
  }
  if (seen.length === 0) return ok('state', 'nothing known of power source and heat')
  const evidence = seen.join(', ')
  return mends.length === 0 ? ok('state', evidence) : warning('state', evidence, mends.join('; '))
}
