import { homedir, hostname } from 'node:os'
import { EnergyError } from '../errors.ts'
import type { MeterOptions, MeterProblem } from '../meters/meter.ts'
import { meterOptionsOf } from '../meters/availability.ts'
import { chooseMeter } from '../meters/choose.ts'
import type { MeterChoice } from '../meters/choose.ts'
import { commandFor, powermetricsArguments, samplerLists } from '../meters/powermetrics/command.ts'
import { burnCore } from './burn.ts'
import type { Check } from './checks/check.ts'
import { failure, ok, skipped, warning } from './checks/check.ts'
import { checkCores } from './checks/cores.ts'
import { checkMachine } from './checks/machine.ts'
import { checkPermission } from './checks/permission.ts'
import { checkPowerState } from './checks/power-state.ts'
import { checkNeighbours } from './checks/processes.ts'
import { listPrograms } from '../programs.ts'
import { checkProject } from './checks/project.ts'
import { checkTrial, finenessOf } from './checks/trial.ts'
import type { Fineness } from './checks/trial.ts'
import { renderDiagnosis, summarise } from './doctor-text.ts'
import type { Diagnosis } from './doctor-text.ts'
import { costText, measureSamplerCost } from './sampler-cost.ts'
import type { SamplerCost, UnknownCost } from './sampler-cost.ts'
import { sampleRaw } from './sampling.ts'
import type { Surroundings } from './surroundings.ts'
import { tryMeter } from './trial.ts'
import { version } from './version.ts'

export interface DoctorOptions {
  json: boolean
  intervalMs: number | undefined
}

interface Found {
  checks: Check[]
  /** the meter gave what it should */
  measures: boolean
  /** `null` when it cannot be told */
  fineness: Fineness | null
  samplerCost: SamplerCost | null
}

const none = (checks: Check[]): Found => ({
  checks,
  measures: false,
  fineness: null,
  samplerCost: null,
})

/** Checks that a failure before them makes pointless. */
const notTried = skipped(
  'meter',
  'permission, first record, interval, clock, load and quietness were not tried',
)

const word = (name: string): RegExp =>
  new RegExp(`(?<![\\w-])${name.replaceAll(/[^\w-]/g, String.raw`\$&`)}(?![\\w-])`, 'g')

/** Words of sudo or powermetrics: they may name the user and the machine. */
const ofProblem = ({ user }: Surroundings, { reason, mend }: MeterProblem): Check =>
  failure(
    'meter',
    reason.replaceAll(word(hostname()), 'HOST').replaceAll(word(user.name), 'USER'),
    mend,
  )

/** A record taken while a core is busy. */
async function busyRecord(
  system: Surroundings,
  options: MeterOptions,
): Promise<string | undefined> {
  const choice = { path: options.path, sudo: options.sudo, isRoot: system.user.uid === 0 }
  for (const samplers of samplerLists) {
    const args = powermetricsArguments(options.intervalMs, samplers)
    const [{ records }] = await Promise.all([
      sampleRaw(commandFor(choice, args), { records: 4, timeoutMs: 3000 + 4 * options.intervalMs }),
      burnCore(600 + 4 * options.intervalMs),
    ])
    const last = records.at(-1)
    if (last !== undefined) return last.text
  }
  return undefined
}

/** What must be as it should, besides what fails, before two intervals can be compared. */
const neededForCost = new Set(['interval', 'counters'])

/** What sampling itself costs; a meter that does not measure, or seldom, is not asked. */
async function costOf(
  options: MeterOptions,
  found: readonly Check[],
): Promise<SamplerCost | UnknownCost> {
  const isSound = found.every(
    ({ id, state }) => state === 'ok' || (state === 'warning' && !neededForCost.has(id)),
  )
  return isSound ? measureSamplerCost(options) : { reason: 'the checks above come first' }
}

const checkCost = (cost: SamplerCost | UnknownCost): Check =>
  'reason' in cost
    ? skipped('sampler', `its cost is not known: ${cost.reason}`)
    : ok('sampler', costText(cost))

