import { existsSync } from 'node:fs'
import { EnergyError } from '../errors.ts'
import { grantedIntervals } from '../meters/powermetrics/command.ts'
import { defaultPath } from '../options.ts'
import { parseGrants } from './grants.ts'
import { isVirtualMachine } from './machine.ts'
import { installSudoers, readSudoers, removeSudoers } from './privileged.ts'
import { prove } from './proof.ts'
import type { Person } from './proof.ts'
import { parseSudoers, renderSudoers, sudoersUser } from './sudoers.ts'
import { lookIntoFolder } from './sudoers-folder.ts'
import type { MeterGrant } from './sudoers.ts'
import type { Surroundings } from './surroundings.ts'

export interface SetupOptions {
  /** print the file and the steps to install it by hand; change nothing */
  print: boolean
  yes: boolean
  /** whom to allow; `undefined`: who calls */
  user: string | undefined
  /** one more interval, ms */
  intervalMs: number | undefined
}

/** Whom `name` means. */
async function personOf(system: Surroundings, name: string | undefined): Promise<Person> {
  // `sudo npx vitest-energy setup` is meant for whoever typed it
  const caller = system.user.uid === 0 ? system.env['SUDO_USER'] || undefined : undefined
  const asked = name ?? caller
  if (asked === undefined || asked === system.user.name) return system.user
  const { code, stdout } = await system.run('id', ['-u', '--', asked])
  if (code !== 0) throw EnergyError.of('SETUP_USER', asked)
  return { name: asked, uid: Number(stdout) }
}

function print(system: Surroundings, grant: MeterGrant): number {
  system.stdout.write(renderSudoers(grant))
  const forRoot = grant.users.includes('root') ? '\n(root needs no rule: add --user NAME)\n' : ''
  system.stderr.write(`${forRoot}
To install it by hand:
  1. npx vitest-energy setup --print > /tmp/vitest-energy-rules
  2. visudo -cf /tmp/vitest-energy-rules
  3. sudo install -o root -g 0 -m 0440 /tmp/vitest-energy-rules ${system.sudoersFile}
  4. npx vitest-energy doctor
`)
  return 0
}

async function requireMeter(system: Surroundings): Promise<void> {
  if (!existsSync(defaultPath)) {
    throw EnergyError.of(
      'SETUP_NO_METER',
      `there is no ${defaultPath} here, it is part of macOS`,
      'tests run without energy on this system; to measure, use a Mac',
    )
  }
  if (await isVirtualMachine(system)) {
    throw EnergyError.of(
      'SETUP_NO_METER',
      'this Mac is a virtual machine and has no power meter',
      'use a Mac of your own or a bare-metal Mac runner',
    )
  }
}

/** What stands in the file now; `null` when there is none. */
async function presentText(system: Surroundings): Promise<string | null> {
  const { sudoersFile: file, stdout } = system
  const { state, hasOurs } = lookIntoFolder(system)
  if (state === 'missing') throw EnergyError.of('SETUP_FOLDER', file, 'the folder is missing')
  if (!hasOurs) return null
  stdout.write(`Reading the rules that are there: ${file}\n`)
  return readSudoers(system, file)
}

/** @returns `true` when nothing has to be written for oneself, told without a password */
async function isGranted(system: Surroundings, person: Person, wanted: number[]): Promise<boolean> {
  if (person.uid !== system.user.uid) return false
  const listing = await system.run('sudo', ['-k', '-n', '-ll'])
  const { intervalsMs, broad } = parseGrants(listing, defaultPath)
  const isClean = broad.length === 0 || lookIntoFolder(system).byHand.length > 0
  return isClean && wanted.every((interval) => intervalsMs.includes(interval))
}

const indented = (text: string): string => text.replace(/^(?=.)/gm, '  ')

/** Writes `grant` beside what is there. @returns the earlier text, so that it can be put back */
async function write(
  system: Surroundings,
  grant: MeterGrant,
  yes: boolean,
): Promise<{ before: string | null } | 'unchanged' | 'declined'> {
  const before = await presentText(system)
  const found = before === null ? null : parseSudoers(before)
  if (before !== null && found === null) throw EnergyError.of('SETUP_FOREIGN', system.sudoersFile)
  const text = renderSudoers({
    users: [...new Set([...(found?.users ?? []), ...grant.users])],
    intervalsMs: [...(found?.intervalsMs ?? []), ...grant.intervalsMs],
  })
  if (text === before) return 'unchanged'
  const { stdout } = system
  stdout.write(`\nmacOS lets only root read the power meter. This file allows exactly the commands that
vitest-energy uses, without a password; everything else stays as it is.\n\n`)
  stdout.write(`  ${system.sudoersFile}\n\n${indented(text)}\n`)
  if (found?.broad === true) {
    stdout.write('It replaces a rule that allowed powermetrics with any arguments.\n')
  }
  if (!yes && !(await system.ask('Write this file? sudo may ask for your password. [y/N] '))) {
    return 'declined'
  }
  await installSudoers(system, text)
  return { before }
}

async function takeBack(system: Surroundings, before: string | null): Promise<void> {
  if (before === null) await removeSudoers(system, [system.sudoersFile])
  else await installSudoers(system, before)
}

function pointOutOthers(system: Surroundings): void {
  for (const file of lookIntoFolder(system).byHand) {
    system.stdout
      .write(`! ${file} was written by hand and left alone. If it allows powermetrics with any
  arguments, that user can write any file as root. It is not needed:  sudo rm ${file}\n`)
  }
}

/**
 * Allows a user to read the meter.
 * @returns exit code
 * @throws {EnergyError} `CLI_TERMINAL`, `SETUP_*`, `SUDO_*`; the system is then as it was
 */
export async function setup(system: Surroundings, options: SetupOptions): Promise<number> {
  const extra = options.intervalMs === undefined ? [] : [options.intervalMs]
  if (!options.print && !options.yes && !system.interactive) {
    throw EnergyError.of('CLI_TERMINAL', 'setup')
  }
  const person = await personOf(system, options.user)
  const grant = { users: [sudoersUser(person)], intervalsMs: extra }
  if (options.print) return print(system, grant)
  await requireMeter(system)
  if (person.uid === 0) {
    system.stdout.write('root may read the meter already. For another user: setup --user NAME\n')
    return 0
  }
  const isDone = await isGranted(system, person, [...grantedIntervals, ...extra])
  const written = isDone ? 'unchanged' : await write(system, grant, options.yes)
  if (written === 'declined') {
    system.stdout.write('Nothing was changed.\n')
    return 1
  }
  if (written === 'unchanged') system.stdout.write('The rules are in place, nothing to change.\n')
  const { problem, sampling } = await prove(system, person, options.intervalMs ?? 100)
  if (problem !== null) {
    if (written !== 'unchanged') await takeBack(system, written.before)
    throw EnergyError.of(
      written === 'unchanged' ? 'METER_UNREADABLE' : 'SETUP_PROOF',
      person.name,
      problem,
    )
  }
  const lengthsMs = sampling?.records.map(elapsedMs).join(' and ')
  system.stdout
    .write(`✓ ${person.name} may read the meter: 2 records of ${lengthsMs} ms, no password.
  Next: add energy() to the plugins of vitest.config.ts. To take this back: npx vitest-energy disable\n`)
  pointOutOthers(system)
  return 0
}

const elapsedMs = ({ text }: { text: string }): number =>
  Math.round(Number(/<key>elapsed_ns<\/key>\s*<integer>(\d+)/.exec(text)?.[1] ?? NaN) / 1e6)
