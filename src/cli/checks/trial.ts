import { idlePowerOf } from '../../energy/idle.ts'
import type { Sample } from '../../energy/sample.ts'
import { totalOf } from '../../energy/sample.ts'
import { formatEnergy, formatPower } from '../../units.ts'
import type { Trial } from '../trial.ts'
import type { Check } from './check.ts'
import { failure, ok, warning } from './check.ts'
import { busiest } from '../../programs.ts'
import type { RunningProgram } from '../../programs.ts'

/** How finely a run here would measure. */
export interface Fineness {
  /** shortest test that gets a figure of its own, ms */
  testMs: number
  /** half-width of a bench case's interval after ten rounds, part of the value */
  bench: number
}

const energyIn = ({ energy }: Sample): number => totalOf(energy ?? {})
const lengthMs = ({ start, end }: Sample): number => (end - start) / 1e6

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

function deviation(values: readonly number[]): number {
  const middle = mean(values)
  const squares = values.reduce((sum, value) => sum + (value - middle) ** 2, 0)
  return Math.sqrt(squares / Math.max(1, values.length - 1))
}

/** samples that lie wholly in the busy second */
const busySamples = ({ samples, busy }: Trial): Sample[] =>
  samples.filter((sample) => sample.start >= busy.start && sample.end <= busy.end)

const quietSamples = ({ samples, busy }: Trial): Sample[] =>
  samples.filter((sample) => sample.end <= busy.start && sample.energy !== null)

/** Time between changes of the counters, ms: samples of zero are waiting for the next lump. */
function cadenceMs({ samples }: Trial): number {
  const known = samples.filter(({ energy }) => energy !== null)
  const changed = known.filter((sample) => energyIn(sample) > 0).length
  return known.reduce((sum, sample) => sum + lengthMs(sample), 0) / Math.max(1, changed)
}

function checkFirstRecord({ firstRecordMs, identity, intervalMs }: Trial): Check {
  const seconds = (firstRecordMs / 1000).toFixed(2)
  const evidence = `first record after ${seconds} s, with ${identity.domains.join(', ')}${identity.emulated ? ' (invented by an emulator)' : ''}`
  return firstRecordMs <= 3000 + intervalMs
    ? ok('first-record', evidence)
    : warning('first-record', evidence, 'expected within 3 s: the machine may be overloaded')
}

const backgroundMend =
  "set ProcessType to Interactive in the runner's launchd plist, then reload it"

function checkInterval({ clock, intervalMs }: Trial): Check {
  const realMs = (clock.medianSample ?? NaN) / 1e6
  const evidence = `samples last ${realMs.toFixed(0)} ms where ${intervalMs} ms are asked for`
  if (realMs <= 1.5 * intervalMs) return ok('interval', evidence)
  // 248 ms for 100 is what launchd's background class makes of timers
  return realMs / intervalMs > 2 && realMs / intervalMs < 3.5
    ? warning('interval', `${evidence}: this process runs at background priority`, backgroundMend)
    : warning('interval', evidence, 'ask for a longer interval, or see what keeps the machine busy')
}

function checkClock({ clock, readings, samples }: Trial): Check {
  const delays = samples.flatMap((sample) => {
    const arrival = readings[sample.index]?.arrival
    return arrival === undefined ? [] : [(arrival - sample.end) / 1e6]
  })
  const late = [...delays].sort((a, b) => a - b)[Math.floor(0.95 * delays.length)] ?? NaN
  const evidence = `${samples.length} samples placed, 95 % of them read within ${late.toFixed(1)} ms of their end`
  const odd = clock.warnings.find(({ code }) => code !== 'long-samples')
  if (odd === undefined) return ok('clock', evidence)
  return warning(
    'clock',
    `${evidence}; ${odd.message}`,
    'keep the machine awake: caffeinate -i npx vitest run',
  )
}

