import { EnergyError, quoted } from './errors.ts'
import { nearestNames } from './nearest.ts'
import { parseEnergyLimit } from './units.ts'
import type { EnergyPerOpText, EnergyText } from './units.ts'

/** What `energy({ … })` takes; every field has a default. */
export interface EnergyOptions {
  /** `false`: as if not installed. @default true. Environment: `VITEST_ENERGY=0` */
  enabled?: boolean
  /**
   * `'auto'` uses powermetrics on macOS; `'powermetrics'` tries it on any system; `'none'` reads no
   * meter. @default 'auto'. Environment: `VITEST_ENERGY_METER`
   */
  meter?: 'auto' | 'powermetrics' | 'none'
  /** Asked length of a sample, ms, 20 … 10,000. @default 100. Environment: `VITEST_ENERGY_INTERVAL` */
  interval?: number
  powermetrics?: {
    /** @default '/usr/bin/powermetrics'. Environment: `VITEST_ENERGY_POWERMETRICS` */
    path?: string
    /** `'auto'`: through `sudo -n` unless root. @default 'auto' */
    sudo?: 'auto' | boolean
  }
  /** Quiet watched before the first test, ms. @default 'auto': 1000 with budgets or benches, else 0 */
  idle?: number | 'auto'
  /** A budget that could not be judged, or no meter, fails the run. @default false. Environment: `VITEST_ENERGY_REQUIRED=1` */
  required?: boolean
  /** One test at a time, so that each has figures of its own. @default false. Environment: `VITEST_ENERGY_SERIAL=1` */
  serial?: boolean
  /** Measure in watch mode. @default false */
  watch?: boolean
  /** Limits by pattern (`'file > suite > test'`), and `run` for the whole run. */
  budgets?: { run?: EnergyText; [pattern: string]: EnergyText | EnergyPerOpText | undefined }
  bench?:
    | 'quick'
    | {
        /** Least number of rounds. @default 10 */
        rounds?: number
        /** Whole samples in a block. @default 5 */
        samplesPerBlock?: number
        /** Half-width of the 95 % interval to reach, as a part of the value. @default 0.02 */
        precision?: number
        /** Longest energy phase of one case, ms. @default 15,000 */
        maxTime?: number
      }
  /** Reserved for stored earlier results. */
  baseline?: string
  /** `true`, or a path relative to the root. Environment: `VITEST_ENERGY_JSON` (path) */
  report?: {
    json?: boolean | string
    html?: boolean | string
    markdown?: boolean | string
    journal?: boolean | string
  }
}

/** A limit as declared in the config. */
export interface ConfigBudget {
  pattern: string
  perOp: boolean
  budget: { limitJ: number; text: string; source: string }
}

export const reportKinds = ['json', 'html', 'markdown', 'journal'] as const
export type ReportKind = (typeof reportKinds)[number]

export interface ResolvedOptions {
  enabled: boolean
  meter: 'auto' | 'powermetrics' | 'none'
  intervalMs: number
  powermetrics: { path: string; pathGiven: boolean; sudo: 'auto' | boolean }
  idleMs: number | 'auto'
  required: boolean
  serial: boolean
  watch: boolean
  budgets: ConfigBudget[]
  runBudget: ConfigBudget['budget'] | null
  bench: {
    rounds: number
    samplesPerBlock: number
    precision: number
    maxTimeMs: number
    quick: boolean
  }
  report: Record<ReportKind, boolean | string>
}

/** Where macOS has it. */
export const defaultPath = '/usr/bin/powermetrics'
const quickBench = { rounds: 3, samplesPerBlock: 3, precision: 0.1, maxTimeMs: 5000, quick: true }

const optionNames = [
  'enabled',
  'meter',
  'interval',
  'powermetrics',
  'idle',
  'required',
  'serial',
  'watch',
  'budgets',
  'bench',
  'baseline',
  'report',
] as const satisfies readonly (keyof EnergyOptions)[]

type Fields = Record<string, unknown>

function fieldsOf(name: string, value: unknown, known?: readonly string[]): Fields {
  if (value === undefined) return {}
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw EnergyError.of('OPTION_INVALID', name || 'options', quoted(value), 'an object')
  }
  for (const key of Object.keys(value)) {
    if (known !== undefined && !known.includes(key)) {
      const prefix = name === '' ? '' : `${name}.`
      const near = nearestNames(key, known)[0]
      throw EnergyError.of('OPTION_UNKNOWN', `${prefix}${key}`, near ?? null, known)
    }
  }
  return value as Fields
}

