import { EnergyError, quoted } from '../errors.ts'
import { parseEnergyLimit } from '../units.ts'
import type { BudgetDeclaration, BudgetResult, FigureState, Verdict } from './result.ts'

/** What a pattern is held against, in the parts that `vitest list` prints. */
export interface Subject {
  projectName: string
  /** root-relative, `/` separated */
  file: string
  /** suites, test and, for a bench, the case; empty for the file itself */
  names: readonly string[]
}

export interface PatternBudget {
  pattern: string
  /** declared with `/op`: for bench cases only */
  perOp: boolean
  budget: BudgetDeclaration
}

// no name can hold it: the inner mark for a boundary between parts
const boundary = '\0'
const literal = (text: string): string => text.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')
const token =
  /\\(?<escaped>[\s\S])|(?<separator> > )|\*\*(?<crossed>\/| > )?|(?<star>\*)|(?<plain>[\s\S])/g

/** `**`, and what it may take with it: folders in the file, parts behind it. */
function crossing(next: string | undefined, inFile: boolean): string {
  if (next === '/') return '(?:[\\s\\S]*/)?'
  if (next === undefined) return '[\\s\\S]*'
  return inFile ? `[\\s\\S]*${boundary}` : `(?:[\\s\\S]*${boundary})?`
}

/** `*` stays within one part (and, in the file, one folder), `**` crosses both. */
function compileBody(body: string): string {
  let inFile = true
  let compiledBody = ''
  for (const { groups = {} } of body.matchAll(token)) {
    const { escaped, separator, crossed, star, plain } = groups
    if (star !== undefined) compiledBody += inFile ? `[^/${boundary}]*` : `[^${boundary}]*`
    // a name may itself hold " > ", which `vitest list` prints unescaped
    else if (separator !== undefined) compiledBody += `(?:${boundary}| > )`
    else if (escaped !== undefined || plain !== undefined) {
      compiledBody += literal(escaped ?? plain ?? '')
    } else compiledBody += crossing(crossed, inFile)
    if (separator !== undefined || crossed === ' > ') inFile = false
  }
  return compiledBody
}

const compiled = new Map<string, { project: RegExp | null; body: RegExp; wholeFile: boolean }>()

function compile(pattern: string): { project: RegExp | null; body: RegExp; wholeFile: boolean } {
  const known = compiled.get(pattern)
  if (known !== undefined) return known
  const [, project, body = pattern] = /^\[([^\]]*)\] ([\s\S]*)$/.exec(pattern) ?? []
  const made = {
    project: project === undefined ? null : new RegExp(`^${compileBody(project)}$`, 'u'),
    body: new RegExp(`^${compileBody(body)}$`),
    wholeFile: !/(?<!\\) > /.test(body),
  }
  compiled.set(pattern, made)
  return made
}

/** Whether `pattern`, in the form that `vitest list` prints, names the subject. */
export function matchesPattern(pattern: string, subject: Subject): boolean {
  const { project, body, wholeFile } = compile(pattern)
  if (project !== null && !project.test(subject.projectName)) return false
  if (wholeFile !== (subject.names.length === 0)) return false
  return body.test([subject.file, ...subject.names].join(boundary))
}

/**
 * The budget that the config sets for a subject: the longest matching pattern.
 * @param perOp `true` for a bench case: only limits with `/op` are for it, and only for it
 * @returns `null` when no pattern matches
 */
export function nearestPattern(
  patterns: readonly PatternBudget[],
  subject: Subject,
  perOp: boolean,
): BudgetDeclaration | null {
  const matching = patterns.filter(
    (candidate) => candidate.perOp === perOp && matchesPattern(candidate.pattern, subject),
  )
  return (
    matching.reduce<PatternBudget | null>(
      (best, candidate) =>
        best === null || candidate.pattern.length > best.pattern.length ? candidate : best,
      null,
    )?.budget ?? null
  )
}

/**
 * Where the `meta.energyBudget` that a test has was written, for messages.
 * @param suites that hold the test, innermost first
 */
export function declarationSource(
  file: string,
  test: { budget: unknown; hasTags: boolean },
  suites: readonly { name: string; budget: unknown }[],
): string {
  const suite = suites.find(({ budget }) => budget === test.budget)
  const owner =
    suite === undefined
      ? `the test${test.hasTags ? ' or of a tag' : ''}`
      : `describe('${suite.name}')`
  return `${file}: meta.energyBudget of ${owner}`
}

/**
 * A limit declared at the test itself, through `meta.energyBudget`.
 * @param source where it stands, for messages
 * @throws {EnergyError} `BUDGET_TEXT`, `BUDGET_PER_OP_ON_TEST`
 */
export function declaredAtTest(text: unknown, source: string): BudgetDeclaration {
  const parsed = parseEnergyLimit(text)
  if (parsed === undefined) throw EnergyError.of('BUDGET_TEXT', source, quoted(text), '`5 mJ`')
  if (parsed.perOp) throw EnergyError.of('BUDGET_PER_OP_ON_TEST', source, parsed.text)
  return { limitJ: parsed.limit, text: parsed.text, source }
}

/** What a verdict goes by; all in the unit of the limit. */
export interface Judged {
  state: FigureState
  reason: string | null
  /** 95 % interval */
  lowJ: number | null
  highJ: number | null
  /** no split can give less or more; `null` for a bench case */
  boundsJ: readonly [low: number, high: number] | null
}

function verdictOf(low: number, high: number, limit: number): Verdict {
  if (low > limit) return 'over'
  return high <= limit ? 'within' : 'inconclusive'
}

/**
 * Judges by the interval, never by the point: `over` when its lower end is above the limit, `within`
 * when its upper end is not. A figure that is no measurement is judged by its hard bounds, which
 * prove one or the other or nothing (`unchecked`).
 */
export function judge(figure: Judged, budget: BudgetDeclaration): BudgetResult {
  const { state, lowJ, highJ, boundsJ } = figure
  const byInterval = state === 'measured' || (state === 'rough' && boundsJ === null)
  if (byInterval && lowJ !== null && highJ !== null) {
    const verdict = verdictOf(lowJ, highJ, budget.limitJ)
    const reason = verdict === 'inconclusive' ? 'the limit lies inside the 95 % interval' : null
    return { ...budget, verdict, reason }
  }
  if (
    (state === 'rough' || state === 'below-resolution' || state === 'shared') &&
    boundsJ !== null
  ) {
    const verdict = verdictOf(boundsJ[0], boundsJ[1], budget.limitJ)
    if (verdict !== 'inconclusive') return { ...budget, verdict, reason: null }
  }
  return { ...budget, verdict: 'unchecked', reason: figure.reason ?? unjudged[state] }
}

const unjudged: Record<FigureState, string> = {
  measured: 'its interval is not known',
  rough: 'the figure is too rough to compare with the limit',
  'below-resolution': 'it is too short for the meter to tell apart',
  shared: 'other tests ran at the same time',
  disturbed: 'other programs used the machine',
  gap: 'the meter was silent during it',
  fault: 'the meter contradicts itself',
  'no-meter': 'there was no meter',
}

const severity: readonly Verdict[] = ['within', 'inconclusive', 'unchecked', 'over']

/** The worst of `over`, `unchecked`, `inconclusive`, `within`. @returns `null` without verdicts */
export function worstVerdict(verdicts: Iterable<Verdict>): Verdict | null {
  let worst: Verdict | null = null
  for (const verdict of verdicts) {
    if (worst === null || severity.indexOf(verdict) > severity.indexOf(worst)) worst = verdict
  }
  return worst
}
