import type { RunnerTestCase } from 'vitest'
import { judge } from '../energy/budget.ts'
import type { BudgetDeclaration, BudgetResult, Figure } from '../energy/result.ts'
import { totalOf } from '../energy/sample.ts'
import { budgetMessage } from '../energy/verdict-text.ts'
import { computeFigures } from '../figures.ts'
import { append } from '../journal.ts'
import type { AttemptLine, WorkerContext } from '../journal.ts'
import { windowId } from '../run-state.ts'
import { formatEnergy, nanoseconds, powerOf } from '../units.ts'
import { budgetError } from './budget-error.ts'
import { kept } from './kept.ts'
import { LiveTrace } from './live.ts'
import { now } from './now.ts'

const traces = kept('traces', () => new Map<string, LiveTrace>())

/** The trace of the run; without isolation one for all files of the worker. */
export function traceOf(context: WorkerContext): LiveTrace {
  const known = traces.get(context.journal)
  if (known !== undefined) return known
  const made = new LiveTrace(context.journal, context.run.intervalMs)
  // a watch run has a journal of its own: the one before will not be asked for again
  traces.clear()
  traces.set(context.journal, made)
  return made
}

/**
 * More than any machine that has this many cores can draw: 10 W a core, 30 W for GPU and the rest
 * (M1 … M4 Max: 3–6 W a core, docs/method.md), or twice what was seen, whichever is more.
 */
function powerCeiling(trace: LiveTrace, cpus: number): number {
  let highest = 0
  for (const { start, end, energy } of trace.samples.slice(-600)) {
    if (energy !== null)
      highest = Math.max(highest, powerOf(totalOf(energy), nanoseconds(end - start)))
  }
  return 2 * Math.max(highest, 10 * cpus + 30)
}

interface Judgement {
  result: Pick<BudgetResult, 'verdict' | 'reason'> & BudgetDeclaration
  figure: Figure | null
  shares: readonly (readonly [number, object])[]
}

function judgeNow(
  trace: LiveTrace,
  id: string,
  end: AttemptLine,
  budget: BudgetDeclaration,
): Judgement {
  const figures = computeFigures(trace.state, nanoseconds(end.atNs))
  const found = figures.figures.get(id)
  if (found === undefined) {
    const result = { ...budget, verdict: 'unchecked', reason: 'the meter gave no samples' } as const
    return { result, figure: null, shares: [] }
  }
  const { shares, netStandardErrorJ: _, ...figure } = found
  return { result: judge(figure, budget), figure, shares }
}

/**
 * Judges a budgeted attempt that has just passed, as soon as the samples cover it, and writes the
 * verdict down.
 * @throws {Error} `EnergyBudgetError` when the budget is exceeded
 */
export async function settleAttempt(
  context: WorkerContext,
  test: RunnerTestCase,
  attempt: { begin: AttemptLine; end: AttemptLine },
  budget: BudgetDeclaration,
): Promise<void> {
  const { begin, end } = attempt
  const { testId, retry, repeat } = end
  const trace = traceOf(context)
  trace.sync()
  const line = { type: 'settled', testId, retry, repeat } as const
  const seconds = (end.atNs - begin.atNs) * 1e-9
  if (budget.limitJ > powerCeiling(trace, context.run.cpus) * seconds) {
    const settled = { verdict: 'within', reason: null, figure: null, shares: [] } as const
    append(context.journal, { ...line, ...settled, waitMs: sinceMs(end) })
    return
  }
  await trace.waitFor(nanoseconds(end.atNs), test.context.signal)
  const { result, figure, shares } = judgeNow(trace, windowId(testId, retry, repeat), end, budget)
  const { verdict, reason } = result
  const waitMs = sinceMs(end)
  append(context.journal, { ...line, verdict, reason, figure, shares, waitMs })
  if (verdict === 'over' && figure !== null) throw overBudget(test, result, figure)
}

/** All that came after the attempt is ours: loading this file too. */
const sinceMs = ({ atNs }: AttemptLine): number => (now() - atNs) / 1e6

function overBudget(test: RunnerTestCase, budget: BudgetResult, figure: Figure): Error {
  const { state, energyJ, lowJ, highJ, boundsJ } = figure
  const [low, high] = state === 'measured' ? [lowJ, highJ] : (boundsJ ?? [null, null])
  const facts = {
    kind: 'test',
    name: '',
    budget,
    valueJ: energyJ,
    lowJ: low,
    highJ: high,
    state,
  } as const
  return budgetError(test, budgetMessage(facts), {
    actual: formatEnergy(energyJ ?? low ?? 0),
    expected: `<= ${budget.text}`,
  })
}
