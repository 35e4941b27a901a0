import picocolors from 'picocolors'
import type { TestCase, TestModule } from 'vitest/node'
import type { Comparison } from './energy/result.ts'
import type { Colors } from './report/columns.ts'
import { plain } from './report/columns.ts'
import { testClock } from './test-clock.ts'

/** What can be put into the output of Vitest's own terminal reporters. */
export interface Additions {
  /** before lines about these tests are printed: their figures must stand */
  settle(tests: readonly TestCase[]): void
  /** text behind a test's duration; `''` for none */
  testSuffix(test: TestCase, colors: Colors): string
  moduleSuffix(module: TestModule, colors: Colors): string
  /** the lines of one bench table → the same with energy, and lines to print below */
  benchTable(lines: readonly string[], benchmark: PrintedBenchmark, colors: Colors): string[]
  /** what is being measured now, in a few words; `''` for nothing */
  live(): string
  /** lines under Vitest's summary */
  summary(colors: Colors): string[]
  /** when all figures stand */
  readonly settled: Promise<void>
  /** until when what was seen can be told, test clock, ns; ∞ where nothing is waited for */
  readonly coveredUntil: number
}

/** What Vitest hands to its table printer. */
export interface PrintedBenchmark {
  name: string
  tasks: readonly { name: string; latency: object }[]
  comparisons?: readonly Comparison[]
}

type Log = (...lines: unknown[]) => void
type Method = (this: unknown, ...args: never[]) => unknown

/** The members of Vitest's `BaseReporter` that are used; each may be missing in another version. */
interface TerminalReporter {
  log: Log
  getStateSymbol(test: TestCase): string
  getTestCaseSuffix(test: TestCase): string
  getModuleLog?(module: TestModule, counts: unknown): string
  printBenchmarkTable?(benchmarks: readonly PrintedBenchmark[], padding: string): void
  reportTestSummary?(...args: unknown[]): void
  /** the window at the bottom of a terminal */
  summary?: { createSummary?(): string[] }
}

const isTerminalReporter = (reporter: object): reporter is TerminalReporter =>
  'log' in reporter && typeof reporter.log === 'function' && 'getTestCaseSuffix' in reporter

const escape = '\u001B['
const coloured = picocolors.createColors(true)

/** The reporter's own colours: ours must be as bright or as plain as its lines. */
const colorsOf = (text: string): Colors => (text.includes(escape) ? coloured : plain)

/** Runs `print` and gives the lines it logged instead of logging them. */
function capture(reporter: TerminalReporter, print: () => void): string[] {
  const lines: string[] = []
  const own = Object.getOwnPropertyDescriptor(reporter, 'log')
  reporter.log = (...parts) => void lines.push(parts.map(String).join(' '))
  try {
    print()
  } finally {
    if (own === undefined) delete (reporter as Partial<TerminalReporter>).log
    else Object.defineProperty(reporter, 'log', own)
  }
  return lines
}

function decorateLines(reporter: TerminalReporter, additions: Additions): void {
  const suffix = reporter.getTestCaseSuffix.bind(reporter)
  reporter.getTestCaseSuffix = (test) => {
    const text = suffix(test)
    const ours = additions.testSuffix(test, colorsOf(reporter.getStateSymbol(test)))
    return ours === '' ? text : `${text} · ${ours}`
  }
  const moduleLog = reporter.getModuleLog?.bind(reporter)
  if (moduleLog === undefined) return
  reporter.getModuleLog = (module, counts) => {
    const text = moduleLog(module, counts)
    const ours = additions.moduleSuffix(module, colorsOf(text))
    return ours === '' ? text : `${text} · ${ours}`
  }
}

function decorateTable(reporter: TerminalReporter, additions: Additions): void {
  const print = reporter.printBenchmarkTable?.bind(reporter)
  if (print === undefined) return
  reporter.printBenchmarkTable = (benchmarks, padding, ...rest: string[]) => {
    const shown = benchmarks.filter(({ tasks }) => tasks.length > 0)
    for (const [index, benchmark] of shown.entries()) {
      if (index > 0) reporter.log('')
      const lines = capture(reporter, () => print([benchmark], padding, ...(rest as [])))
      const all = additions.benchTable(lines, benchmark, colorsOf(lines.join('')))
      for (const line of all) reporter.log(line)
    }
  }
}

