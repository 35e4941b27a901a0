import { accessSync, constants, statSync } from 'node:fs'
import { resolve } from 'node:path'
import { execaSync } from 'execa'
import { EnergyError } from '../errors.ts'
import type { MeterEvents, MeterOptions, MeterProblem, RunningMeter } from './meter.ts'
import { startPowermetrics } from './powermetrics/process.ts'
import { missing, onlyRoot, virtualMachine } from './powermetrics/refusal.ts'

/** What the choice asks the system, so that tests can answer instead. */
export interface MeterSystem {
  platform: NodeJS.Platform
  isRoot: boolean
  /** is this Mac a guest? asked on macOS only */
  isVirtualMachine(): boolean
  /** @returns why the file cannot be executed, `null` when it can */
  whyNotExecutable(path: string): string | null
}

/** A meter that can be started. */
export interface MeterChoice {
  start(events: MeterEvents): RunningMeter
}

const systemNames: Partial<Record<NodeJS.Platform, string>> = { linux: 'Linux', win32: 'Windows' }

/**
 * Chooses the meter of a run, or says why there is none; starts nothing but `sysctl`.
 * @throws {EnergyError} `METER_PATH` when the user gave a path that cannot be executed
 */
export function chooseMeter(
  options: MeterOptions,
  system: MeterSystem = thisSystem,
): MeterChoice | MeterProblem {
  const { meter, intervalMs, pathGiven, sudo } = options
  const { platform, isRoot } = system
  if (meter === 'none') return { state: 'off', reason: '`meter` is `none`', mend: null }
  if (meter === 'auto' && platform !== 'darwin' && !pathGiven) return otherSystem(platform)
  if (platform === 'darwin' && !pathGiven && system.isVirtualMachine()) return virtualMachine
  const path = resolve(options.path)
  const obstacle = system.whyNotExecutable(path)
  if (obstacle !== null) {
    if (pathGiven) throw EnergyError.of('METER_PATH', options.path, obstacle)
    return missing(path)
  }
  if (!pathGiven && !isRoot && sudo === false) {
    return { state: 'not-permitted', reason: onlyRoot, mend: 'leave `powermetrics.sudo` out' }
  }
  return {
    start: (events) => startPowermetrics({ path, intervalMs, sudo, isRoot, platform }, events),
  }
}

const otherSystem = (platform: NodeJS.Platform): MeterProblem => ({
  state: 'missing',
  reason: `powermetrics is a part of macOS, this is ${systemNames[platform] ?? platform}`,
  mend: null,
})

const thisSystem: MeterSystem = {
  platform: process.platform,
  isRoot: process.geteuid?.() === 0,
  isVirtualMachine: () => {
    const asked = execaSync('/usr/sbin/sysctl', ['-n', 'kern.hv_vmm_present'], {
      reject: false,
      timeout: 1000,
    })
    return asked.exitCode === 0 && asked.stdout.trim() === '1'
  },
  whyNotExecutable: (path) => {
    try {
      if (!statSync(path).isFile()) return 'which is no file'
      accessSync(path, constants.X_OK)
      return null
    } catch (error) {
      const isAbsent = (error as NodeJS.ErrnoException).code === 'ENOENT'
      return isAbsent ? 'which does not exist' : 'which is not executable'
    }
  },
}
