import { inspect } from 'node:util'

/**
 * Everything that can be wrong, with the command or the form that mends it.
 * Each code has a section in docs/errors.md.
 */
interface Entry {
  what: string
  mend: string
}

/** What each message is made of. */
interface Catalogue {
  OPTION_UNKNOWN: [name: string, nearest: string | null, known: readonly string[]]
  OPTION_INVALID: [name: string, seen: string, expected: string]
  BUDGET_TEXT: [where: string, seen: string, form: string]
  BUDGET_PER_OP_ON_TEST: [where: string, text: string]
  REPORT_PATH: [path: string, reason: string]
  METER_PATH: [path: string, reason: string]
  JOURNAL_UNREADABLE: [path: string, reason: string]
  CLI_USAGE: [what: string, form: string]
  CLI_TERMINAL: [command: string]
  CLI_FILE: [path: string, reason: string]
  CLI_COMMAND: [command: string, reason: string]
  SUDO_MISSING: []
  SUDO_NOT_ALLOWED: [reason: string]
  SUDO_PASSWORD: [reason: string]
  SETUP_USER: [name: string]
  SETUP_NO_METER: [reason: string, mend: string]
  SETUP_FOREIGN: [path: string]
  SETUP_FOLDER: [path: string, reason: string]
  SETUP_VISUDO: [reason: string]
  SETUP_WRITE: [path: string, reason: string]
  SETUP_INTERRUPTED: []
  SETUP_PROOF: [user: string, reason: string]
  METER_UNREADABLE: [user: string, reason: string]
  METER_NONE: [reason: string, mend: string]
}

const catalogue: { readonly [Code in keyof Catalogue]: (...seen: Catalogue[Code]) => Entry } = {
  OPTION_UNKNOWN: (name, nearest, known) => ({
    what: `unknown option \`${name}\``,
    mend: `${nearest === null ? '' : `did you mean \`${nearest}\`? `}Known here: ${known.join(', ')}`,
  }),
  OPTION_INVALID: (name, seen, expected) => ({
    what: `\`${name}\` is ${seen}`,
    mend: `it must be ${expected}`,
  }),
  BUDGET_TEXT: (where, seen, form) => ({
    what: `${where} is ${seen}, which is no energy budget`,
    mend: `write a number, a space and a unit (J, mJ, µJ, uJ or nJ): ${form}`,
  }),
  BUDGET_PER_OP_ON_TEST: (where, text) => ({
    what: `${where} is \`${text}\`, but a test has no operations`,
    mend: `write the energy of one run of the test: \`${text.replace('/op', '')}\` (\`/op\` is for bench cases)`,
  }),
  REPORT_PATH: (path, reason) => ({
    what: `cannot write the report \`${path}\`: ${reason}`,
    mend: 'give a path in a folder that exists or can be made, relative to the root',
  }),
  METER_PATH: (path, reason) => ({
    what: `\`powermetrics.path\` is \`${path}\`, ${reason}`,
    mend: 'leave it (and VITEST_ENERGY_POWERMETRICS) out, or give the path of an executable file',
  }),
  JOURNAL_UNREADABLE: (path, reason) => ({
    what: `\`${path}\` is no journal of vitest-energy: ${reason}`,
    mend: 'keep one with `report: { journal: true }` and give its path',
  }),
  CLI_USAGE: (what, form) => ({ what, mend: form }),
  CLI_TERMINAL: (command) => ({
    what: `\`${command}\` asks before it changes anything, and there is no terminal to ask in`,
    mend: `look at it first: \`npx vitest-energy setup --print\`, then \`npx vitest-energy ${command} --yes\``,
  }),
  CLI_FILE: (path, reason) => ({
    what: `cannot write \`${path}\`: ${reason}`,
    mend: 'give a path in a folder that exists and that you may write to',
  }),
  CLI_COMMAND: (command, reason) => ({
    what: `\`${command}\` could not be started: ${reason}`,
    mend: 'give a program and its arguments after `--`',
  }),
  SUDO_MISSING: () => ({
    what: 'there is no `sudo` on this system',
    mend: 'run as root, or install sudo',
  }),
  SUDO_NOT_ALLOWED: (reason) => ({
    what: `sudo refused: ${reason}`,
    mend: 'nothing was changed; ask an administrator to run `npx vitest-energy setup --user YOUR_LOGIN_NAME`',
  }),
  SUDO_PASSWORD: (reason) => ({
    what: `sudo refused: ${reason}`,
    mend: 'nothing was changed; run the command again in a terminal, with the password you log in with',
  }),
  SETUP_USER: (name) => ({
    what: `there is no user \`${name}\` here`,
    mend: 'give a login name as `id -un` prints it',
  }),
  SETUP_NO_METER: (reason, mend) => ({ what: `nothing to set up: ${reason}`, mend }),
  SETUP_FOREIGN: (path) => ({
    what: `\`${path}\` holds rules that vitest-energy did not write`,
    mend: 'nothing was changed; move those rules to another file of that folder (`sudo visudo -f FILE`)',
  }),
  SETUP_FOLDER: (path, reason) => ({
    what: `\`${path}\` cannot be used: ${reason}`,
    mend: 'nothing was changed; see that the folder exists and that `sudo visudo` shows an `@includedir` line for it',
  }),
  SETUP_VISUDO: (reason) => ({
    what: reason,
    mend: 'nothing was changed; add the rules by hand: `npx vitest-energy setup --print`',
  }),
  SETUP_WRITE: (path, reason) => ({
    what: `\`${path}\` could not be changed: ${reason}`,
    mend: 'nothing was changed; see that the disk is not read-only or full',
  }),
  SETUP_INTERRUPTED: () => ({
    what: 'broken off',
    mend: 'nothing was changed; run the command again when you like',
  }),
  SETUP_PROOF: (user, reason) => ({
    what: `the rules were in place, but \`${user}\` could not read the meter: ${reason}`,
    mend: 'they were taken back; see `npx vitest-energy doctor`',
  }),
  METER_UNREADABLE: (user, reason) => ({
    what: `the rules are in place, but \`${user}\` could not read the meter: ${reason}`,
    mend: 'see `npx vitest-energy doctor`',
  }),
  METER_NONE: (reason, mend) => ({ what: `nothing can be measured: ${reason}`, mend }),
}

export type EnergyErrorCode = keyof Catalogue

/** A mistake that the user can mend; `code` is stable, the text is not. */
export class EnergyError extends Error {
  // not an own property: Vitest would print it below the message once more
  readonly #code: EnergyErrorCode

  private constructor(code: EnergyErrorCode, what: string, mend: string) {
    super(`${what}\n  ${mend}`)
    this.#code = code
    // where in this tool it was noticed is nothing that the user can mend
    this.stack = `${this.name}: ${this.message}`
  }

  static {
    Object.defineProperty(EnergyError.prototype, 'name', { value: 'EnergyError' })
  }

  get code(): EnergyErrorCode {
    return this.#code
  }

  static of<Code extends EnergyErrorCode>(code: Code, ...seen: Catalogue[Code]): EnergyError {
    const { what, mend } = catalogue[code](...seen)
    return new EnergyError(code, what, mend)
  }
}

/** A value as it should stand in a message: text in backticks, the rest with its type. */
export function quoted(value: unknown): string {
  if (typeof value === 'string') return `\`${value}\``
  if (value === null || value === undefined) return `\`${String(value)}\``
  return `\`${inspect(value)}\` (${typeof value})`
}
