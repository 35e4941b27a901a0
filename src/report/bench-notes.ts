import { printable } from '../energy/printable.ts'
import type { BenchEnergy } from '../energy/result.ts'
import { columnScale, formatPower, formatScaled, limitTextAbove } from '../units.ts'
import { flow, plain, wrapWords } from './columns.ts'
import type { Colors } from './columns.ts'
import type { BenchReport } from './json.ts'
import { hasFigure } from './standing.ts'

/** How the notes are drawn. */
export interface BenchNotesOptions {
  /** say what could be written in the config */
  hints?: boolean
  colors?: Colors
  /** columns; @default 100 */
  width?: number
}

const range = (values: readonly number[]): string => {
  const least = Math.min(...values)
  const most = Math.max(...values)
  return least === most ? String(least) : `${least}–${most}`
}

function sizeNote(cases: readonly BenchReport[]): string {
  const rounds = range(cases.map((one) => one.rounds))
  const perRound = range(cases.map((one) => Math.round(one.samples / one.rounds)))
  return `${rounds} round${rounds === '1' ? '' : 's'} of ${perRound} sample${perRound === '1' ? '' : 's'}`
}

const stopWords: Readonly<Record<NonNullable<BenchEnergy['stoppedBy']>, string>> = {
  precision: '',
  rounds: '',
  budget: '',
  maxTime: 'stopped by maxTime before its precision was reached',
  timeout: "stopped by the test's timeout before its precision was reached",
  quick: 'quick look',
  aborted: 'aborted before its precision was reached',
}

/** `stopped by …: a, b`; without names when it is true of every case. */
function grouped(cases: readonly BenchReport[], noteOf: (one: BenchReport) => string): string[] {
  const groups = Map.groupBy(
    cases.filter((one) => noteOf(one) !== ''),
    noteOf,
  )
  return [...groups].map(([note, members]) =>
    members.length === cases.length
      ? note
      : `${note}: ${members.map((one) => printable(one.name)).join(', ')}`,
  )
}

/** Energy of a unit of work, for the cases that say how many units an operation has. */
function unitNote(cases: readonly BenchReport[]): string[] {
  const known = cases.filter((one) => one.energyPerUnitJ !== undefined && hasFigure(one))
  if (known.length === 0) return []
  const scale = columnScale(
    known.map((one) => one.energyPerUnitJ ?? 0),
    'J',
  )
  const texts = known.map(
    (one) => `${printable(one.name)} ${formatScaled(one.energyPerUnitJ ?? 0, scale)}`,
  )
  return [`for each unit of work: ${texts.join(', ')}`]
}

/** A limit that the cheapest case keeps with a quarter to spare. */
function budgetHint(cases: readonly BenchReport[]): string[] {
  if (cases.some((one) => one.budget !== null)) return []
  const [cheapest] = cases
    .filter((one) => one.state === 'measured' && one.highJ !== null)
    .sort((a, b) => (a.highJ ?? 0) - (b.highJ ?? 0))
  if (cheapest?.highJ === undefined || cheapest.highJ === null || cheapest.highJ <= 0) return []
  const whose = cases.length === 1 ? '' : ` for ${printable(cheapest.name)}`
  return [`no budget: try '${limitTextAbove(cheapest.highJ * 1.25, true)}'${whose}`]
}

/**
 * The lines below one bench table: how it was measured, what was taken off, why it ended early, what
 * budget would fit; and why a figure is not `measured`.
 */
export function renderBenchNotes(
  cases: readonly BenchReport[],
  { hints = false, colors = plain, width = 100 }: BenchNotesOptions = {},
): string[] {
  const counted = cases.filter((one) => one.rounds > 0 && hasFigure(one))
  // the cases of one table were measured together: what idle drew is the same for all
  const idle = counted[0]?.idlePowerW
  const parts = [
    ...(counted.length === 0 ? [] : [sizeNote(counted)]),
    ...(idle === undefined ? [] : [`idle ${formatPower(idle, 2)} taken off`]),
    ...grouped(cases, (one) => (one.hooksIncluded ? 'hooks included' : '')),
    ...grouped(cases, (one) => (one.stoppedBy === null ? '' : stopWords[one.stoppedBy])),
    ...unitNote(cases),
    ...(hints ? budgetHint(cases) : []),
  ]
  const remarks = cases
    .filter(({ state }) => state !== 'no-meter')
    .flatMap(({ name, reason, notes = [] }) =>
      [...(reason === null ? [] : [reason]), ...notes].map((text) => ({ name, text })),
    )
  const said = [...Map.groupBy(remarks, ({ text }) => text)].map(([text, of]) =>
    printable(`${of.map(({ name }) => name).join(', ')}: ${text}`),
  )
  const remarked = said.flatMap((text) => wrapWords(text, width))
  return [...flow(parts, width).map(colors.dim), ...remarked.map(colors.yellow)]
}
