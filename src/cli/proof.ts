import { powermetricsArguments, samplerLists } from '../meters/powermetrics/command.ts'
import { defaultPath } from '../options.ts'
import type { Command } from '../meters/powermetrics/command.ts'
import { sampleRaw } from './sampling.ts'
import type { RawSampling } from './sampling.ts'
import type { Surroundings } from './surroundings.ts'

export interface Person {
  name: string
  uid: number
}

/** What a proof found: `null` in `problem` when the meter can be read. */
export interface Proof {
  problem: string | null
  sampling: RawSampling | null
}

/** Takes the part of `person`: nothing for oneself, else through sudo as root or an administrator. */
function actingAs(system: Surroundings, person: Person): string[] {
  if (person.uid === system.user.uid) return []
  const never = system.interactive && system.user.uid !== 0 ? [] : ['-n']
  return ['sudo', ...never, '-u', `#${person.uid}`, '--']
}

/** `-k`: a password that was typed a minute ago does not count. */
function commandOf(before: readonly string[], options: readonly string[], args: string[]): Command {
  const [file = 'sudo', ...rest] = [...before, 'sudo', '-k', '-n', ...options, defaultPath, ...args]
  return { file, args: rest }
}

const lastLine = (text: string): string => text.trim().split('\n').at(-1) ?? ''

/**
 * Shows that a user may read the meter without a password: asks sudo for the exact command, then
 * takes two records with it.
 */
export async function prove(
  system: Surroundings,
  person: Person,
  intervalMs: number,
): Promise<Proof> {
  const before = actingAs(system, person)
  for (const samplers of samplerLists) {
    const words = powermetricsArguments(intervalMs, samplers)
    const asked = commandOf(before, ['-l'], words)
    const listed = await system.run(asked.file, asked.args)
    if (listed.code !== 0) {
      return { problem: `sudo does not allow it${said(listed.stderr)}`, sampling: null }
    }
    const sampling = await sampleRaw(commandOf(before, [], words), {
      records: 2,
      timeoutMs: 5000 + 3 * intervalMs,
    })
    if (/unrecognized sampler/.test(sampling.stderr)) continue
    return { problem: problemOf(sampling), sampling }
  }
  return { problem: 'powermetrics knows none of the samplers', sampling: null }
}

const said = (stderr: string): string => (stderr.trim() === '' ? '' : ` (${lastLine(stderr)})`)

function problemOf({ records, stderr }: RawSampling): string | null {
  if (records.length < 2) {
    return `${records.length} of 2 records came within 5 s${said(stderr)}`
  }
  return /<key>(?:cpu_energy|package_joules|package_watts)<\/key>/.test(records.at(-1)?.text ?? '')
    ? null
    : 'its records hold no energy, as in a virtual machine'
}
