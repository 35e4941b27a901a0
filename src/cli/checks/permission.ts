import { needsSudo } from '../../meters/powermetrics/command.ts'
import type { MeterOptions } from '../../meters/meter.ts'
import { parseGrants } from '../grants.ts'
import type { ListedGrants } from '../grants.ts'
import { lookIntoFolder } from '../sudoers-folder.ts'
import type { Surroundings } from '../surroundings.ts'
import type { Check } from './check.ts'
import { failure, ok, warning } from './check.ts'

/** Written so that it can be pasted, and so that no name stands in a bug report. */
function withoutName(file: string, name: string): string {
  return file.endsWith(`-${name}`) ? `${file.slice(0, -name.length)}$(whoami)` : file
}

function broadCheck(system: Surroundings, { broad }: ListedGrants): Check[] {
  const { byHand } = lookIntoFolder(system)
  if (broad.length === 0) return []
  const own = byHand.filter((file) => file.endsWith(`-${system.user.name}`))
  const [file] = own.length > 0 ? own : byHand.length === 1 ? byHand : []
  return [
    warning(
      'permission-broad',
      'another rule allows powermetrics with ANY arguments: a root file write (-o)',
      file === undefined
        ? 'find it with `sudo grep -rn powermetrics /etc/sudoers /etc/sudoers.d`, then take it out with visudo'
        : `sudo rm ${withoutName(file, system.user.name)}`,
    ),
  ]
}

function grantCheck(system: Surroundings, grants: ListedGrants, intervalMs: number): Check {
  const { intervalsMs, broad, everything } = grants
  const isPinned = intervalsMs.includes(intervalMs)
  const { hasOurs, state } = lookIntoFolder(system)
  const where = hasOurs && state === 'listed' ? ` ${system.sudoersFile}` : ''
  const list = intervalsMs.join(', ')
  if (isPinned) return ok('permission', `pinned rule${where} for ${list} ms`)
  if (everything) return ok('permission', 'this user may run every command as root')
  if (broad.length > 0) return ok('permission', 'allowed by a rule written by hand')
  if (intervalsMs.length > 0) {
    return failure(
      'permission',
      `the rules allow ${list} ms, not ${intervalMs} ms`,
      `npx vitest-energy setup --interval ${intervalMs}, or set \`interval\` to one of ${list}`,
    )
  }
  return failure(
    'permission',
    'only root may read the power meter, and this user has no rule for it',
    'npx vitest-energy setup',
  )
}

/** Looks at sudo and its rules; asks for no password. */
export async function checkPermission(
  system: Surroundings,
  { intervalMs, path, sudo }: MeterOptions,
): Promise<Check[]> {
  const isRoot = system.user.uid === 0
  if (isRoot && !needsSudo({ sudo, isRoot })) return [ok('permission', 'root: no rule is needed')]
  if (!needsSudo({ sudo, isRoot })) {
    return [warning('permission', 'without sudo, as `powermetrics.sudo` says', null)]
  }
  const version = await system.run('sudo', ['-V'])
  if (version.missing) return [failure('sudo', 'there is no sudo here', 'run as root')]
  const number = /version (\S+)/.exec(version.stdout)?.[1] ?? 'of an unknown version'
  const grants = parseGrants(await system.run('sudo', ['-k', '-n', '-ll']), path)
  return [
    ok('sudo', `sudo ${number}`),
    grantCheck(system, grants, intervalMs),
    ...broadCheck(system, grants),
  ]
}