function booleanOf(name: string, value: unknown, fallback: boolean): boolean {
  if (value === undefined) return fallback
  if (typeof value === 'boolean') return value
  throw EnergyError.of('OPTION_INVALID', name, quoted(value), '`true` or `false`')
}

/** `1` or `0`. A mistyped `VITEST_ENERGY_REQUIRED` would otherwise let every run pass. */
function switchOf(name: string, env: NodeJS.ProcessEnv): boolean | undefined {
  const text = env[name]
  if (!text) return undefined
  if (text === '1' || text === 'true') return true
  if (text === '0' || text === 'false') return false
  throw EnergyError.of('OPTION_INVALID', name, quoted(text), '`1` or `0`')
}

interface Range {
  min: number
  max: number
  unit: string
  whole?: boolean
  /** environment variable that the value is from */
  variable?: string | undefined
}

/** A value as it should stand in a message, with the variable that it is from. */
const seenIn = (variable: string | undefined, value: unknown): string =>
  variable === undefined ? quoted(value) : `${quoted(value)} (from ${variable})`

function numberOf(name: string, value: unknown, fallback: number, range: Range): number {
  if (value === undefined) return fallback
  const { min, max, unit, whole, variable } = range
  const fits =
    typeof value === 'number' && value >= min && value <= max && !(whole && value % 1 !== 0)
  if (fits) return value
  const kind = whole ? 'a whole number' : 'a number'
  const expected = `${kind} from ${min} to ${max}${unit}`
  throw EnergyError.of('OPTION_INVALID', name, seenIn(variable, value), expected)
}

interface Choice<T> {
  allowed: readonly T[]
  fallback: T
  /** environment variable that the value is from */
  variable?: string | undefined
}

function oneOf<const T>(
  name: string,
  value: unknown,
  { allowed, fallback, variable }: Choice<T>,
): T {
  if (value === undefined) return fallback
  const found = allowed.find((candidate) => candidate === value)
  if (found !== undefined) return found
  const expected = `one of ${allowed.map((each) => `\`${String(each)}\``).join(', ')}`
  throw EnergyError.of('OPTION_INVALID', name, seenIn(variable, value), expected)
}

function budgetsOf(
  value: unknown,
  configFile: string,
): Pick<ResolvedOptions, 'budgets' | 'runBudget'> {
  const budgets: ConfigBudget[] = []
  let runBudget: ResolvedOptions['runBudget'] = null
  for (const [pattern, text] of Object.entries(fieldsOf('budgets', value))) {
    if (text === undefined) continue
    const source = `${configFile}: budgets[${quotedKey(pattern)}]`
    const parsed = parseEnergyLimit(text)
    const form =
      pattern === 'run'
        ? '`400 J` (the run has no `/op`)'
        : '`5 mJ` for a test, `2 mJ/op` for a bench case'
    if (parsed === undefined || (pattern === 'run' && parsed.perOp)) {
      throw EnergyError.of('BUDGET_TEXT', `\`${source}\``, quoted(text), form)
    }
    const budget = { limitJ: parsed.limit, text: parsed.text, source }
    if (pattern === 'run') runBudget = budget
    else budgets.push({ pattern, perOp: parsed.perOp, budget })
  }
  return { budgets, runBudget }
}

const quotedKey = (key: string): string => `'${key.replaceAll("'", "\\'")}'`

function benchOf(value: unknown): ResolvedOptions['bench'] {
  if (value === 'quick') return quickBench
  if (typeof value === 'string') {
    throw EnergyError.of('OPTION_INVALID', 'bench', quoted(value), '`quick` or an object')
  }
  const bench = fieldsOf('bench', value, ['rounds', 'samplesPerBlock', 'precision', 'maxTime'])
  const range = { min: 0.001, max: 0.5, unit: '' }
  const count = { min: 3, max: 1000, unit: '', whole: true }
  const time = { min: 500, max: 3_600_000, unit: ' ms' }
  return {
    rounds: numberOf('bench.rounds', bench['rounds'], 10, count),
    samplesPerBlock: numberOf('bench.samplesPerBlock', bench['samplesPerBlock'], 5, count),
    precision: numberOf('bench.precision', bench['precision'], 0.02, range),
    maxTimeMs: numberOf('bench.maxTime', bench['maxTime'], 15_000, time),
    quick: false,
  }
}

