import { basename } from 'node:path'
import { printable } from '../../energy/printable.ts'
import type { Surroundings } from '../surroundings.ts'
import type { Check } from './check.ts'
import { ok, warning } from './check.ts'

export interface RunningProgram {
  pid: number
  /** of one core, percent */
  cpu: number
  /** without its folder */
  name: string
}

/** @returns what runs, busiest first; empty where `ps` is missing */
export async function listPrograms(system: Surroundings): Promise<RunningProgram[]> {
  const { stdout } = await system.run('ps', ['-A', '-o', 'pid=', '-o', 'pcpu=', '-o', 'comm='])
  return stdout
    .split('\n')
    .flatMap((line) => {
      const [, pid, cpu, name] = /^\s*(\d+)\s+([\d.,]+)\s+(.+)$/.exec(line) ?? []
      if (name === undefined) return []
      const program = printable(basename(name.trim()))
      return [{ pid: Number(pid), cpu: Number(cpu?.replace(',', '.')), name: program }]
    })
    .sort((a, b) => b.cpu - a.cpu)
}

const agents =
  /^(Runner\.(Listener|Worker)|buildkite-agent|gitlab-runner|cirrus|tart|orka|actions-runner|TeamCity)/

/** Looks for what would share the meter or the machine with a run. Call it before our own meter starts. */
export function checkNeighbours(
  { env }: Pick<Surroundings, 'env'>,
  programs: readonly RunningProgram[],
): Check[] {
  const found: Check[] = []
  const meters = programs.filter(({ name }) => name === 'powermetrics').length
  if (meters > 0) {
    const mend = 'sudo killall powermetrics, if nobody needs it'
    found.push(
      warning(
        'other-meter',
        `powermetrics is running already (${meters}): its work is measured too`,
        mend,
      ),
    )
  }
  const agent = programs.find(({ name }) => agents.test(name))
  if (agent !== undefined && env['CI'] === undefined) {
    const mend = 'stop it, or give it no job, while you measure'
    found.push(
      warning('runner', `a CI agent is running (${agent.name}): a job of it would disturb`, mend),
    )
  }
  return found.length === 0 ? [ok('neighbours', 'no other powermetrics, no idle CI agent')] : found
}

/** What is known to keep a Mac busy, and what ends it. */
const causes: readonly (readonly [name: RegExp, what: string, mend: string])[] = [
  [
    /^(mds|mds_stores|mdworker.*|mdbulkimport|corespotlightd)$/,
    'Spotlight',
    'wait, or turn indexing off on this runner: sudo mdutil -a -i off',
  ],
  [/^backupd/, 'Time Machine', 'wait, or: sudo tmutil disable'],
  [/^(softwareupdated|softwareupdate_.*|installd)$/, 'a system update', 'wait until it is through'],
  [
    /^(photoanalysisd|photolibraryd|mediaanalysisd)$/,
    'Photos',
    'wait, it works while the Mac is not used',
  ],
  [/^(bird|cloudd|fileproviderd)$/, 'iCloud', 'wait until it is through'],
  [/^(XProtect.*|syspolicyd|trustd)$/, 'a security scan', 'wait until it is through'],
]

/** Says who keeps the machine busy. */
export function busiest(programs: readonly RunningProgram[]): { who: string; mend: string } {
  const program = programs.find(
    ({ pid, name }) => pid !== process.pid && name !== 'powermetrics' && name !== 'ps',
  )
  if (program === undefined || program.cpu < 5)
    return { who: 'no program alone', mend: 'close what is not needed' }
  const [, what, mend] = causes.find(([name]) => name.test(program.name)) ?? []
  const known = what === undefined ? '' : ` (${what})`
  const share = `${Math.round(program.cpu)} % of a core`
  return { who: `${program.name} uses ${share}${known}`, mend: mend ?? 'close it, or wait' }
}
