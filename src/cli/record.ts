import { once } from 'node:events'
import { appendFileSync } from 'node:fs'
import { constants } from 'node:os'
import { resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { execa } from 'execa'
import type { Reading } from '../energy/sample.ts'
import { EnergyError } from '../errors.ts'
import { meterOptionsOf } from '../meters/availability.ts'
import { chooseMeter } from '../meters/choose.ts'
import type { MeterOptions, MeterProblem, RunningMeter } from '../meters/meter.ts'
import { beginFile, Recording } from './recording.ts'
import { printReport } from './report.ts'
import { readJournal, readingOf } from '../journal.ts'
import { costBetween, costText, referenceMs, watchMs, watchReference } from './sampler-cost.ts'
import { testClock } from '../test-clock.ts'
import type { Surroundings } from './surroundings.ts'

export interface RecordOptions {
  /** path of the journal; `undefined`: a new one in this folder */
  output: string | undefined
  raw: boolean
  intervalMs: number | undefined
  /** program and arguments; empty: until Ctrl-C */
  command: readonly string[]
}

/** Quiet before and after the command, so that idle power is known, ms. */
const quietMs = 1000

const dated = (): string =>
  `vitest-energy-${new Date().toISOString().slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '-')}.jsonl`

const noMeter = ({ reason, mend }: MeterProblem): EnergyError =>
  EnergyError.of('METER_NONE', reason, mend ?? 'see `npx vitest-energy doctor`')

const wait = (): void => {}

/** Settles with the first Ctrl-C, when we are told to end, or when the meter does. */
async function interruption(died: Promise<MeterProblem>): Promise<MeterProblem | null> {
  const over = new AbortController()
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP']
  const told = signals.map(async (name) => {
    await once(process, name, { signal: over.signal })
    return null
  })
  // the meter does not keep this process alive, and nothing else runs
  const alive = setInterval(wait, 60_000)
  try {
    return await Promise.race([...told, died])
  } finally {
    clearInterval(alive)
    for (const promise of told) promise.catch(wait)
    over.abort()
  }
}

/** Runs the command in the user's terminal. @returns its exit code as a shell tells it */
async function runCommand(
  system: Surroundings,
  recording: Recording,
  [file = '', ...args]: readonly string[],
): Promise<number> {
  recording.beginCommand()
  const begin = testClock()
  const child = execa(file, args, { stdio: 'inherit', reject: false, cwd: system.cwd })
  // Ctrl-C reaches it by the terminal, and we wait for it; SIGTERM to us is passed on
  const pass = (): void => void child.kill('SIGTERM')
  process.on('SIGINT', wait).on('SIGTERM', pass)
  const { exitCode, signal, code, shortMessage } = await child
  process.off('SIGINT', wait).off('SIGTERM', pass)
  const started = child.pid !== undefined
  recording.endCommand([file, ...args].join(' '), exitCode === 0, (testClock() - begin) / 1e6)
  if (!started) throw EnergyError.of('CLI_COMMAND', file, code ?? shortMessage ?? 'unknown error')
  return exitCode ?? 128 + (signal === undefined ? 1 : constants.signals[signal])
}

async function measure(
  system: Surroundings,
  recording: Recording,
  { command }: RecordOptions,
  died: Promise<MeterProblem>,
): Promise<number> {
  if (command.length === 0) {
    system.stderr.write(`recording to ${recording.path}, Ctrl-C ends it\n`)
    return (await interruption(died)) === null ? 0 : 1
  }
  await sleep(quietMs)
  const code = await runCommand(system, recording, command)
  await sleep(quietMs)
  return code
}

async function stopMeter(meter: RunningMeter, recording: Recording): Promise<void> {
  const leaked = await meter.stop()
  const message = `powermetrics (pid ${leaked}) did not end; stop it with: sudo kill ${leaked}`
  recording.end(leaked === null ? [] : [{ code: 'meter-leaked', message }])
}

/** The last two seconds of a recording; `null` when it is shorter. */
function lastReadings(path: string): Reading[] | null {
  const lines = readJournal(path).filter((line) => line.type === 'sample')
  const last: Reading[] = []
  let lengthMs = 0
  while (lengthMs < watchMs) {
    const line = lines.pop()
    if (line === undefined) return null
    last.push(readingOf(line))
    lengthMs += (line.ns ?? 0) / 1e6
  }
  return last
}

/** Compares the end of a recording of the idle machine with two seconds of rare samples. */
async function tellSamplerCost(
  system: Surroundings,
  path: string,
  options: MeterOptions,
): Promise<void> {
  const asked = options.intervalMs < referenceMs ? lastReadings(path) : null
  if (asked === null) return
  system.stderr.write('watching what sampling itself costs for 3 s, Ctrl-C skips it\n')
  const skip = new AbortController()
  const stop = (): void => skip.abort()
  process.once('SIGINT', stop)
  const cost = costBetween(options.intervalMs, asked, await watchReference(options, skip.signal))
  process.off('SIGINT', stop)
  if (skip.signal.aborted) return
  const text = 'reason' in cost ? `sampler cost not known: ${cost.reason}` : costText(cost)
  system.stdout.write(`${text}\n`)
}

/**
 * Journals the meter's readings, alone or while a command runs.
 * @returns exit code, that of the command if there is one
 * @throws {EnergyError} `METER_NONE`, `METER_PATH`, `CLI_FILE`, `CLI_COMMAND`
 */
export async function record(system: Surroundings, options: RecordOptions): Promise<number> {
  const given =
    options.intervalMs === undefined ? {} : { VITEST_ENERGY_INTERVAL: String(options.intervalMs) }
  const meterOptions = meterOptionsOf({}, { ...system.env, ...given })
  const choice = chooseMeter(meterOptions)
  if (!('start' in choice)) throw noMeter(choice)
  const path = resolve(system.cwd, options.output ?? dated())
  const recording = new Recording(path, meterOptions.intervalMs, quietMs)
  const rawPath = `${path}.plist`
  if (options.raw) beginFile(rawPath, '')
  let tellDeath: (problem: MeterProblem) => void = wait
  const died = new Promise<MeterProblem>((settle) => {
    tellDeath = settle
  })
  const onBytes = (chunk: Uint8Array): void => appendFileSync(rawPath, chunk)
  const meter = choice.start(
    recording.events({ problem: tellDeath, ...(options.raw ? { bytes: onBytes } : {}) }),
  )
  const abandon = (): void => meter.abandon()
  process.once('exit', abandon)
  let code: number
  try {
    const outcome = await meter.ready
    if ('state' in outcome) throw noMeter(outcome)
    code = await measure(system, recording, options, died)
  } finally {
    await stopMeter(meter, recording)
    process.off('exit', abandon)
  }
  const out = options.command.length === 0 ? system.stdout : system.stderr
  printReport(path, { ...system, stdout: out }, false)
  out.write(`${options.raw ? `${path}, ${rawPath}` : path}\n`)
  if (options.command.length === 0 && code === 0) await tellSamplerCost(system, path, meterOptions)
  return code
}
