/** The one way powermetrics is called; a sudoers grant spells the same words out. */

/**
 * Sampler lists in the order they are tried; systems that do not know `ane_power` refuse the first
 * with "unrecognized sampler". ANE energy stands in `processor` with either.
 */
export const samplerLists: readonly [string, string] = [
  'cpu_power,gpu_power,ane_power,thermal',
  'cpu_power,gpu_power,thermal',
]

/** Intervals that an installed grant allows, ms. */
export const grantedIntervals = [50, 100, 250, 500, 1000] as const

/**
 * The arguments, in this order and no other: a change breaks every installed grant.
 * `-b 0`: unbuffered, so that the end of a record does not wait for the next one; `-a 0`: no
 * running averages. Never `-o` or `-u`, which write files as root.
 * @param intervalMs whole milliseconds
 * @param samplers one of {@link samplerLists}
 */
export function powermetricsArguments(intervalMs: number, samplers: string): string[] {
  // oxfmt-ignore
  return ['-b', '0', '-a', '0', '-i', String(intervalMs), '-f', 'plist', '--samplers', samplers]
}

export interface CommandChoice {
  path: string
  /** `'auto'`: sudo unless root */
  sudo: 'auto' | boolean
  isRoot: boolean
}

export interface Command {
  file: string
  args: string[]
}

/** Whether sudo is needed for it. */
export const needsSudo = ({ sudo, isRoot }: Omit<CommandChoice, 'path'>): boolean =>
  sudo === 'auto' ? !isRoot : sudo

/** `sudo -n` never asks for a password: it fails instead. */
export function commandFor(choice: CommandChoice, args: string[]): Command {
  const { path } = choice
  return needsSudo(choice) ? { file: 'sudo', args: ['-n', path, ...args] } : { file: path, args }
}
