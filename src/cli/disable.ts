import { EnergyError } from '../errors.ts'
import { powermetricsArguments, samplerLists } from '../meters/powermetrics/command.ts'
import { defaultPath } from '../options.ts'
import { parseGrants } from './grants.ts'
import { installSudoers, readSudoers, removeSudoers } from './privileged.ts'
import { lookIntoFolder } from './sudoers-folder.ts'
import { parseSudoers, renderSudoers } from './sudoers.ts'
import type { FoundGrant } from './sudoers.ts'
import type { Surroundings } from './surroundings.ts'

export interface DisableOptions {
  yes: boolean
  /** take only this user out of the rules */
  user: string | undefined
  /** also the files `powermetrics-*` that were written by hand */
  all: boolean
}

/** Files of the folder that `--all` may remove: they allow powermetrics and nothing else. */
async function removableByHand(system: Surroundings): Promise<string[]> {
  const files: string[] = []
  for (const file of lookIntoFolder(system).byHand) {
    const text = await readSudoers(system, file)
    if (text !== null && parseSudoers(text) !== null) files.push(file)
  }
  return files
}

/** What our file allows. @throws {EnergyError} `SETUP_FOREIGN` when somebody put other rules into it */
async function readOurs(system: Surroundings): Promise<FoundGrant | null> {
  const text = await readSudoers(system, system.sudoersFile)
  if (text === null) return null
  const found = parseSudoers(text)
  if (found === null) throw EnergyError.of('SETUP_FOREIGN', system.sudoersFile)
  return found
}

/** Takes one user out, and the file with the last one. */
async function removeUser(system: Surroundings, name: string): Promise<number> {
  const found = await readOurs(system)
  const { code, stdout: uid } = await system.run('id', ['-u', '--', name])
  const users = found?.users.filter((user) => user !== name && !(code === 0 && user === `#${uid}`))
  if (found === null || users?.length === found.users.length) {
    system.stdout.write(`Nothing to remove: ${name} is not in ${system.sudoersFile}\n`)
    return 0
  }
  if (users === undefined || users.length === 0) {
    await removeSudoers(system, [system.sudoersFile])
    return proveGone(system)
  }
  await installSudoers(system, renderSudoers({ users, intervalsMs: found.intervalsMs }))
  system.stdout.write(`✓ ${name} may no longer read the meter; others in the file still may.\n`)
  return 0
}

/** Asks sudo what is left. @returns exit code */
async function proveGone(system: Surroundings): Promise<number> {
  const { stdout, user, sudoersFile } = system
  if (user.uid === 0) {
    stdout.write(`✓ ${sudoersFile} is gone. (You are root, who needs no rule.)\n`)
    return 0
  }
  const args = powermetricsArguments(100, samplerLists[0])
  const left = parseGrants(await system.run('sudo', ['-k', '-n', '-ll']), defaultPath)
  const allowed = await system.run('sudo', ['-k', '-n', '-l', defaultPath, ...args])
  if (left.everything || (allowed.code !== 0 && left.broad.length === 0)) {
    const why = left.everything ? ', but other rules let you run any command as root' : ''
    stdout.write(`✓ the rules are gone${why}. Tests run on without energy.\n`)
    return 0
  }
  const files = lookIntoFolder(system).byHand
  const where = files.length === 0 ? 'another file of sudo' : files.join(', ')
  stdout.write(`! sudo still lets you run powermetrics without a password, by ${where}\n`)
  if (files.length > 0) stdout.write('  to remove that too:  npx vitest-energy disable --all\n')
  return 1
}

/**
 * Takes the permission back.
 * @returns exit code: 1 when another rule still allows it
 * @throws {EnergyError} `CLI_TERMINAL`, `SUDO_*`, `SETUP_*`
 */
export async function disable(system: Surroundings, options: DisableOptions): Promise<number> {
  const { sudoersFile: ours } = system
  const { hasOurs, byHand } = lookIntoFolder(system)
  const files = [...(hasOurs ? [ours] : []), ...(options.all ? byHand : [])]
  if (files.length === 0) {
    system.stdout.write(`Nothing to remove: there is no ${ours}\n`)
    return system.platform === 'win32' ? 0 : proveGone(system)
  }
  if (!options.yes && !system.interactive) throw EnergyError.of('CLI_TERMINAL', 'disable')
  const what = options.user === undefined ? files.join(' and ') : `${options.user} in ${ours}`
  if (!options.yes && !(await system.ask(`Remove ${what}? [y/N] `))) {
    system.stdout.write('Nothing was changed.\n')
    return 1
  }
  if (options.user !== undefined) return removeUser(system, options.user)
  const remove = (await readOurs(system)) === null ? [] : [ours]
  await removeSudoers(system, [...remove, ...(options.all ? await removableByHand(system) : [])])
  return proveGone(system)
}
