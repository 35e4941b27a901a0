import type { TestCase, TestModule } from 'vitest/node'
import type { Additions, PrintedBenchmark } from './decorate.ts'
import type { BenchEnergy, Comparison, TestEnergy } from './energy/result.ts'
import { renderBenchNotes } from './report/bench-notes.ts'
import type { Colors } from './report/columns.ts'
import type { BenchReport, EnergyReport } from './report/json.ts'
import { renderSummary } from './report/summary.ts'
import {
  appendColumns,
  appendedWidth,
  renderBenchColumns,
  renderCompactTable,
} from './report/table.ts'
import type { BenchRow } from './report/table.ts'
import { formatSumSuffix, formatTestSuffix } from './report/test-suffix.ts'
import type { Session } from './session.ts'
import { testClock } from './test-clock.ts'

declare module 'vitest' {
  interface TaskMeta {
    /** What the test cost, once its run is over; see `TestEnergy`. */
    energy?: TestEnergy
  }
}

export interface PrintingFacts {
  session: () => Session | null
  report: () => EnergyReport | null
  settled: () => Promise<void>
  /** makes the figures of these tests stand, and puts them into `task.meta.energy` */
  settle(tests: readonly TestCase[]): void
  required: boolean
  workers: number
  /** columns of the terminal; 0 where the output is none */
  columns: number
}

const energyOf = (test: TestCase): TestEnergy | undefined => test.meta().energy

/** Anything that calls itself energy in a stored result may be older than this version. */
function benchEnergyOf(latency: object): BenchEnergy | undefined {
  const energy = (latency as { energy?: unknown }).energy
  const known = typeof energy === 'object' && energy !== null && 'energyPerOpJ' in energy
  return known ? (energy as BenchEnergy) : undefined
}

/** The comparisons that the worker made of just these cases. */
function comparisonsOf(session: Session | null, rows: readonly BenchRow[]): readonly Comparison[] {
  const same = session?.state.benches.find(({ cases }) =>
    rows.every((row) =>
      cases.some(
        ({ name, energy }) => name === row.name && energy.energyPerOpJ === row.energyPerOpJ,
      ),
    ),
  )
  return same?.comparisons ?? []
}

const nowhere = { id: '', index: 0, projectName: '', file: '', test: '' } as const

const indentOf = (line: string): string => /^\s*/.exec(line)?.[0] ?? ''

/** Tells the run in the lines of Vitest's own reporters. */
export class Printing implements Additions {
  readonly #facts: PrintingFacts

  constructor(facts: PrintingFacts) {
    this.#facts = facts
  }

  get settled(): Promise<void> {
    return this.#facts.settled()
  }

  get coveredUntil(): number {
    const session = this.#facts.session()
    if (session === null || session.ended) return Infinity
    session.sync()
    // a meter that hangs must not hold the output
    const patienceNs = (4 * session.run.intervalMs + 5000) * 1e6
    return Math.max(session.coveredUntil, testClock() - patienceNs)
  }

  settle(tests: readonly TestCase[]): void {
    this.#facts.settle(tests)
  }

  testSuffix(test: TestCase, colors: Colors): string {
    const energy = energyOf(test)
    return energy === undefined ? '' : formatTestSuffix(energy, colors)
  }

  moduleSuffix(module: TestModule): string {
    const tests = [...module.children.allTests()].map(energyOf)
    return formatSumSuffix(tests.filter((energy) => energy !== undefined))
  }

  benchTable(lines: readonly string[], benchmark: PrintedBenchmark, colors: Colors): string[] {
    const cases = benchmark.tasks.map(({ name, latency }): BenchReport | undefined => {
      const energy = benchEnergyOf(latency)
      return energy === undefined ? undefined : { ...nowhere, name, ...energy }
    })
    const known = cases.filter((row) => row !== undefined)
    const comparisons = comparisonsOf(this.#facts.session(), known)
    const columns = renderBenchColumns(cases, comparisons, colors)
    if (columns === null) return [...lines]
    const indent = indentOf(lines[0] ?? '')
    const { columns: width } = this.#facts
    const joined =
      width > 0 && appendedWidth(lines, columns) > width ? null : appendColumns(lines, columns)
    const table = joined ?? [
      ...lines,
      ...renderCompactTable(known, comparisons, colors).map((line) => indent + line),
    ]
    const notes = renderBenchNotes(known, {
      hints: true,
      colors,
      ...(width > 0 ? { width: width - indent.length } : {}),
    })
    return [...table, ...notes.map((line) => indent + line)]
  }

  live(): string {
    const session = this.#facts.session()
    if (session === null) return ''
    session.sync()
    const { progress } = session.state
    if (progress === null) return ''
    const { round, rounds, precision } = progress
    const reached = precision === null ? '' : ` · ±${(precision * 100).toFixed(1)} %`
    return `round ${round}/${Math.max(round, rounds)}${reached}`
  }

  summary(colors: Colors): string[] {
    const report = this.#facts.report()
    if (report === null) return []
    const { required, workers, columns } = this.#facts
    const width = columns > 0 ? columns : 100
    return renderSummary(report, { colors, width, required, workers })
  }
}