function decorateSummary(reporter: TerminalReporter, additions: Additions): void {
  const report = reporter.reportTestSummary?.bind(reporter)
  if (report === undefined) return
  reporter.reportTestSummary = (...args) => {
    const lines = capture(reporter, () => report(...args))
    const ours = additions.summary(colorsOf(lines.join('')))
    // Vitest ends its block with an empty line
    const end = lines.at(-1)?.trim() === '' ? lines.length - 1 : lines.length
    for (const line of [...lines.slice(0, end), ...ours, ...lines.slice(end)]) reporter.log(line)
  }
}

/** One more line in the window that Vitest keeps at the bottom of a terminal. */
function decorateWindow({ summary }: TerminalReporter, additions: Additions): void {
  const create = summary?.createSummary?.bind(summary)
  if (summary === undefined || create === undefined) return
  summary.createSummary = () => {
    const lines = create()
    const live = additions.live()
    if (live === '') return lines
    return [...lines.slice(0, -1), `${coloured.dim('     Energy ')} ${live}`, ...lines.slice(-1)]
  }
}

/** Of the main thread, which serves the workers: no more of it may go into figures while tests run. */
const share = 0.05

interface HeldEvent {
  /** test clock, ns */
  instant: number
  /** whose figures it tells */
  tests: readonly TestCase[]
  handle: () => void
}

/** Events in the order they came, each held back until the samples cover it. */
class EventQueue {
  readonly #events: HeldEvent[] = []
  readonly #additions: Additions
  #timer: NodeJS.Timeout | null = null
  /** no figures before this instant, test clock, ns */
  #restUntil = 0

  constructor(additions: Additions) {
    this.#additions = additions
  }

  add(tests: readonly TestCase[], handle: () => void): void {
    this.#events.push({ instant: testClock(), tests, handle })
    this.#timer ??= setInterval(() => this.#release(), 25)
  }

  get isEmpty(): boolean {
    return this.#events.length === 0
  }

  #release(): void {
    if (testClock() < this.#restUntil) return
    const until = this.#additions.coveredUntil
    const held = this.#events.findIndex(({ instant }) => instant > until)
    this.#handle(held === -1 ? this.#events.length : held)
  }

  /** Handles all that is left, now. */
  drain(): void {
    this.#handle(this.#events.length)
  }

  #handle(count: number): void {
    const events = this.#events.splice(0, count)
    const started = testClock()
    // all at once: one test takes as long to settle as a thousand
    if (count > 0) this.#additions.settle(events.flatMap(({ tests }) => tests))
    const now = testClock()
    this.#restUntil = now + (now - started) / share
    for (const { handle } of events) handle()
    if (!this.isEmpty || this.#timer === null) return
    clearInterval(this.#timer)
    this.#timer = null
  }
}

/** Replaces a method where there is one. */
function wrap(reporter: object, name: string, make: (original: Method) => Method): void {
  const members = reporter as Record<string, unknown>
  const original = members[name]
  if (typeof original !== 'function') return
  members[name] = make((original as Method).bind(reporter))
}

/**
 * Holds the events that print figures back until the figures stand. Vitest awaits its reporters, so
 * waiting inside would hold the workers up; the queue does not.
 */
function delay(reporter: object, queue: EventQueue): void {
  const later = (name: string, testsOf: ((entity: never) => Iterable<TestCase>) | null): void =>
    wrap(reporter, name, (original) => (...args) => {
      const [entity] = args
      if (testsOf === null && queue.isEmpty) return original(...args)
      const tests = testsOf === null || entity === undefined ? [] : [...testsOf(entity)]
      queue.add(tests, () => original(...args))
      return undefined
    })
  later('onTestCaseResult', (test: TestCase) => [test])
  later('onTestModuleEnd', (module: TestModule) => module.children.allTests())
  // would overtake the lines they belong below
  later('onUserConsoleLog', null)
  later('onTestSuiteResult', null)
}

/**
 * Puts energy into the output of the reporters that are there; the user's choice stays as it is. A
 * reporter that is not built on Vitest's own is only made to wait for the figures.
 */
export function decorateReporters(reporters: readonly object[], additions: Additions): void {
  for (const reporter of reporters) {
    const queue = new EventQueue(additions)
    if (isTerminalReporter(reporter)) {
      decorateLines(reporter, additions)
      decorateTable(reporter, additions)
      decorateSummary(reporter, additions)
      decorateWindow(reporter, additions)
      delay(reporter, queue)
    }
    wrap(reporter, 'onTestRunEnd', (original) => async (...args) => {
      await additions.settled
      queue.drain()
      return original(...args)
    })
  }
}
