import { cpus, release } from 'node:os'
import { printable } from '../../energy/printable.ts'
import { readSysctl } from '../machine.ts'
import type { Surroundings } from '../surroundings.ts'
import type { Check } from './check.ts'
import { failure, ok, warning } from './check.ts'

const systemNames: Partial<Record<NodeJS.Platform, string>> = { linux: 'Linux', win32: 'Windows' }

/** `4 P + 6 E cores`, or `8 cores` where they are of one kind. */
function coresOf(facts: ReadonlyMap<string, string>): string {
  const fast = facts.get('hw.perflevel0.physicalcpu')
  const small = facts.get('hw.perflevel1.physicalcpu')
  if (fast !== undefined && small !== undefined) return `${fast} P + ${small} E cores`
  return `${facts.get('hw.physicalcpu') ?? '?'} cores`
}

async function checkMac(system: Surroundings): Promise<Check> {
  // what every Mac knows comes first: the rest may end sysctl
  const facts = await readSysctl(system, [
    'hw.model',
    'machdep.cpu.brand_string',
    'hw.physicalcpu',
    'kern.hv_vmm_present',
    'hw.perflevel0.physicalcpu',
    'hw.perflevel1.physicalcpu',
  ])
  const { stdout } = await system.run('/usr/bin/sw_vers', [])
  const product = /ProductVersion:\s*(\S+)/.exec(stdout)?.[1] ?? 'unknown version'
  const build = /BuildVersion:\s*(\S+)/.exec(stdout)?.[1] ?? '?'
  const chip = facts.get('machdep.cpu.brand_string') ?? 'unknown chip'
  const model = facts.get('hw.model') ?? 'unknown model'
  const evidence = printable(`${chip} (${model}), ${coresOf(facts)}, macOS ${product} (${build})`)
  const isVirtual = facts.get('kern.hv_vmm_present') === '1' || /^(VirtualMac|VMware)/.test(model)
  return isVirtual
    ? failure(
        'machine',
        `${evidence}, a virtual machine: it has no power meter`,
        'use a Mac that is not virtual (GitHub-hosted runners are); tests run there without energy',
      )
    : ok('machine', `${evidence}, not a virtual machine`)
}

/**
 * Says what machine this is, and whether it can have a meter.
 * @param pathGiven the user names a powermetrics of his own, which is tried on any system
 */
export async function checkMachine(system: Surroundings, pathGiven: boolean): Promise<Check> {
  if (system.platform === 'darwin') return checkMac(system)
  const name = systemNames[system.platform] ?? system.platform
  const [first] = cpus()
  const evidence = printable(
    `${name} ${release()}, ${first?.model.trim() ?? 'unknown chip'}, ${cpus().length} CPUs`,
  )
  return pathGiven
    ? warning(
        'machine',
        `${evidence}: what stands in for powermetrics here invents its joules`,
        null,
      )
    : failure(
        'machine',
        `${evidence}: no Mac, and powermetrics is a part of macOS`,
        'tests run here as before, without energy. To measure, run them on a Mac',
      )
}
