import { accessSync, constants, existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { totalOf } from './energy/sample.ts'
import { EnergyError } from './errors.ts'
import { reportKinds } from './options.ts'
import type { ReportKind, ResolvedOptions } from './options.ts'
import { renderHtml } from './report/html/page.ts'
import type { PowerTrace } from './report/html/trace.ts'
import { serializeReport } from './report/json.ts'
import type { EnergyReport } from './report/json.ts'
import { renderMarkdown } from './report/markdown.ts'
import type { Session } from './session.ts'
import { nanoseconds, powerOf } from './units.ts'

export type ReportPaths = Partial<Record<ReportKind, string>>

const endings = { json: 'json', html: 'html', markdown: 'md', journal: 'jsonl' } as const

/**
 * Absolute paths of the reports that the user asked for.
 * @param kind benches have files of their own, so that one run does not overwrite the other's
 */
export function reportPaths(
  report: ResolvedOptions['report'],
  root: string,
  kind: 'run' | 'bench',
): ReportPaths {
  const paths: ReportPaths = {}
  for (const name of reportKinds) {
    const given = report[name]
    if (given === false) continue
    const path = given === true ? `.vitest/energy/${kind}.${endings[name]}` : given
    paths[name] = resolve(root, path)
  }
  return paths
}

/** Not `recursive: true`: Node's never returns where the system refuses with ENOENT, as in /proc. */
function makeFolder(path: string): void {
  if (existsSync(path)) {
    if (!statSync(path).isDirectory()) throw new Error(`\`${path}\` is no folder`)
    return
  }
  makeFolder(dirname(path))
  mkdirSync(path)
}

/**
 * Makes the folders, so that a path that cannot be written is known before the first test.
 * @throws {EnergyError} `REPORT_PATH`
 */
export function checkReportPaths(paths: ReportPaths): void {
  for (const path of Object.values(paths)) {
    try {
      makeFolder(dirname(path))
      accessSync(existsSync(path) ? path : dirname(path), constants.W_OK)
    } catch (error) {
      throw EnergyError.of('REPORT_PATH', path, (error as Error).message)
    }
    if (existsSync(path) && statSync(path).isDirectory()) {
      throw EnergyError.of('REPORT_PATH', path, 'it is a folder')
    }
  }
}

/** Power over time with the tests and bench blocks in it, for the page. */
function powerTraceOf({ state, run }: Session, report: EnergyReport): PowerTrace {
  const ms = (instant: number): number => (instant - run.atNs) / 1e6
  const tests = new Map(report.tests.map((test) => [test.id, test]))
  const blocks = state.blocks.flatMap(({ testId, index, name, startNs, endNs }) => {
    const found = report.benches.find(
      (bench) => bench.id === testId && bench.index === index && bench.name === name,
    )
    if (found === undefined) return []
    const of = `${found.test} > ${name}`
    return [{ startMs: ms(startNs), endMs: ms(endNs), name: of, state: found.state }]
  })
  return {
    samples: state.samples.map(({ start, end, energy }) => ({
      startMs: ms(start),
      endMs: ms(end),
      powerW: energy === null ? null : powerOf(totalOf(energy), nanoseconds(end - start)),
    })),
    windows: [
      ...state.windows.flatMap(({ testId, start, end }) => {
        const test = tests.get(testId)
        if (test === undefined) return []
        return [{ startMs: ms(start), endMs: ms(end), name: test.name, state: test.state }]
      }),
      ...blocks,
    ],
  }
}

function textOf(kind: ReportKind, report: EnergyReport, session: Session): string {
  if (kind === 'html') return renderHtml(report, powerTraceOf(session, report))
  return kind === 'markdown' ? renderMarkdown(report) : serializeReport(report)
}

/** @returns one line for each file that could not be written */
export function writeReports(paths: ReportPaths, report: EnergyReport, session: Session): string[] {
  const failures: string[] = []
  for (const name of reportKinds) {
    const path = paths[name]
    if (path === undefined) continue
    try {
      if (name === 'journal') session.keepJournal(path)
      else writeFileSync(path, textOf(name, report, session))
    } catch (error) {
      failures.push(`cannot write the ${name} report \`${path}\`: ${(error as Error).message}`)
    }
  }
  return failures
}
