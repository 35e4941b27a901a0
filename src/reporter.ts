import { appendFileSync } from 'node:fs'
import { relative } from 'node:path'
import picocolors from 'picocolors'
import type {
  Reporter,
  TestCase,
  TestModule,
  TestProject,
  TestSpecification,
  Vitest,
} from 'vitest/node'
import { TestFigures } from './analysis.ts'
import {
  fileOf,
  misplacedBudgets,
  misplacedPatterns,
  testLineOf,
  unmatchedPatterns,
} from './declared.ts'
import { decorateReporters } from './decorate.ts'
import { judgeRun } from './verdicts.ts'
import * as project from './install.ts'
import type { EnergyOptions, ResolvedOptions } from './options.ts'
import { resolveOptions } from './options.ts'
import type { ReportPaths } from './outputs.ts'
import { checkReportPaths, reportPaths, writeReports } from './outputs.ts'
import { Printing } from './printing.ts'
import { renderAnnotations } from './report/ci.ts'
import type { EnergyReport } from './report/json.ts'
import { renderMarkdown } from './report/markdown.ts'
import { Session } from './session.ts'
import type { SessionFacts } from './session.ts'
import { ownVersion } from './version.ts'
import {
  forgetLocation,
  isBenchRun,
  isNarrowed,
  isNarrowedByName,
  reportersOf,
  takeWaitOff,
  takeWaitsOff,
  taskOf,
} from './vitest-internals.ts'

/** Marks a reporter of this package, whichever copy of it made it. */
const mark = Symbol.for('vitest-energy.reporter')

/** Whether a list of reporters has ours already. */
export const isInstalled = (reporters: readonly unknown[]): boolean =>
  reporters.some((each) => typeof each === 'object' && each !== null && mark in each)

/** Measures the run, tells it in the output of the reporters that are there, and judges its budgets. */
export class EnergyReporter implements Reporter {
  readonly #given: EnergyOptions
  #options: ResolvedOptions | null = null
  #vitest: Vitest | null = null
  #projects: TestProject[] = []
  #located = new Set<TestProject>()
  #paths: ReportPaths = {}
  #session: Session | null = null
  #report: EnergyReport | null = null
  #watchTold = false
  /** a later run of watch mode: of some files only */
  #isRerun = false
  #settled: PromiseWithResolvers<void> = Promise.withResolvers()

  constructor(options: EnergyOptions = {}) {
    this.#given = options
    Object.defineProperty(this, mark, { value: true })
  }

