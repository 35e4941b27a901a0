import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { describe, expect, it } from 'vitest'
import { costBetween, costText, measureSamplerCost } from '../../src/cli/sampler-cost.ts'
import type { MeterOptions } from '../../src/meters/meter.ts'
import { joules, nanoseconds } from '../../src/units.ts'
import { placeEmulator, temporaryFolder } from './fake-surroundings.ts'

/** Readings of `ms` that draw so many watts. */
const readings = (ms: number, ...powers: number[]) =>
  powers.map((power) => ({
    elapsed: nanoseconds(ms * 1e6),
    energy: { cpu: joules((power * ms) / 1000) },
  }))

/** A meter that draws more when it samples at other than 1000 ms. */
function costlyMeter(sampling: number, rest: number): string {
  const emulator = placeEmulator()
  const path = join(temporaryFolder(), 'meter')
  const config = (cpuW: number): string =>
    JSON.stringify({ startupMs: 20, noise: 0.02, power: { mode: 'script', cpuW } })
  const script = `#!/bin/sh
case "$*" in
  *"-i 1000 "*) export VITEST_ENERGY_EMULATOR='${config(rest)}' ;;
  *) export VITEST_ENERGY_EMULATOR='${config(sampling)}' ;;
esac
exec ${emulator} "$@"
`
  writeFileSync(path, script, { mode: 0o755 })
  return path
}

const optionsOf = (path: string, intervalMs = 100): MeterOptions => ({
  meter: 'auto',
  intervalMs,
  path,
  pathGiven: true,
  sudo: false,
})

describe('the difference', () => {
  it('is that of the mean powers', () => {
    const cost = costBetween(100, readings(100, 5, 7, 5, 7), readings(1000, 4, 4))
    expect(cost).toMatchObject({ intervalMs: 100, costW: expect.closeTo(2, 9) })
  })

  it('counts the scatter of the samples on both sides, whatever two long ones say', () => {
    const cost = costBetween(100, readings(100, 5, 7, 5, 7), readings(1000, 4, 4))
    // σ = √(4/3), ÷ √4 for 0.4 s; √0.2 of that for 2 s
    const own = Math.sqrt(4 / 3) / 2
    expect(cost).toMatchObject({
      standardErrorW: expect.closeTo(Math.hypot(own, own * Math.sqrt(0.2)), 9),
    })
  })

  it('is unknown where most samples are zero, or there are too few', () => {
    expect(costBetween(100, readings(100, 0, 0, 0, 4), readings(1000, 4, 4))).toEqual({
      reason: 'the counters change less often than samples come',
    })
    expect(costBetween(100, readings(100, 4, 4), [])).toEqual({ reason: 'too few samples came' })
  })
})

describe('the words', () => {
  it('give the cost with two standard errors, in one unit', () => {
    const cost = { intervalMs: 100, costW: 0.0124, standardErrorW: 0.0015 }
    expect(costText(cost)).toBe('sampler cost ≈ 12 ± 3.0 mW at 100 ms')
  })

  it('give the most that it can be where it is not told apart from nothing', () => {
    const cost = { intervalMs: 50, costW: 0.001, standardErrorW: 0.002 }
    expect(costText(cost)).toBe('sampler cost at 50 ms is below what can be told (5.0 mW)')
    expect(costText({ ...cost, costW: -0.001 })).toMatch(/\(4\.0 mW\)$/)
  })
})

describe('measured', () => {
  it('is what the meter draws more than with samples of 1000 ms', async () => {
    const cost = await measureSamplerCost(optionsOf(costlyMeter(0.8, 0.5)))
    expect(cost).toMatchObject({ intervalMs: 100, costW: expect.closeTo(0.3, 1) })
  })

  it('is not told where nothing can be compared', async () => {
    expect(await measureSamplerCost(optionsOf('/no/such/meter', 1000))).toEqual({
      reason: 'samples of 1000 ms are rare enough',
    })
    const dying = placeEmulator({ faults: [{ kind: 'die', record: 0, exitCode: 1 }] })
    expect(await measureSamplerCost(optionsOf(dying))).toEqual({
      reason: 'no second meter could be started',
    })
  })
})

describe.skipIf(process.getuid?.() !== 0)('record without a command', () => {
  it('says it after the total, when it has run for two seconds', async () => {
    const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))
    const child = execa(process.execPath, [main, 'record', '-o', 'run.jsonl'], {
      cwd: temporaryFolder(),
      stdin: 'ignore',
      env: { VITEST_ENERGY_POWERMETRICS: costlyMeter(0.8, 0.5), NO_COLOR: '1' },
    })
    child.stderr.on('data', (chunk: Buffer) => {
      if (chunk.toString().includes('Ctrl-C ends it')) setTimeout(() => child.kill('SIGINT'), 3000)
    })
    const { stdout } = await child
    expect(stdout).toMatch(/run\.jsonl\nsampler cost ≈ \d+ ± \d+(\.\d)? mW at 100 ms$/)
  })
})
