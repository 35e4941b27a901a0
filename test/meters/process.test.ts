import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import type { Reading } from '../../src/energy/sample.ts'
import type { MeterIdentity, MeterProblem, RunningMeter } from '../../src/meters/meter.ts'
import { startPowermetrics } from '../../src/meters/powermetrics/process.ts'
import type { PowermetricsOptions } from '../../src/meters/powermetrics/process.ts'

const emulator = fileURLToPath(new URL('../../fixtures/powermetrics', import.meta.url))
const noMeter = 'npx vitest-energy doctor'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'meter-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

interface Started {
  meter: RunningMeter
  identities: MeterIdentity[]
  readings: Reading[]
  problems: MeterProblem[]
  restarts: string[]
  /** settles when so many readings are there */
  until: (count: number) => Promise<void>
}

function start(path: string, options: Partial<PowermetricsOptions> = {}): Started {
  const identities: MeterIdentity[] = []
  const readings: Reading[] = []
  const problems: MeterProblem[] = []
  const restarts: string[] = []
  const defaults = { intervalMs: 50, sudo: false, isRoot: true, platform: 'linux' } as const
  const meter = startPowermetrics(
    { path, ...defaults, ...options },
    {
      identity: (identity) => void identities.push(identity),
      reading: (reading) => void readings.push(reading),
      problem: (problem) => void problems.push(problem),
      restarted: (reason) => void restarts.push(reason),
    },
  )
  onTestFinished(() => meter.abandon())
  const until = (count: number): Promise<void> =>
    vi.waitFor(() => expect(readings.length).toBeGreaterThanOrEqual(count), { timeout: 15_000 })
  return { meter, identities, readings, problems, restarts, until }
}

/** The emulator as it should behave in this test. */
function emulating(config: object): string {
  const path = join(folder, 'powermetrics')
  symlinkSync(emulator, path)
  writeFileSync(`${path}.json`, JSON.stringify({ startupMs: 20, stopMs: 0, ...config }))
  return path
}

/** A program that does what the lines of shell say. */
function script(name: string, ...lines: string[]): string {
  const path = join(folder, name)
  writeFileSync(path, ['#!/bin/sh', ...lines, ''].join('\n'), { mode: 0o755 })
  return path
}

/** Pids of processes that were started from this test's folder. */
function survivors(): string[] {
  const lines = execFileSync('ps', ['-A', '-o', 'pid=,args='], { encoding: 'utf8' }).split('\n')
  return lines.filter((line) => line.includes(folder))
}

describe('a meter that works', () => {
  test('tells the machine first, then its readings', async () => {
    const { meter, identities, readings, until } = start(emulating({ shape: 'm3max' }))
    const identity = await meter.ready
    expect(identity).toEqual({
      name: 'powermetrics',
      domains: ['cpu', 'gpu', 'ane'],
      model: 'Mac15,9',
      os: expect.stringMatching(/^\d+[A-Z]\d+$/),
      emulated: true,
    })
    expect(identities).toEqual([identity])
    await until(3)
    await meter.stop()
    for (const { arrival, elapsed, energy } of readings) {
      expect(arrival).toBeGreaterThan(0)
      expect(elapsed).toBeGreaterThan(45e6)
      expect(Object.keys(energy ?? {})).toEqual(['cpu', 'gpu', 'ane'])
    }
    expect(readings[0]).toMatchObject({ systemCpuMs: null, ownCpuMs: null })
    expect(readings[1]?.systemCpuMs).toBeGreaterThanOrEqual(0)
    expect(readings[1]?.ownCpuMs).toBeGreaterThan(0)
  })

  test('each reading arrives after the one before, however the writes are split', async () => {
    const { meter, readings, until } = start(emulating({ splitWrites: 3000 }))
    await until(5)
    await meter.stop()
    const arrivals = readings.map(({ arrival }) => Number(arrival))
    expect(arrivals).toEqual(arrivals.toSorted((a, b) => a - b))
    expect(readings.every(({ energy }) => energy !== null)).toBe(true)
  })

  test('an old system that refuses ane_power is asked again without it', async () => {
    const path = emulating({ faults: [{ kind: 'unknownSampler', samplers: ['ane_power'] }] })
    const { meter, restarts, until } = start(path)
    expect(await meter.ready).toMatchObject({ domains: ['cpu', 'gpu', 'ane'] })
    await until(1)
    expect(restarts).toEqual([])
    await meter.stop()
  })

  test('words on stderr are no failure', async () => {
    const { meter, problems, until } = start(emulating({ faults: [{ kind: 'stderr' }] }))
    await until(3)
    await meter.stop()
    expect(problems).toEqual([])
  })

  test('a damaged record is a reading of unknown energy', async () => {
    const faults = [{ kind: 'nul', record: 3 }]
    const { meter, readings, until } = start(emulating({ faults }))
    await until(4)
    await meter.stop()
    expect(readings.slice(0, 4).map(({ energy }) => energy === null)).toEqual([
      false,
      false,
      true,
      false,
    ])
    expect(readings[2]?.elapsed).toBeGreaterThan(45e6)
  })
})

