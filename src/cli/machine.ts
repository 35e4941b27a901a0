import type { Surroundings } from './surroundings.ts'

/** @returns the facts that this system knows, by name */
export async function readSysctl(
  system: Surroundings,
  names: readonly string[],
): Promise<Map<string, string>> {
  const { stdout } = await system.run('/usr/sbin/sysctl', names)
  return new Map(
    stdout.split('\n').flatMap((line) => {
      const [, name, value] = /^([^:]+): (.*)$/.exec(line) ?? []
      return name === undefined || value === undefined ? [] : [[name, value.trim()] as const]
    }),
  )
}

/**
 * Asks macOS whether it runs on a hypervisor, which gives its guests no power meter.
 * @returns `false` on other systems, where the question does not arise
 */
export async function isVirtualMachine(system: Surroundings): Promise<boolean> {
  if (system.platform !== 'darwin') return false
  const facts = await readSysctl(system, ['hw.model', 'kern.hv_vmm_present'])
  const isGuest = facts.get('kern.hv_vmm_present') === '1'
  return isGuest || /^(?:VirtualMac|VMware)/.test(facts.get('hw.model') ?? '')
}