async function checkMeter(
  system: Surroundings,
  options: MeterOptions,
  choice: MeterChoice,
): Promise<Found> {
  // asked before ours runs
  const programs = await listPrograms((file, args) => system.run(file, args))
  const before = checkNeighbours(system, programs)
  const trial = await tryMeter(choice, options.intervalMs)
  if ('state' in trial) return none([...before, ofProblem(system, trial)])
  const found = checkTrial(trial, programs)
  const thermal = trial.readings.at(-1)?.thermalPressure ?? null
  const cost = await costOf(options, found)
  const state = await checkPowerState(system, thermal)
  const cores = checkCores(await busyRecord(system, options))
  const checks = [...before, ...found, checkCost(cost), state, cores]
  const measures = checks.every(({ state }) => state !== 'failure')
  const samplerCost = 'reason' in cost ? null : cost
  return { checks, measures, fineness: finenessOf(trial), samplerCost }
}

/** Looks at everything, cheapest first; starts nothing as root before the machine can have a meter. */
async function examine(system: Surroundings, options: MeterOptions): Promise<Found> {
  const tried = options.pathGiven || options.meter === 'powermetrics'
  const machine = await checkMachine(system, tried)
  if (machine.state === 'failure') return none([machine, notTried])
  const choice = chooseMeter(options)
  if (!('start' in choice)) return none([machine, ofProblem(system, choice), notTried])
  const permission = await checkPermission(system, options)
  const isForbidden = permission.some(({ state }) => state === 'failure')
  const { checks, ...outcome } = await checkMeter(system, options, choice)
  // a rule that was not understood, or a password that sudo still remembers
  if (isForbidden && !outcome.measures) return none([machine, ...permission, notTried])
  const seen = isForbidden ? permission.map(asWarning) : permission
  return { checks: [machine, ...seen, ...checks], ...outcome }
}

const asWarning = (check: Check): Check =>
  check.state === 'failure'
    ? warning(check.id, `${check.evidence}; yet sudo allows it for now`, check.mend)
    : check

/** Folders say who somebody is. */
const withoutFolders = (system: Surroundings, text: string): string =>
  text.replaceAll(`${system.cwd}/`, '').replaceAll(homedir(), '~')

/** What the environment asks for, and what was found with it. */
async function examineAsAsked(system: Surroundings, env: NodeJS.ProcessEnv): Promise<Found> {
  try {
    return await examine(system, meterOptionsOf({}, env))
  } catch (error) {
    if (!(error instanceof EnergyError)) throw error
    const [what = '', mend] = error.message.split('\n')
    return none([failure('options', what, mend?.trim() ?? null), notTried])
  }
}

/** Examines this system, with nothing private in the outcome. */
export async function diagnose(
  system: Surroundings,
  intervalMs: number | undefined,
): Promise<Diagnosis> {
  const given = intervalMs === undefined ? {} : { VITEST_ENERGY_INTERVAL: String(intervalMs) }
  const examined = await examineAsAsked(system, { ...system.env, ...given })
  const clean = (text: string): string => withoutFolders(system, text)
  const checks = [...examined.checks, ...checkProject(system.cwd)].map(
    ({ id, state, evidence, mend }) => ({
      id,
      state,
      evidence: clean(evidence),
      mend: mend === null ? null : clean(mend),
    }),
  )
  const available = examined.measures && checks.every(({ state }) => state !== 'failure')
  const fineness = available ? examined.fineness : null
  return {
    schema: 'vitest-energy-doctor/1',
    version: version(),
    available,
    summary: summarise(checks, available, fineness),
    shortestTestMs: fineness?.testMs ?? null,
    benchPrecision: fineness?.bench ?? null,
    samplerCost: examined.samplerCost,
    checks,
  }
}

/**
 * Prints what a run here would be worth.
 * @returns exit code: 0 only when a run would measure
 */
export async function doctor(system: Surroundings, options: DoctorOptions): Promise<number> {
  const diagnosis = await diagnose(system, options.intervalMs)
  system.stdout.write(
    options.json ? `${JSON.stringify(diagnosis, null, 2)}\n` : renderDiagnosis(diagnosis, system),
  )
  return diagnosis.available ? 0 : 1
}
