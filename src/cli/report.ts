import { resolve } from 'node:path'
import pc from 'picocolors'
import { analyze } from '../analysis.ts'
import { readJournal } from '../journal.ts'
import { serializeReport } from '../report/json.ts'
import { renderReport } from '../report/text.ts'
import type { Surroundings } from './surroundings.ts'

/**
 * Prints the figures of a kept journal, computed anew from its lines alone.
 * @throws {EnergyError} `JOURNAL_UNREADABLE`
 */
export function printReport(
  path: string,
  { stdout, cwd, color, width }: Pick<Surroundings, 'stdout' | 'cwd' | 'color' | 'width'>,
  json: boolean,
): void {
  const report = analyze(readJournal(resolve(cwd, path)))
  const colors = pc.createColors(color)
  stdout.write(json ? serializeReport(report) : renderReport(report, { colors, width }))
}
