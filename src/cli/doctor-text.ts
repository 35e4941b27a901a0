import pc from 'picocolors'
import { printable } from '../energy/printable.ts'
import { formatDuration, formatSignificant, milliseconds } from '../units.ts'
import type { Check } from './checks/check.ts'
import type { Fineness } from './checks/trial.ts'
import type { SamplerCost } from './sampler-cost.ts'

/** What `doctor` found. */
export interface Diagnosis {
  schema: 'vitest-energy-doctor/1'
  version: string
  /** a run here would measure */
  available: boolean
  /** the last sentence */
  summary: string
  /** shortest test with a figure of its own, ms; `null` when nothing is measured */
  shortestTestMs: number | null
  /** half-width of a bench's interval, part of the value; `null` likewise */
  benchPrecision: number | null
  /** what reading the meter costs at the asked interval; `null` when it could not be told */
  samplerCost: SamplerCost | null
  checks: Check[]
}

const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`

/**
 * One sentence: would a run here measure, and how finely.
 * @param fineness `null` when it cannot be told
 */
export function summarise(
  checks: readonly Check[],
  available: boolean,
  fineness: Fineness | null,
): string {
  const failures = checks.filter(({ state }) => state === 'failure').length
  if (!available) {
    return `A run here would not measure (${counted(failures, 'check')} failed). Tests run as before, without energy.`
  }
  const warnings = checks.filter(({ state }) => state === 'warning').length
  const how = warnings === 0 ? '' : `, but coarsely (${counted(warnings, 'warning')})`
  if (fineness === null) return `A run here would measure${how}. How finely cannot be told today`
  const tests = formatDuration(milliseconds(roundUp(fineness.testMs)))
  const bench = formatSignificant(100 * fineness.bench, fineness.bench < 0.1 ? 1 : 2)
  return `A run here would measure${how}. Today: tests from ${tests}, benches ±${bench} %`
}

/** Two digits: more would promise too much. */
function roundUp(value: number): number {
  const step = 10 ** (Math.floor(Math.log10(value)) - 1)
  return Math.ceil(value / step) * step
}

/** Breaks a text between words. */
function wrap(text: string, width: number): string[] {
  const lines = ['']
  for (const word of text.split(' ')) {
    const line = lines.at(-1) ?? ''
    if (line === '') lines[lines.length - 1] = word
    else if (line.length + 1 + word.length <= width) lines[lines.length - 1] = `${line} ${word}`
    else lines.push(word)
  }
  return lines
}

/** The text of `doctor`: a mark, what was looked at, what was seen, and below it what helps. */
export function renderDiagnosis(
  { checks, summary }: Diagnosis,
  { color, width }: { color: boolean; width: number },
): string {
  const colors = pc.createColors(color)
  const marks = {
    ok: colors.green('✓'),
    warning: colors.yellow('!'),
    failure: colors.red('✗'),
    skipped: colors.dim('–'),
  }
  const column = Math.max(...checks.map(({ id }) => id.length)) + 2
  const indent = ' '.repeat(3 + column)
  const room = Math.max(40, Math.min(width, 100) - indent.length)
  const lines = checks.flatMap(({ id, state, evidence, mend }) => {
    const [first = '', ...rest] = wrap(printable(evidence), room)
    return [
      ` ${marks[state]} ${id.padEnd(column)}${first}`,
      ...rest.map((line) => indent + line),
      // a command must stay on one line, so that it can be copied
      ...(mend === null ? [] : [indent + colors.cyan(printable(mend))]),
    ]
  })
  return `${lines.join('\n')}\n${summary}\n`
}
