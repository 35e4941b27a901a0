import { EnergyError } from '../errors.ts'
import type { Outcome, Surroundings } from './surroundings.ts'

/** Exit codes of {@link installScript}; sudo's own failures are 1. */
const exits = { folder: 71, visudo: 72, refused: 73, write: 74, interrupted: 75, ignored: 76 }

/**
 * Puts the text on stdin in place of the sudoers file `$1`, or leaves everything as it was. The copy
 * that is checked lies beside the folder, where sudo does not look, on the same disk, so that the
 * move is one step. What sudo reads in the end is asked of `visudo -c`.
 */
const installScript = `
set -u
PATH=/usr/bin:/bin:/usr/sbin:/sbin; export PATH; umask 077
target=$1 staged= kept= moved= folder=$(dirname "$1")
undo() {
  [ -z "$moved" ] || { [ -s "$kept" ] && mv -f "$kept" "$target" || rm -f "$target"; }
  [ -z "$staged" ] || rm -f "$staged" "$kept"
}
trap undo EXIT
trap 'exit ${exits.interrupted}' HUP INT TERM
[ -d "$folder" ] || { echo "there is no folder $folder"; exit ${exits.folder}; } >&2
command -v visudo >/dev/null || exit ${exits.visudo}
staged=$(mktemp "$(dirname "$folder")/.vitest-energy.XXXXXX") || exit ${exits.write}
kept=$staged.was
cat >"$staged" && chown 0:0 "$staged" && chmod 0440 "$staged" || exit ${exits.write}
visudo -cf "$staged" >&2 || exit ${exits.refused}
[ ! -f "$target" ] || cp -p "$target" "$kept" || exit ${exits.write}
moved=yes
mv -f "$staged" "$target" || exit ${exits.write}
visudo -c 2>&1 | grep -q "/$(basename "$folder")/$(basename "$target"):" || exit ${exits.ignored}
moved=
`

const removeScript = 'PATH=/usr/bin:/bin; export PATH; for f; do rm -f -- "$f" || exit 74; done'

const wait = (): void => {}

/** Runs a program as root: itself when we are root, else through `sudo`, which may ask in a terminal. */
export async function asRoot(
  system: Surroundings,
  command: readonly [file: string, ...args: string[]],
  input?: string,
): Promise<Outcome> {
  const [file, ...args] = command
  const options = { attended: system.interactive, ...(input === undefined ? {} : { input }) }
  if (system.user.uid === 0) return system.run(file, args, options)
  const never = system.interactive ? [] : ['-n']
  // Ctrl-C reaches sudo and its command by the terminal: they tidy up, and we wait for them
  process.on('SIGINT', wait)
  try {
    return await system.run('sudo', [...never, '--', file, ...args], options)
  } finally {
    process.off('SIGINT', wait)
  }
}

const lastLine = (text: string): string => text.trim().split('\n').at(-1)?.trim() ?? ''

/**
 * What sudo itself had against it.
 * @returns `null` when it was not sudo that refused
 */
export function sudoRefusal(outcome: Outcome): EnergyError | null {
  const { code, stderr, missing } = outcome
  if (missing) return EnergyError.of('SUDO_MISSING')
  if (/not in the sudoers file|not allowed to|may not run sudo/.test(stderr)) {
    return EnergyError.of('SUDO_NOT_ALLOWED', lastLine(stderr))
  }
  if (/incorrect password|no password was provided|Authentication failure/.test(stderr)) {
    return EnergyError.of('SUDO_PASSWORD', lastLine(stderr))
  }
  if (/password is required|terminal is required/.test(stderr)) {
    return EnergyError.of(
      'SUDO_PASSWORD',
      'sudo needs a password, and there is no terminal to ask in',
    )
  }
  if (code === null) return EnergyError.of('SETUP_INTERRUPTED')
  return code === 1 ? EnergyError.of('SUDO_NOT_ALLOWED', lastLine(stderr) || 'sudo gave up') : null
}

function installError(file: string, outcome: Outcome): EnergyError {
  const said = lastLine(outcome.stderr)
  switch (outcome.code) {
    case exits.folder:
      return EnergyError.of('SETUP_FOLDER', file, said)
    case exits.ignored:
      return EnergyError.of('SETUP_FOLDER', file, 'sudo does not read that folder')
    case exits.visudo:
      return EnergyError.of('SETUP_VISUDO', 'visudo is missing, so the rules could not be checked')
    case exits.refused:
      return EnergyError.of('SETUP_VISUDO', `visudo refused the rules: ${said}`)
    case exits.write:
      return EnergyError.of('SETUP_WRITE', file, said)
    default:
      return sudoRefusal(outcome) ?? EnergyError.of('SETUP_INTERRUPTED')
  }
}

/**
 * Installs `text` as the sudoers file.
 * @throws {EnergyError} `SUDO_*`, `SETUP_*`; the system is then as it was
 */
export async function installSudoers(system: Surroundings, text: string): Promise<void> {
  const command = ['/bin/sh', '-c', installScript, 'vitest-energy', system.sudoersFile] as const
  const outcome = await asRoot(system, [...command], text)
  if (outcome.code === 0) return
  throw installError(system.sudoersFile, outcome)
}

/**
 * Removes files in the sudoers folder.
 * @throws {EnergyError} `SUDO_*`, `SETUP_WRITE`
 */
export async function removeSudoers(system: Surroundings, files: readonly string[]): Promise<void> {
  const outcome = await asRoot(system, ['/bin/sh', '-c', removeScript, 'vitest-energy', ...files])
  if (outcome.code === 0) return
  if (outcome.code === 74) {
    throw EnergyError.of('SETUP_WRITE', files.join(', '), lastLine(outcome.stderr))
  }
  throw sudoRefusal(outcome) ?? EnergyError.of('SETUP_INTERRUPTED')
}

/**
 * Reads a file of the sudoers folder, which only root may.
 * @returns `null` when there is none
 * @throws {EnergyError} `SUDO_*`
 */
export async function readSudoers(system: Surroundings, file: string): Promise<string | null> {
  const script = '[ ! -f "$1" ] && exit 70; exec /bin/cat "$1"'
  const outcome = await asRoot(system, ['/bin/sh', '-c', script, 'vitest-energy', file])
  if (outcome.code === 0) return `${outcome.stdout}\n`
  if (outcome.code === 70) return null
  throw sudoRefusal(outcome) ?? EnergyError.of('SETUP_INTERRUPTED')
}