function checkCounters(trial: Trial): Check {
  const cadence = cadenceMs(trial)
  if (trial.samples.every((sample) => energyIn(sample) === 0)) {
    const mend = 'update macOS (betas of macOS 27 read 0); report it with doctor --evidence FILE'
    return failure('counters', 'the meter stays at zero under load', mend)
  }
  if (cadence <= 1.8 * ((trial.clock.medianSample ?? NaN) / 1e6)) {
    return ok('counters', 'a new value in every sample')
  }
  const evidence = `the counters change every ${Math.round(cadence)} ms only`
  return warning('counters', evidence, 'tests shorter than that get no figure of their own')
}

function checkLoad(trial: Trial): Check {
  const busy = busySamples(trial)
  const idle = idlePowerOf(trial.samples, [trial.busy])
  const lasted = busy.reduce((sum, sample) => sum + lengthMs(sample), 0)
  if (idle === null || 2 * cadenceMs(trial) > lasted) {
    const evidence = 'idle and load cannot be told apart in the second that was watched'
    return warning('load', evidence, null)
  }
  const power = busy.reduce((sum, sample) => sum + energyIn(sample), 0) / (lasted / 1000)
  const evidence = `${formatPower(idle.power)} idle, ${formatPower(power)} with one core busy for 1 s`
  return power > 1.2 * idle.power
    ? ok('load', evidence)
    : warning('load', `${evidence}: hardly more`, 'close what keeps the machine busy, look again')
}

/** CPU time that other programs used while we were quiet, part of one core. */
function foreignLoad({ readings, busy }: Trial): number {
  const quiet = readings.filter(({ arrival }) => arrival < busy.start)
  const used = quiet.map(({ systemCpuMs, ownCpuMs }) => (systemCpuMs ?? 0) - (ownCpuMs ?? 0))
  const lasted = quiet.map(({ elapsed }) => (elapsed ?? 0) / 1e6)
  // the first reading has no CPU time
  return (mean(used.slice(1)) || 0) / (mean(lasted.slice(1)) || 1)
}

function checkQuiet(trial: Trial, programs: readonly RunningProgram[]): Check {
  const load = foreignLoad(trial)
  const energies = quietSamples(trial).map(energyIn)
  const spread = deviation(energies)
  const percent = Math.max(0, Math.round(100 * load))
  const evidence = `other programs use ${percent} % of a core, idle varies by ±${formatEnergy(spread)} a sample`
  if (load <= 0.1) return ok('quiet', evidence)
  const { who, mend } = busiest(programs)
  return warning('quiet', `${evidence}: ${who}`, mend)
}

/**
 * What can be told of a run from this trial.
 * @returns `null` where load hardly shows: the machine is too busy, or its counters too slow
 */
export function finenessOf(trial: Trial): Fineness | null {
  const sampleMs = (trial.clock.medianSample ?? NaN) / 1e6
  const [quiet, busy] = [quietSamples(trial), busySamples(trial)]
  const powerOf = (samples: readonly Sample[]): number =>
    mean(samples.map((sample) => energyIn(sample) / lengthMs(sample)))
  const netPerMs = powerOf(busy) - powerOf(quiet)
  if (!(netPerMs > 0.2 * powerOf(quiet)) || cadenceMs(trial) > 1.8 * sampleMs) return null
  const noise = deviation(quiet.map(energyIn))
  const relative = Math.hypot(noise, deviation(busy.map(energyIn))) / (netPerMs * sampleMs)
  return {
    // a figure of its own: three samples (docs/method.md), and noise below a tenth of the energy
    testMs: Math.max(3 * sampleMs, (noise / (0.1 * netPerMs)) ** 2 / sampleMs),
    // two standard errors over 10 rounds of 5 samples; below half a percent nothing is promised
    bench: Math.max(0.005, (2 * relative) / Math.sqrt(50)),
  }
}

/** Judges a trial. */
export function checkTrial(trial: Trial, programs: readonly RunningProgram[]): Check[] {
  const { problem, leaked } = trial
  const found = [
    checkFirstRecord(trial),
    checkInterval(trial),
    checkClock(trial),
    checkCounters(trial),
    checkLoad(trial),
    checkQuiet(trial, programs),
  ]
  if (problem !== null) found.push(failure('meter', problem.reason, problem.mend))
  if (leaked !== null)
    found.push(warning('stop', `powermetrics ${leaked} did not end`, `sudo kill ${leaked}`))
  return found
}