describe('stopping', () => {
  test('waits for one more record, which covers the moment of the call', async () => {
    const { meter, readings, until } = start(emulating({}))
    await until(2)
    const asked = Number(process.hrtime.bigint())
    const leaked = await meter.stop()
    expect(leaked).toBeNull()
    expect(Number(readings.at(-1)?.arrival)).toBeGreaterThan(asked)
    expect(survivors()).toEqual([])
  })

  test('is done once, however often it is asked for', async () => {
    const { meter, readings, until } = start(emulating({}))
    await until(1)
    const outcomes = [meter.stop(), meter.stop()]
    expect(outcomes[0]).toBe(outcomes[1])
    await outcomes[0]
    const { length } = readings
    expect(await meter.stop()).toBeNull()
    expect(readings.length).toBe(length)
  })

  test('ends a meter that is deaf to SIGTERM by letting go of its pipe', async () => {
    const { meter, until } = start(emulating({ faults: [{ kind: 'ignoreTerm' }] }))
    await until(1)
    expect(await meter.stop()).toBeNull()
    expect(survivors()).toEqual([])
  })

  test('kills one that hears nothing', async () => {
    const faults = [{ kind: 'ignoreTerm' }, { kind: 'ignorePipe' }]
    const { meter, until } = start(emulating({ faults, maxLifeMs: 20_000 }))
    await until(1)
    expect(await meter.stop()).toBeNull()
    expect(survivors()).toEqual([])
  })

  test('never kills sudo: a meter behind it that hears nothing is told by its pid', async () => {
    script('sudo', 'shift', 'exec "$@"')
    vi.stubEnv('PATH', `${folder}${delimiter}${process.env['PATH']}`)
    onTestFinished(() => void vi.unstubAllEnvs())
    const faults = [{ kind: 'ignoreTerm' }, { kind: 'ignorePipe' }]
    const { meter, until } = start(emulating({ faults, maxLifeMs: 20_000 }), { sudo: true })
    await until(1)
    const pid = await meter.stop()
    expect(survivors().map((line) => Number.parseInt(line, 10))).toEqual([pid])
    process.kill(pid ?? 0, 'SIGKILL')
  })

  test('before the first record it ends at once, and says so', async () => {
    const { meter, readings } = start(emulating({ startupMs: 5000 }))
    const leaked = meter.stop()
    expect(await meter.ready).toMatchObject({ state: 'off' })
    expect(await leaked).toBeNull()
    expect(readings).toEqual([])
    expect(survivors()).toEqual([])
  })

  test('a meter that has gone silent does not hold it up', async () => {
    const faults = [{ kind: 'stall', record: 3, ms: 20_000 }]
    const { meter, until } = start(emulating({ faults }))
    await until(2)
    expect(await meter.stop()).toBeNull()
    expect(survivors()).toEqual([])
  })

  test('abandoning ends the process without waiting', async () => {
    const { meter, until } = start(emulating({}))
    await until(1)
    meter.abandon()
    await vi.waitFor(() => expect(survivors()).toEqual([]), { timeout: 5000 })
    expect(await meter.stop()).toBeNull()
  })

  test('a program that forgets its meter ends all the same, and so does the meter', async () => {
    const source = new URL('../../src/meters/powermetrics/process.ts', import.meta.url).href
    const file = join(folder, 'forgetful.ts')
    const options = JSON.stringify({
      path: emulating({}),
      intervalMs: 50,
      sudo: false,
      isRoot: true,
      platform: 'linux',
    })
    writeFileSync(
      file,
      `import { startPowermetrics } from ${JSON.stringify(source)}
      const silent = { identity() {}, reading() {}, problem() {}, restarted() {} }
      await startPowermetrics(${options}, silent).ready`,
    )
    execFileSync(process.execPath, [file], { timeout: 20_000 })
    await vi.waitFor(() => expect(survivors()).toEqual([]), { timeout: 5000 })
  })
})

