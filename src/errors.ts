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
  OPTION_UNKNOWN: [name: string, known: readonly string[]]
  OPTION_INVALID: [name: string, seen: string, expected: string]
  BUDGET_TEXT: [where: string, seen: string, form: string]
  BUDGET_PER_OP_ON_TEST: [where: string, text: string]
  REPORT_PATH: [path: string, reason: string]
  METER_PATH: [path: string, reason: string]
  JOURNAL_UNREADABLE: [path: string, reason: string]
}

const catalogue: { readonly [Code in keyof Catalogue]: (...seen: Catalogue[Code]) => Entry } = {
  OPTION_UNKNOWN: (name, known) => ({
    what: `unknown option \`${name}\``,
    mend: `known options here: ${known.join(', ')}`,
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
    mend: 'leave the option out, or give the path of an executable file',
  }),
  JOURNAL_UNREADABLE: (path, reason) => ({
    what: `\`${path}\` is no journal of vitest-energy: ${reason}`,
    mend: 'keep one with `report: { journal: true }` and give its path',
  }),
}

export type EnergyErrorCode = keyof Catalogue

/** A mistake that the user can mend; `code` is stable, the text is not. */
export class EnergyError extends Error {
  override readonly name = 'EnergyError'
  readonly code: EnergyErrorCode

  private constructor(code: EnergyErrorCode, what: string, mend: string, options?: ErrorOptions) {
    super(`${what}\n  ${mend}`, options)
    this.code = code
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
  if (typeof value === 'object') return `\`${JSON.stringify(value)}\` (object)`
  return `\`${String(value)}\` (${typeof value})`
}