  /** @throws {EnergyError} for a mistake in the options */
  onInit(vitest: Vitest): void {
    const { configFile } = vitest.vite.config
    const name = configFile === undefined ? 'config' : relative(vitest.config.root, configFile)
    const options = resolveOptions(this.#given, process.env, name)
    if (!options.enabled) return
    this.#options = options
    this.#vitest = vitest
    this.#settled.resolve()
    this.#moveToFront(vitest)
    this.#decorate(vitest, options)
    if (vitest.config.mergeReports || (vitest.config.watch && !options.watch)) return
    const kind = isBenchRun(vitest) ? 'bench' : 'run'
    this.#paths = reportPaths(options.report, vitest.config.root, kind)
    checkReportPaths(this.#paths)
    this.#projects = project.projectsOf(vitest)
    for (const each of this.#projects) project.installInProject(each)
    if (options.serial) project.makeSerial(vitest, this.#projects)
    vitest.onClose(() => this.#dispose())
  }

  /** Other reporters must see what we have changed when their hook of the same name runs. */
  #moveToFront(vitest: Vitest): void {
    const reporters = reportersOf(vitest)
    const at = reporters.indexOf(this)
    if (at > 0) reporters.unshift(...reporters.splice(at, 1))
  }

  #decorate(vitest: Vitest, { required }: ResolvedOptions): void {
    const { isTTY, columns } = process.stdout
    const printing = new Printing({
      session: () => this.#session,
      report: () => this.#report,
      settled: () => this.#settled.promise,
      settle: (tests) => this.#settle(tests),
      required,
      workers: vitest.config.maxWorkers,
      columns: isTTY ? columns : 0,
    })
    const others = reportersOf(vitest).filter((each) => each !== this)
    decorateReporters(others, printing)
  }

  onWatcherStart(): void {
    const { watch } = this.#options ?? { watch: true }
    if (watch || this.#watchTold) return
    this.#watchTold = true
    this.#vitest?.logger.log(
      picocolors.dim(
        `     Energy  not measured in watch mode: add --run to the command, or set \`watch: true\``,
      ),
    )
  }

  async onTestRunStart(specifications: readonly TestSpecification[]): Promise<void> {
    const vitest = this.#vitest
    const options = this.#options
    if (vitest === null || options === null || this.#projects.length === 0) return
    const measured = project
      .measurable(specifications)
      .filter((each) => this.#projects.includes(each.project))
    this.#report = null
    if (measured.length === 0) return
    const budgeted = project.projectsWithBudgets(measured, options)
    const session = new Session(
      options,
      this.#factsOf(vitest, options, measured, budgeted.size > 0),
    )
    this.#session = session
    this.#settled = Promise.withResolvers()
    this.#locate(budgeted)
    session.start()
    // a quiet machine is watched before workers start; else they start while the meter does
    if (session.run.idleMs > 0) await session.ready
    this.#provide(session)
    void session.ready.then(() => this.#provide(session))
    this.#warnOfBrowsers(specifications)
  }

  #provide({ journal, run, problem, hasAnswered }: Session): void {
    const noMeter = problem?.reason ?? null
    for (const each of this.#projects) {
      project.provideRun(each, { journal, run, noMeter, starting: !hasAnswered })
    }
  }

  #factsOf(
    vitest: Vitest,
    options: ResolvedOptions,
    measured: readonly TestSpecification[],
    anyBudget: boolean,
  ): SessionFacts {
    const benches = measured.some((each) => each.project.config.benchmark.enabled)
    const budgets = anyBudget || options.runBudget !== null
    const versions = { vitestEnergy: ownVersion, vitest: vitest.version, node: process.version }
    return {
      root: vitest.config.root,
      versions,
      idleMs: options.idleMs === 'auto' ? (benches || budgets ? 1000 : 0) : options.idleMs,
      seed: vitest.config.sequence.seed,
      workers: options.serial ? 1 : Math.min(vitest.config.maxWorkers, measured.length),
    }
  }

  #locate(budgeted: Iterable<TestProject>): void {
    for (const each of budgeted) {
      if (each.config.includeTaskLocation) continue
      each.config.includeTaskLocation = true
      this.#located.add(each)
    }
  }

  #warnOfBrowsers(specifications: readonly TestSpecification[]): void {
    const browsers = new Set(
      specifications
        .filter((each) => project.isBrowser(each.project))
        .map((each) => each.project.name),
    )
    if (browsers.size === 0) return
    const names = [...browsers]
      .map((name) => (name === '' ? 'this project' : `\`${name}\``))
      .join(', ')
    const message = `browser tests are not measured yet: ${names}`
    this.#session?.warn({ code: 'browser', message })
  }

  /** The place was wanted for failures of budgets only: names are printed as without us. */
  onTestModuleCollected(module: TestModule): void {
    if (!this.#located.has(module.project)) return
    for (const test of module.children.allTests()) forgetLocation(test)
    for (const suite of module.children.allSuites()) forgetLocation(suite)
  }

  onTestCaseResult(test: TestCase): void {
    const session = this.#session
    if (session === null || this.#options === null || this.#vitest === null) return
    if (!this.#projects.includes(test.project)) return
    session.sync()
    takeWaitOff(test, session.waitsOf(test.id))
    const { root } = this.#vitest.config
    const narrowed = isNarrowedByName(this.#vitest)
    session.recordTest(testLineOf(test, root, this.#options.budgets, narrowed))
  }

  onTestModuleEnd(module: TestModule): void {
    const session = this.#session
    const root = this.#vitest?.config.root
    if (root === undefined || session === null) return
    session.closeFile(module.project.name, fileOf(module, root))
    takeWaitsOff(module, (test) => session.waitsOf(test.id))
  }

  /** Makes figures final and puts them where other reporters find them. */
  #settle(tests: readonly TestCase[]): void {
    const session = this.#session
    if (session === null || this.#report !== null) return
    session.sync()
    session.settle(new Set(tests.map(({ id }) => id)))
    const figures = new TestFigures(session.state, null)
    for (const test of tests) {
      const line = session.state.tests.get(test.id)
      if (line !== undefined && !line.holdsBenches)
        taskOf(test).meta.energy = figures.energyOf(line)
    }
  }

  async onTestRunEnd(modules: readonly TestModule[]): Promise<void> {
    const session = this.#session
    if (session === null || this.#options === null || this.#vitest === null) return
    try {
      const { root } = this.#vitest.config
      const unmatched =
        this.#isRerun || isNarrowed(this.#vitest)
          ? []
          : unmatchedPatterns(this.#options.budgets, modules, root, isBenchRun(this.#vitest))
      const misplaced = misplacedPatterns(this.#options.budgets, modules, root)
      for (const warning of [...misplacedBudgets(modules, root), ...misplaced, ...unmatched]) {
        session.warn(warning)
      }
      const report = await session.finish()
      this.#report = report
      this.#publish(report, modules)
      this.#write(report, session, this.#options)
    } finally {
      this.#isRerun = true
      session.dispose()
      this.#settled.resolve()
    }
  }

  #publish(report: EnergyReport, modules: readonly TestModule[]): void {
    const byId = new Map(report.tests.map((test) => [test.id, test]))
    for (const module of modules) {
      for (const test of module.children.allTests()) {
        const found = byId.get(test.id)
        if (found === undefined) continue
        const { id: _id, projectName: _project, file: _file, name: _name, ...energy } = found
        taskOf(test).meta.energy = energy
      }
    }
  }

  #write(report: EnergyReport, session: Session, options: ResolvedOptions): void {
    const { logger } = this.#vitest as Vitest
    for (const failure of writeReports(this.#paths, report, session)) {
      logger.error(failure)
      process.exitCode = 1
    }
    const errors = judgeRun(report, options.required)
    for (const error of errors) logger.error(`\nERROR: ${error}`)
    if (errors.length > 0) process.exitCode = 1
    if (process.env['GITHUB_ACTIONS'] !== 'true') return
    for (const line of renderAnnotations(report, { required: options.required })) logger.log(line)
    const page = process.env['GITHUB_STEP_SUMMARY']
    if (page) appendFileSync(page, renderMarkdown(report))
  }

  #dispose(): void {
    this.#session?.dispose()
    this.#settled.resolve()
  }
}

export default EnergyReporter