describe('a meter that dies', () => {
  test('is started again once, and what was read is kept', async () => {
    const path = emulating({ faults: [{ kind: 'die', record: 3 }] })
    const { meter, readings, problems, restarts, identities } = start(path)
    await vi.waitFor(() => expect(problems).toHaveLength(1), { timeout: 15_000 })
    expect(restarts).toEqual([expect.stringMatching(/^powermetrics ended by itself \(SIGABRT/)])
    expect(identities).toHaveLength(1)
    expect(problems[0]).toMatchObject({ state: 'died', mend: noMeter })
    expect(readings.length).toBeGreaterThanOrEqual(4)
    const { length } = readings
    expect(await meter.stop()).toBeNull()
    expect(readings.length).toBe(length)
    expect(survivors()).toEqual([])
  })

  test('the reason is its last words', async () => {
    const path = script('powermetrics', 'echo noise >&2; echo "Assertion failed: (x)." >&2; exit 3')
    const { meter } = start(path)
    expect(await meter.ready).toEqual({
      state: 'died',
      reason: 'powermetrics ended before its first record (exit code 3: Assertion failed: (x).)',
      mend: noMeter,
    })
  })

  test('an abort before the first record is tried once more', async () => {
    const marker = join(folder, 'came-before')
    const path = emulating({})
    const once = script(
      'once',
      `[ -e ${marker} ] && exec ${path} "$@"; touch ${marker}; kill -ABRT $$`,
    )
    const { meter } = start(once)
    expect(await meter.ready).toMatchObject({ name: 'powermetrics' })
    await meter.stop()
  })

  test(
    'one that starts and writes nothing is given up after a while',
    { timeout: 20_000 },
    async () => {
      const { meter } = start(script('powermetrics', 'exec sleep 60'))
      expect(await meter.ready).toEqual({
        state: 'fault',
        reason: 'powermetrics wrote no record within 5 s',
        mend: noMeter,
      })
      expect(await meter.stop()).toBeNull()
    },
  )
})

/** What `sudo` with these words leads to. */
async function refusedBySudo(words: string, options: Partial<PowermetricsOptions> = {}) {
  script('sudo', `printf '%s\\n' '${words}' >&2`, 'exit 1')
  vi.stubEnv('PATH', `${folder}${delimiter}${process.env['PATH']}`)
  onTestFinished(() => void vi.unstubAllEnvs())
  const path = '/usr/bin/powermetrics'
  return start(path, { sudo: 'auto', isRoot: false, intervalMs: 100, ...options }).meter.ready
}

describe('no meter', () => {
  test('a file that is not there is missing', async () => {
    const path = join(folder, 'nothing')
    const { meter } = start(path)
    const expected = { state: 'missing', reason: `there is no \`${path}\``, mend: null }
    expect(await meter.ready).toEqual(expected)
    expect(await meter.stop()).toBeNull()
  })

  test('powermetrics that wants root is not permitted', async () => {
    const words = 'powermetrics must be invoked as the superuser'
    const { meter } = start(script('powermetrics', `echo '${words}' >&2`, 'exit 1'))
    expect(await meter.ready).toEqual({
      state: 'not-permitted',
      reason: 'only root may read the power meter on macOS',
      mend: 'npx vitest-energy setup',
    })
  })

  test('sudo that would ask for a password is not permitted', async () => {
    expect(await refusedBySudo('sudo: a password is required')).toEqual({
      state: 'not-permitted',
      reason: 'only root may read the power meter on macOS',
      mend: 'npx vitest-energy setup',
    })
  })

  test.each([
    'anna is not in the sudoers file.',
    'Sorry, user anna is not allowed to execute /usr/bin/powermetrics as root on mini.',
    'sudo: The "no new privileges" flag is set, which prevents sudo from running as root.',
  ])('sudo says: %s', async (words) => {
    expect(await refusedBySudo(words)).toMatchObject({
      state: 'not-permitted',
      reason: `only root may read the power meter on macOS (${words.slice(0, -1)})`,
    })
  })

  test('an interval that no grant allows is said', async () => {
    const refusal = await refusedBySudo('sudo: a password is required', { intervalMs: 200 })
    expect(refusal).toMatchObject({ mend: expect.stringContaining('50, 100, 250, 500, 1000 ms') })
  })

  test('sudo that does not find powermetrics means that it is missing', async () => {
    const words = 'sudo: /usr/bin/powermetrics: command not found'
    expect(await refusedBySudo(words)).toMatchObject({ state: 'missing' })
  })

  test('without sudo it is not permitted', async () => {
    vi.stubEnv('PATH', folder)
    onTestFinished(() => void vi.unstubAllEnvs())
    const { meter } = start(emulating({}), { sudo: true })
    expect(await meter.ready).toMatchObject({ state: 'not-permitted', mend: 'run as root' })
  })

  test('a first record without energies comes from a virtual machine', async () => {
    const { meter, readings } = start(emulating({ faults: [{ kind: 'noProcessor' }] }))
    expect(await meter.ready).toMatchObject({ state: 'virtual-machine' })
    expect(await meter.stop()).toBeNull()
    expect(readings).toEqual([])
    expect(survivors()).toEqual([])
  })
})
