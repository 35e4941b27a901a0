import { basename } from 'node:path'
import { printable } from './energy/printable.ts'

export interface RunningProgram {
  pid: number
  parent: number
  /** of one core, percent */
  cpu: number
  /** without its folder, escaped */
  name: string
}

type Run = (file: string, args: string[]) => Promise<{ stdout: string }>

const columns = ['pid=', 'ppid=', 'pcpu=', 'comm='].flatMap((name) => ['-o', name])

/** @returns what runs, busiest first; empty where `ps` is missing */
export async function listPrograms(run: Run): Promise<RunningProgram[]> {
  const { stdout } = await run('ps', ['-A', ...columns])
  return stdout
    .split('\n')
    .flatMap((line) => {
      const [, pid, parent, cpu, name] = /^\s*(\d+)\s+(\d+)\s+([\d.,]+)\s+(.+)$/.exec(line) ?? []
      if (name === undefined) return []
      const program = printable(basename(name.trim()))
      const share = Number(cpu?.replace(',', '.'))
      return [{ pid: Number(pid), parent: Number(parent), cpu: share, name: program }]
    })
    .sort((a, b) => b.cpu - a.cpu)
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
    ({ pid, parent, name }) =>
      pid !== process.pid && parent !== process.pid && name !== 'powermetrics' && name !== 'ps',
  )
  if (program === undefined || program.cpu < 5)
    return { who: 'no single program stands out', mend: 'close what is not needed' }
  const [, what, mend] = causes.find(([name]) => name.test(program.name)) ?? []
  const known = what === undefined ? '' : ` (${what})`
  const share = `${Math.round(program.cpu)} % of a core`
  return { who: `${program.name} uses ${share}${known}`, mend: mend ?? 'close it, or wait' }
}
