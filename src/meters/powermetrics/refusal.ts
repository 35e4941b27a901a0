import type { MeterProblem } from '../meter.ts'
import { grantedIntervals } from './command.ts'

/** How a meter process ended. */
export interface Ending {
  /** why it could not be started, such as `ENOENT`; `null` when it was */
  code: string | null
  exitCode: number | null
  signal: string | null
  /** the last words on stderr */
  stderr: string
}

/** What was started, for the words of a refusal. */
export interface Attempt {
  path: string
  intervalMs: number
  viaSudo: boolean
}

const setup = 'npx vitest-energy setup'

/** Without root, sudo or a grant. */
export const onlyRoot = 'only root may read the power meter on macOS'

/**
 * A guest has no power counters: powermetrics starts there and leaves `processor` or its energies
 * out (asitop issue 28; VMware guests likewise).
 */
export const virtualMachine: MeterProblem = {
  state: 'virtual-machine',
  reason: 'this Mac is a virtual machine and has no power meter (GitHub-hosted runners are VMs)',
  mend: 'run on a real Mac, your own or a rented whole machine',
}

/** A guest whose model does not say so gives records without energy (asitop issue 28). */
export const withoutEnergy: MeterProblem = {
  ...virtualMachine,
  reason: 'powermetrics gives no energy here, as in a virtual machine',
}

/** powermetrics names the first sampler that it does not know (macOS 13: asitop issue 53). */
export const refusesSampler = ({ stderr }: Ending): boolean =>
  stderr.includes('unrecognized sampler')

/** Why a meter that ended before its first record will not measure. */
export function refusalOf(ending: Ending, attempt: Attempt): MeterProblem {
  const { code, stderr } = ending
  if (code !== null) return notStarted(code, attempt)
  if (stderr.includes('must be invoked as the superuser')) {
    return { state: 'not-permitted', reason: onlyRoot, mend: setup }
  }
  if (attempt.viaSudo) {
    const words = wordsOfSudo(stderr)
    if (words?.endsWith('command not found') === true) return missing(attempt.path)
    if (words !== undefined) return refusedBySudo(words, attempt.intervalMs)
  }
  return {
    state: 'died',
    reason: `powermetrics ended before its first record (${endOf(ending)})`,
    mend: 'npx vitest-energy doctor',
  }
}

/** `exit code 1: last line of stderr`. */
export function endOf({ exitCode, signal, stderr }: Ending): string {
  const how = signal ?? `exit code ${exitCode ?? 'unknown'}`
  const words = stderr.trim().split('\n').at(-1)?.trim() ?? ''
  return words === '' ? how : `${how}: ${words}`
}

function notStarted(code: string, { path, viaSudo }: Attempt): MeterProblem {
  if (viaSudo) {
    const reason = code === 'ENOENT' ? 'there is no sudo here' : `sudo cannot be started (${code})`
    return { state: 'not-permitted', reason: `${onlyRoot}, and ${reason}`, mend: 'run as root' }
  }
  return code === 'ENOENT'
    ? missing(path)
    : { ...missing(path), reason: `\`${path}\` cannot be started (${code})` }
}

/** No such program. */
export const missing = (path: string): MeterProblem => ({
  state: 'missing',
  reason: `there is no \`${path}\``,
  mend: null,
})

/** Its last line, or that of its policy; a warning about the host's name is none. */
function wordsOfSudo(stderr: string): string | undefined {
  return stderr
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => !line.includes('unable to resolve host'))
    .findLast((line) => /^sudo: |^Sorry, user |is not in the sudoers file/.test(line))
}

function refusedBySudo(words: string, intervalMs: number): MeterProblem {
  const isGranted = grantedIntervals.some((interval) => interval === intervalMs)
  const granted = grantedIntervals.join(', ')
  const plain = words.includes('a password is required')
  return {
    state: 'not-permitted',
    reason: plain ? onlyRoot : `${onlyRoot} (${words.replace(/\.$/, '')})`,
    mend: isGranted ? setup : `${setup} --interval ${intervalMs}, or use ${granted} ms`,
  }
}
