import { columnScale, formatSignificant, limitTextAbove } from '../units.ts'
import type { Scale } from '../units.ts'
import { printable } from './printable.ts'
import type { BudgetResult, FigureState } from './result.ts'

/** A judged budget and what it was judged by; all joules, per operation for a `case`. */
export interface BudgetFacts {
  kind: 'test' | 'case' | 'file' | 'run'
  /** put before the sentence, for a case or a file; empty when the reader knows what it is about */
  name: string
  budget: BudgetResult
  valueJ: number | null
  /** ends of the interval, or the hard bounds, that the verdict went by */
  lowJ: number | null
  highJ: number | null
  /** rounds of a bench case */
  rounds?: number
  state: FigureState
}

const maxDigits = 7

/** Digits at which value and ends look different from the limit: what differs must look so. */
function digitsFor(values: readonly number[], limit: number, factor: number): number {
  const shown = (value: number, digits: number) => Number(formatSignificant(value / factor, digits))
  for (let digits = 3; digits < maxDigits; digits++) {
    if (values.every((v) => v === limit || shown(v, digits) !== shown(limit, maxDigits)))
      return digits
  }
  return maxDigits
}

interface Shown {
  value: string
  /** `17.7–18.1`, without unit; empty when there is none */
  interval: string
  unit: string
}

function show({ kind, budget, valueJ, lowJ, highJ }: BudgetFacts): Shown {
  const known = [valueJ, lowJ, highJ].filter((value) => value !== null)
  const scale: Scale = columnScale(known, kind === 'case' ? 'J/op' : 'J')
  const digits = digitsFor(known, budget.limitJ, scale.factor)
  const number = (value: number) => formatSignificant(value / scale.factor, digits)
  return {
    value: number(valueJ ?? lowJ ?? 0),
    interval: lowJ === null || highJ === null ? '' : `${number(lowJ)}–${number(highJ)}`,
    unit: scale.suffix,
  }
}

/** How far the lower end is above the limit: `at least 18 % over`, `at least 3.1 × `. */
function excess(low: number, limit: number): string {
  // 17.7 / 15 is a little less than 1.18 in binary; the excess is no less for it
  const part = low / limit - 1 + 1e-9
  if (!(limit > 0) || part < 0.001) return 'more than'
  if (part >= 9) return `at least ${Math.floor(part + 1)} ×`
  if (part >= 1) return `at least ${Math.floor((part + 1) * 10) / 10} ×`
  const percent = part < 0.1 ? Math.floor(part * 1000) / 10 : Math.floor(part * 100)
  return `at least ${percent} % over`
}

const subject = ({ kind, name }: BudgetFacts): string => {
  if (kind === 'run') return 'the run '
  return name === '' ? '' : `${printable(name)} `
}

/** What the interval is: a statistical one, or what no split of the samples can leave. */
const intervalName = ({ kind, state }: BudgetFacts): string =>
  state === 'measured' || (kind === 'case' && state === 'rough')
    ? '95 % interval'
    : 'certainly within'

function measuredLine(facts: BudgetFacts, { value, interval, unit }: Shown): string {
  const rounds = facts.rounds === undefined ? '' : `, ${facts.rounds} rounds`
  if (interval === '') return `  measured  ${value} ${unit}${rounds}`
  // without a figure of its own, the bounds are all that was measured
  if (facts.valueJ === null) return `  measured  ${interval} ${unit}, whatever the split${rounds}`
  return `  measured  ${value} ${unit} (${intervalName(facts)} ${interval})${rounds}`
}

function overMessage(facts: BudgetFacts): string {
  const { budget, kind, valueJ, lowJ, highJ } = facts
  const shown = show(facts)
  const text = printable(budget.text)
  const least = valueJ === null ? 'at least ' : ''
  const fixed = limitTextAbove((highJ ?? valueJ ?? lowJ ?? 0) * 1.02, kind === 'case')
  return [
    `${subject(facts)}uses ${least}${shown.value} ${shown.unit}, ${excess(lowJ ?? valueJ ?? 0, budget.limitJ)} its budget of ${text}`,
    measuredLine(facts, shown),
    `  budget    ${text}, set in ${printable(budget.source)}`,
    `  to fix    make it cheaper, or write '${fixed}' there`,
  ].join('\n')
}

const topic = ({ kind, name }: BudgetFacts): string => {
  if (kind === 'run') return 'the run: '
  return name === '' ? '' : `${printable(name)}: `
}

function inconclusiveMessage(facts: BudgetFacts): string {
  const { value, interval, unit } = show(facts)
  const rounds = facts.rounds === undefined ? '' : ` after ${facts.rounds} rounds`
  const range = interval === '' ? '' : ` (${interval})`
  const limit = printable(facts.budget.text)
  return `${topic(facts)}${value} ${unit}${range} is too close to its budget of ${limit} to call${rounds}`
}

/**
 * What a reader needs to know of a judged budget: one sentence, and for `over` three lines more (what
 * was measured, where the limit stands, what to write to allow it). Value and limit never look
 * equal where they differ. No newline at the end.
 */
export function budgetMessage(facts: BudgetFacts): string {
  const { budget, valueJ } = facts
  const text = printable(budget.text)
  switch (budget.verdict) {
    case 'over':
      return overMessage(facts)
    case 'inconclusive':
      return inconclusiveMessage(facts)
    case 'unchecked':
      return `${topic(facts)}not checked against its budget of ${text}: ${printable(budget.reason ?? 'no reason is known')}`
    case 'within': {
      if (valueJ === null) return `${subject(facts)}is within its budget of ${text}`
      const { value, unit } = show(facts)
      return `${subject(facts)}uses ${value} ${unit}, within its budget of ${text}`
    }
  }
}
