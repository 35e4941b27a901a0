import { samplerLists } from '../meters/powermetrics/command.ts'
import { pinnedCommand } from './sudoers.ts'
import type { Outcome } from './surroundings.ts'

/** What sudo lets a user do with powermetrics without a password. */
export interface ListedGrants {
  /** intervals whose pinned commands are allowed with each sampler list, ms */
  intervalsMs: number[]
  /** rules that allow powermetrics with other words than the pinned ones, as sudo lists them */
  broad: string[]
  /** every command is allowed */
  everything: boolean
}

interface ListedRule {
  withoutPassword: boolean
  commands: string[]
}

/** `sudo -ll`: one paragraph a rule; commands begin with a tab, wrapped lines with spaces. */
function rulesIn(listing: string): ListedRule[] {
  const paragraphs = listing.split(/^Sudoers entry:.*$/m).slice(1)
  return paragraphs.map((paragraph) => {
    const [head = '', list = ''] = paragraph.split(/^ *Commands:\n/m)
    const commands = list.replace(/\n {2,}(?=\S)/g, ' ').split('\n')
    return {
      withoutPassword: /^ *Options:.*!authenticate/m.test(head),
      commands: commands.filter((line) => line.startsWith('\t')).map((line) => line.trim()),
    }
  })
}

const pinned = (interval: number): string[] =>
  samplerLists.map((samplers) => pinnedCommand(interval, samplers))

/**
 * Reads `sudo -n -ll`.
 * @param path of powermetrics
 */
export function parseGrants({ stdout }: Pick<Outcome, 'stdout'>, path: string): ListedGrants {
  const commands = rulesIn(stdout)
    .filter((rule) => rule.withoutPassword)
    .flatMap((rule) => rule.commands)
  const meter = commands.filter((command) => command.split(' ')[0] === path)
  const asked = new Set(meter.map((command) => Number(/ -i (\d+) /.exec(command)?.[1] ?? 0)))
  const intervalsMs = [...asked].filter((interval) =>
    pinned(interval).every((command) => meter.includes(command)),
  )
  const known = new Set([...asked].flatMap(pinned))
  return {
    intervalsMs: intervalsMs.sort((a, b) => a - b),
    broad: meter.filter((command) => !known.has(command) && !isExact(command)),
    everything: commands.includes('ALL'),
  }
}

const regularExpression = /^\^(?:[^.]|\\\.)*\$$/

/** Somebody's own pinned rule: arguments spelt out, none of which writes a file. */
function isExact(command: string): boolean {
  const words = command.split(' ').slice(1)
  if (regularExpression.test(words.join(' '))) return true
  return words.length > 0 && !words.some((word) => /[*?[]|^\^|^-[ou]|^--output/.test(word))
}
