import { parseArgs } from 'node:util'
import type { ParseArgsOptionsConfig } from 'node:util'
import { printable } from '../energy/printable.ts'
import { EnergyError } from '../errors.ts'
import { nearestNames } from '../nearest.ts'
import { help } from './help.ts'
import type { Surroundings } from './surroundings.ts'
import { version } from './version.ts'

type Values = Record<string, string | boolean | undefined>

/** What was written after the name of a command. */
interface Given {
  values: Values
  positionals: string[]
  /** the words after `--` */
  rest: string[]
}

interface Command {
  options: ParseArgsOptionsConfig
  /** names of the positional arguments, all needed */
  positionals?: string[]
  takesRest?: boolean
  run(system: Surroundings, given: Given): Promise<number>
}

const flag = { type: 'boolean', default: false } as const
const yes = { ...flag, short: 'y' } as const
const text = { type: 'string' } as const

const textOf = (values: Values, name: string): string | undefined => {
  const value = values[name]
  return typeof value === 'string' ? value : undefined
}

/** @throws {EnergyError} `CLI_USAGE` */
function intervalOf(values: Values): number | undefined {
  const written = textOf(values, 'interval')
  if (written === undefined) return undefined
  const interval = Number(written)
  if (/^\d+$/.test(written) && interval >= 20 && interval <= 10_000) return interval
  throw EnergyError.of(
    'CLI_USAGE',
    `\`--interval ${printable(written)}\` is no interval`,
    'give whole milliseconds from 20 to 10000: --interval 200',
  )
}

// each command loads what it needs when it is called: `setup` must not wait for the statistics
const commands: Readonly<Record<string, Command>> = {
  setup: {
    options: { print: flag, yes, user: text, interval: text },
    run: async (system, { values }) => {
      const intervalMs = intervalOf(values)
      const { setup } = await import('./setup.ts')
      return setup(system, {
        print: values['print'] === true,
        yes: values['yes'] === true,
        user: textOf(values, 'user'),
        intervalMs,
      })
    },
  },
  disable: {
    options: { yes, user: text, all: flag },
    run: async (system, { values }) => {
      const { disable } = await import('./disable.ts')
      return disable(system, {
        yes: values['yes'] === true,
        user: textOf(values, 'user'),
        all: values['all'] === true,
      })
    },
  },
  doctor: {
    options: { json: flag, interval: text, evidence: text, yes },
    run: async (system, { values }) => {
      const intervalMs = intervalOf(values)
      const file = textOf(values, 'evidence')
      if (file !== undefined) {
        const { writeEvidence } = await import('./evidence.ts')
        return writeEvidence(system, { file, yes: values['yes'] === true })
      }
      const { doctor } = await import('./doctor.ts')
      return doctor(system, { json: values['json'] === true, intervalMs })
    },
  },
  record: {
    options: { output: { ...text, short: 'o' }, raw: flag, interval: text },
    takesRest: true,
    run: async (system, { values, rest }) => {
      const intervalMs = intervalOf(values)
      const { record } = await import('./record.ts')
      return record(system, {
        output: textOf(values, 'output'),
        raw: values['raw'] === true,
        intervalMs,
        command: rest,
      })
    },
  },
  report: {
    options: { json: flag },
    positionals: ['FILE'],
    run: async (system, { values, positionals: [file = ''] }) => {
      const { printReport } = await import('./report.ts')
      printReport(file, system, values['json'] === true)
      return 0
    },
  },
}

const names = Object.keys(commands)

function unknown(what: string, name: string, known: readonly string[], command = ''): EnergyError {
  const [nearest] = nearestNames(name, known)
  const hint = nearest === undefined ? '' : `did you mean \`${nearest}\`? `
  const see = command === '' ? '' : ` ${command}`
  return EnergyError.of(
    'CLI_USAGE',
    `unknown ${what} \`${printable(name)}\``,
    `${hint}See: npx vitest-energy${see} --help`,
  )
}

/** @throws {EnergyError} `CLI_USAGE` */
function parse(name: string, command: Command, words: readonly string[]): Given {
  const split = command.takesRest === true ? words.indexOf('--') : -1
  const rest = split === -1 ? [] : words.slice(split + 1)
  const args = split === -1 ? [...words] : words.slice(0, split)
  const options = { ...command.options, help: { ...flag, short: 'h' } } as ParseArgsOptionsConfig
  try {
    const { values, positionals } = parseArgs({ args, options, allowPositionals: true })
    return { values: values as Values, positionals, rest }
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    const option = /'(-[^' ]*)/.exec(message)?.[1] ?? ''
    const known = Object.keys(options).map((key) => `--${key}`)
    if (code === 'ERR_PARSE_ARGS_UNKNOWN_OPTION') throw unknown('option', option, known, name)
    const [what = ''] = message.split('. ')
    throw EnergyError.of('CLI_USAGE', printable(what), `See: npx vitest-energy ${name} --help`)
  }
}

/** @throws {EnergyError} `CLI_USAGE` */
function checkPositionals(name: string, command: Command, given: readonly string[]): void {
  const wanted = command.positionals ?? []
  if (given.length === wanted.length) return
  const extra = given[wanted.length]
  throw EnergyError.of(
    'CLI_USAGE',
    extra === undefined
      ? `\`${name}\` needs ${wanted.join(' ')}`
      : `\`${name}\` does not take \`${printable(extra)}\``,
    command.takesRest === true
      ? `a command goes after \`--\`: npx vitest-energy ${name} -- ${printable(extra ?? 'COMMAND')}`
      : `See: npx vitest-energy ${name} --help`,
  )
}

async function dispatch(system: Surroundings, words: readonly string[]): Promise<number> {
  const [name, ...after] = words
  if (name === '--version' || name === '-v') {
    system.stdout.write(`${version()}\n`)
    return 0
  }
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    const topic = name === 'help' ? (after[0] ?? '') : ''
    const found = Object.hasOwn(help, topic) ? help[topic] : undefined
    if (found === undefined) throw unknown('command', topic, names)
    ;(name === undefined ? system.stderr : system.stdout).write(found)
    return name === undefined ? 2 : 0
  }
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined
  if (command === undefined) throw unknown('command', name, names)
  const given = parse(name, command, after)
  if (given.values['help'] === true) {
    system.stdout.write(help[name] ?? '')
    return 0
  }
  checkPositionals(name, command, given.positionals)
  return command.run(system, given)
}

const wrongUsage = new Set(['CLI_USAGE', 'CLI_TERMINAL'])

/**
 * Runs a command line.
 * @param words after the program's name
 * @returns exit code: 0 fine, 1 a check failed, 2 wrong usage
 */
export async function main(words: readonly string[], system: Surroundings): Promise<number> {
  try {
    return await dispatch(system, words)
  } catch (error) {
    if (error instanceof EnergyError) {
      system.stderr.write(`vitest-energy: ${error.message}\n`)
      return wrongUsage.has(error.code) ? 2 : 1
    }
    const stack = error instanceof Error ? (error.stack ?? error.message) : String(error)
    system.stderr.write(`vitest-energy: this is a mistake of ours, please report it:\n${stack}\n`)
    return 1
  }
}
