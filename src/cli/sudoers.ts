import {
  grantedIntervals,
  powermetricsArguments,
  samplerLists,
} from '../meters/powermetrics/command.ts'
import { defaultPath } from '../options.ts'

/** Raised whenever the granted words change, so that `setup` replaces older files. */
const rulesVersion = 1

/** Who may read the meter, and how finely. */
export interface MeterGrant {
  /** as sudoers writes them: a login name, or `#` and a user id */
  users: readonly string[]
  /** asked lengths of a sample, ms */
  intervalsMs: readonly number[]
}

/** A file found where ours belongs. */
export interface FoundGrant extends MeterGrant {
  /** the version of the rules it was written with; 0 when it does not say */
  version: number
  /** it allows other arguments than the pinned ones */
  broad: boolean
}

const byValue = (a: number, b: number): number => a - b
const plainName = /^[a-z_][a-zA-Z0-9_.-]*$/

/**
 * A user as sudoers(5) reads it without doubt: names with capitals in front would be aliases, others
 * would need quotes, so these are named by their number.
 */
export const sudoersUser = ({ name, uid }: { name: string; uid: number }): string =>
  plainName.test(name) ? name : `#${uid}`

/** The words of the meter as sudoers(5) wants them: `,` `:` `=` and `\` escaped. */
export const pinnedCommand = (intervalMs: number, samplers: string): string =>
  [defaultPath, ...powermetricsArguments(intervalMs, samplers)]
    .map((word) => word.replace(/[,:=\\]/g, String.raw`\$&`))
    .join(' ')

/**
 * Text of the sudoers file: one alias with every allowed command spelt out (no `*`, no regular
 * expression, so that it reads the same on sudo 1.8 and 1.9), one line a user.
 */
export function renderSudoers({ users, intervalsMs }: MeterGrant): string {
  const intervals = [...new Set([...grantedIntervals, ...intervalsMs])].sort(byValue)
  const commands = intervals.flatMap((interval) =>
    samplerLists.map((samplers) => `    ${pinnedCommand(interval, samplers)}`),
  )
  return [
    `# vitest-energy, rules version ${rulesVersion}. Remove with: npx vitest-energy disable`,
    '# The users below may start the power meter as root without a password, with exactly these',
    '# words. Every argument is pinned: a rule for powermetrics alone would let them write any',
    '# file as root (powermetrics -o FILE).',
    `Cmnd_Alias VITEST_ENERGY = \\\n${commands.join(', \\\n')}`,
    '# CI runners have no terminal; signals and output go straight to the meter.',
    'Defaults!VITEST_ENERGY !requiretty, !use_pty',
    ...users.map((user) => `${user} ALL=(root) NOPASSWD: VITEST_ENERGY`),
    '',
  ].join('\n')
}

/** Lines that mean something: continuations joined, comments and blanks left out. */
function statements(text: string): string[] {
  return text
    .replace(/\\\r?\n/g, ' ')
    .split(/\r?\n/)
    .map((line) => line.replace(/\s+/g, ' ').trim())
    .filter((line) => line !== '' && !/^#(?!\d+ )/.test(line))
}

const rule = /^(\S+) ALL ?= ?(?:\([^)]*\) ?)?(?:NOPASSWD ?: ?)?(.+)$/
const aliasOf = /^Cmnd_Alias (\w+) ?= ?(.+)$/
const ours = /^Defaults!VITEST_ENERGY\b/

/** `/a b\,c, /d` → the two commands. */
const commandsIn = (list: string): string[] =>
  list.split(/(?<!\\),/).map((command) => command.trim())

function isPinned(command: string): boolean {
  const interval = Number(/ -i (\d+) /.exec(command)?.[1])
  return samplerLists.some((samplers) => command === pinnedCommand(interval, samplers))
}

/**
 * Reads a sudoers file that grants nothing but powermetrics: ours, an older one of ours, or one
 * written by hand.
 * @returns `null` when it holds anything else, so that nobody's rule is lost
 */
export function parseSudoers(text: string): FoundGrant | null {
  const users: string[] = []
  const commands: string[] = []
  const aliases = new Map<string, string[]>()
  for (const line of statements(text)) {
    const [, alias, aliased] = aliasOf.exec(line) ?? []
    const [, user, list] = rule.exec(line) ?? []
    if (alias !== undefined && aliased !== undefined) aliases.set(alias, commandsIn(aliased))
    else if (user !== undefined && list !== undefined) {
      users.push(user)
      commands.push(...commandsIn(list).flatMap((name) => aliases.get(name) ?? [name]))
    } else if (!ours.test(line)) return null
  }
  if (commands.some((command) => command.split(' ')[0] !== defaultPath)) return null
  const pinned = commands.filter(isPinned)
  return {
    users: [...new Set(users)],
    intervalsMs: [...new Set(pinned.map((command) => Number(/ -i (\d+) /.exec(command)?.[1])))],
    version: Number(/^# vitest-energy, rules version (\d+)/m.exec(text)?.[1] ?? 0),
    broad: pinned.length < commands.length,
  }
}