function reportOf(value: unknown, jsonPath: string | undefined): ResolvedOptions['report'] {
  const report = fieldsOf('report', value, reportKinds)
  const pathOf = (kind: ReportKind): boolean | string => {
    const given = report[kind] ?? false
    if (typeof given === 'boolean' || (typeof given === 'string' && given !== '')) return given
    throw EnergyError.of('OPTION_INVALID', `report.${kind}`, quoted(given), '`true` or a path')
  }
  return {
    json: jsonPath ?? pathOf('json'),
    html: pathOf('html'),
    markdown: pathOf('markdown'),
    journal: pathOf('journal'),
  }
}

/** A number where the text is one, else the text, so that the message shows what was seen. */
const numberOr = (text: string): number | string =>
  Number.isNaN(Number(text)) ? text : Number(text)

/** The environment's word over the option's. */
function fromEnvironment(env: NodeJS.ProcessEnv, given: Fields): Fields {
  const read = (name: string): string | undefined => env[name] || undefined
  const interval = read('VITEST_ENERGY_INTERVAL')
  return {
    ...given,
    enabled: switchOf('VITEST_ENERGY', env) ?? given['enabled'],
    meter: read('VITEST_ENERGY_METER') ?? given['meter'],
    interval: interval === undefined ? given['interval'] : numberOr(interval),
    required: switchOf('VITEST_ENERGY_REQUIRED', env) ?? given['required'],
    serial: switchOf('VITEST_ENERGY_SERIAL', env) ?? given['serial'],
  }
}

/**
 * What the user wrote → what the tool does. The only reader of defaults and environment.
 * @param configFile where the user wrote it, for messages, such as `vitest.config.ts`
 * @throws {EnergyError} `OPTION_UNKNOWN`, `OPTION_INVALID`, `BUDGET_TEXT`
 */
export function resolveOptions(
  given: unknown,
  env: NodeJS.ProcessEnv,
  configFile = 'config',
): ResolvedOptions {
  const options = fromEnvironment(env, fieldsOf('', given, optionNames))
  const powermetrics = fieldsOf('powermetrics', options['powermetrics'], ['path', 'sudo'])
  const path = env['VITEST_ENERGY_POWERMETRICS'] || powermetrics['path']
  if (path !== undefined && (typeof path !== 'string' || path === '')) {
    throw EnergyError.of('OPTION_INVALID', 'powermetrics.path', quoted(path), 'a path')
  }
  const { idle, interval } = options
  const ifSet = (variable: string): string | undefined => (env[variable] ? variable : undefined)
  const intervalVariable = ifSet('VITEST_ENERGY_INTERVAL')
  const intervalRange = { min: 20, max: 10_000, unit: ' ms', variable: intervalVariable }
  return {
    enabled: booleanOf('enabled', options['enabled'], true),
    meter: oneOf('meter', options['meter'], {
      allowed: ['auto', 'powermetrics', 'none'],
      fallback: 'auto',
      variable: ifSet('VITEST_ENERGY_METER'),
    }),
    intervalMs: numberOf('interval', interval, 100, intervalRange),
    powermetrics: {
      path: path ?? defaultPath,
      pathGiven: path !== undefined,
      sudo: oneOf('powermetrics.sudo', powermetrics['sudo'], {
        allowed: ['auto', true, false],
        fallback: 'auto',
      }),
    },
    idleMs:
      idle === undefined || idle === 'auto'
        ? 'auto'
        : numberOf('idle', idle, 0, { min: 0, max: 600_000, unit: ' ms, or `auto`' }),
    required: booleanOf('required', options['required'], false),
    serial: booleanOf('serial', options['serial'], false),
    watch: booleanOf('watch', options['watch'], false),
    ...budgetsOf(options['budgets'], configFile),
    bench: benchOf(options['bench']),
    report: reportOf(options['report'], env['VITEST_ENERGY_JSON'] || undefined),
  }
}
