import { existsSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { gzipSync } from 'node:zlib'
import { EnergyError } from '../errors.ts'
import { meterOptionsOf } from '../meters/availability.ts'
import { powermetricsArguments, samplerLists } from '../meters/powermetrics/command.ts'
import type { Command } from '../meters/powermetrics/command.ts'
import { burnPulses } from './burn.ts'
import type { Pulse } from './burn.ts'
import { diagnose } from './doctor.ts'
import {
  againstSummary,
  briefOf,
  outputDelayMs,
  samplesOf,
  withoutIdentity,
} from './evidence-answers.ts'
import type { BriefReading } from './evidence-answers.ts'
import { isVirtualMachine } from './machine.ts'
import { asRoot, sudoRefusal } from './privileged.ts'
import { beginFile } from './recording.ts'
import { sampleRaw } from './sampling.ts'
import type { RawRecord } from './sampling.ts'
import type { Surroundings } from './surroundings.ts'

/** One run of the meter for the pack. */
interface Experiment {
  name: string
  intervalMs: number
  /** after the usual arguments */
  extra?: string[]
  /** in place of `-b 0` */
  buffer?: '0' | '1'
  records: number
  load: 'none' | 'steady' | 'pulses'
  /** ask for an immediate sample after the third record */
  immediate?: boolean
}

interface ExperimentResult {
  name: string
  args: string[]
  exitCode: number | null
  stderr: string
  firstRecordMs: number | null
  /** CPU time of powermetrics itself up to its last record but one, as `ps` prints it */
  meterCpuTime: string | null
  pulses: Pulse[]
  readings: BriefReading[]
  /** the first ten, and the last */
  records: string[]
}

const quietAndBusy = (intervalMs: number, records: number): Experiment[] => [
  { name: `idle ${intervalMs} ms`, intervalMs, records, load: 'none' },
  { name: `busy ${intervalMs} ms`, intervalMs, records, load: 'steady' },
]

/** Everything that is asked of a real Mac. */
const plan: readonly Experiment[] = [
  ...quietAndBusy(50, 100),
  ...quietAndBusy(100, 50),
  ...quietAndBusy(250, 20),
  ...quietAndBusy(1000, 5),
  { name: 'pulses', intervalMs: 50, records: 270, load: 'pulses' },
  {
    name: 'usage summary',
    intervalMs: 250,
    records: 22,
    load: 'steady',
    extra: ['-n', '20', '--show-usage-summary'],
  },
  { name: 'line buffer', intervalMs: 100, records: 30, load: 'none', buffer: '1' },
  {
    name: 'invalid values',
    intervalMs: 100,
    records: 3,
    load: 'none',
    extra: ['--handle-invalid-values'],
  },
  { name: 'immediate sample', intervalMs: 1000, records: 7, load: 'none', immediate: true },
]

/** Where there is no meter: only what powermetrics says of it. */
const virtualPlan: readonly Experiment[] = [
  { name: 'virtual machine', intervalMs: 100, records: 3, load: 'none' },
]

/** 317 ms are no multiple of the interval, so that every phase of a sample is met. */
const loadOf = ({ load, intervalMs, records }: Experiment): Promise<Pulse[]> => {
  if (load === 'none') return Promise.resolve([])
  return load === 'steady'
    ? burnPulses({ count: 1, pauseMs: 600, burnMs: intervalMs * records })
    : burnPulses({ count: 20, pauseMs: 317, burnMs: 300 })
}

async function meterCpuTime(system: Surroundings): Promise<string | null> {
  const { stdout } = await system.run('ps', ['-A', '-o', 'time=', '-o', 'comm='])
  return /^\s*(\S+)\s+(?:.*\/)?powermetrics$/m.exec(stdout)?.[1] ?? null
}

/** SIGINFO does not exist on Linux; the emulator takes another in its place. */
function askForSample(pid: number, platform: NodeJS.Platform): void {
  try {
    process.kill(pid, platform === 'darwin' ? 'SIGINFO' : 'SIGUSR2')
  } catch {}
}

function argumentsOf(
  { intervalMs, buffer = '0', extra = [] }: Experiment,
  samplers: string,
): string[] {
  const [flag = '-b', , ...rest] = powermetricsArguments(intervalMs, samplers)
  return [flag, buffer, ...rest, ...extra]
}

async function perform(
  system: Surroundings,
  experiment: Experiment,
  commandOf: (args: string[]) => Command,
): Promise<ExperimentResult> {
  const { name, intervalMs, records: wanted, immediate = false } = experiment
  let cpuTime: Promise<string | null> = Promise.resolve(null)
  let seen = 0
  const onRecord = (_record: RawRecord, pid: number): void => {
    seen += 1
    if (seen === wanted - 1) cpuTime = meterCpuTime(system)
    if (immediate && seen === 3) setTimeout(() => askForSample(pid, system.platform), 300)
  }
  for (const samplers of samplerLists) {
    const args = argumentsOf(experiment, samplers)
    const options = { records: wanted, timeoutMs: 5000 + 2 * intervalMs * wanted, onRecord }
    const [sampling, pulses] = await Promise.all([
      sampleRaw(commandOf(args), options),
      loadOf(experiment),
    ])
    const { records, stderr, exitCode, firstRecordMs } = sampling
    if (/unrecognized sampler/.test(stderr) && samplers === samplerLists[0]) continue
    const kept = [...records.slice(0, 10), ...records.slice(10).slice(-1)]
    return {
      name,
      args,
      exitCode,
      stderr,
      firstRecordMs,
      meterCpuTime: await cpuTime,
      pulses,
      readings: records.map(briefOf),
      records: kept.map(({ text }) => withoutIdentity(text)),
    }
  }
  throw EnergyError.of('METER_NONE', 'powermetrics knows none of the samplers', 'update macOS')
}

function answersOf(results: readonly ExperimentResult[]): Record<string, unknown> {
  const of = (name: string): ExperimentResult | undefined =>
    results.find((result) => result.name === name)
  const pulses = of('pulses')
  return {
    outputDelayMs:
      pulses === undefined ? null : outputDelayMs(samplesOf(pulses.readings), pulses.pulses),
    usageSummary: againstSummary(of('usage summary')?.readings ?? []),
  }
}

/** Tells why, asks, and has sudo ask for the password now rather than in the middle. */
async function consent(system: Surroundings, yes: boolean): Promise<boolean> {
  const { stderr, user, interactive } = system
  if (user.uid === 0) return true
  if (!interactive && !yes) throw EnergyError.of('CLI_TERMINAL', 'doctor --evidence')
  stderr.write(`This runs powermetrics for about two minutes, with arguments that the rules of setup refuse
(--show-usage-summary, -n, -b 1), so sudo will ask for your password. The pack holds raw records of
the power meter and what doctor prints; no names of users, machines, programs or folders.\n`)
  if (!yes && !(await system.ask('Go on? [y/N] '))) return false
  const refusal = await asRoot(system, ['/usr/bin/true'])
  if (refusal.code !== 0) throw sudoRefusal(refusal) ?? EnergyError.of('SETUP_INTERRUPTED')
  return true
}

/**
 * Writes the pack that answers the open questions about powermetrics on a real Mac.
 * @returns exit code
 * @throws {EnergyError} `CLI_*`, `SUDO_*`, `METER_NONE`
 */
export async function writeEvidence(
  system: Surroundings,
  { file, yes }: { file: string; yes: boolean },
): Promise<number> {
  const { path: meter } = meterOptionsOf({}, system.env)
  if (!existsSync(meter)) {
    throw EnergyError.of('METER_NONE', 'there is no powermetrics here', 'run it on a Mac')
  }
  const path = resolve(system.cwd, file)
  if (!(await consent(system, yes))) return 1
  beginFile(path, '')
  const isRoot = system.user.uid === 0
  const commandOf = (args: string[]): Command =>
    isRoot ? { file: meter, args } : { file: 'sudo', args: ['-n', meter, ...args] }
  const diagnosis = await diagnose(system, undefined)
  const results: ExperimentResult[] = []
  for (const experiment of (await isVirtualMachine(system)) ? virtualPlan : plan) {
    system.stderr.write(`  ${experiment.name}\n`)
    results.push(await perform(system, experiment, commandOf))
  }
  const schema = 'vitest-energy-evidence/1'
  const pack = JSON.stringify({
    schema,
    diagnosis,
    answers: answersOf(results),
    experiments: results,
  })
  writeFileSync(path, path.endsWith('.gz') ? gzipSync(pack) : pack)
  system.stdout.write(`${path}\n`)
  return 0
}
