import { describe, expect, it } from 'vitest'
import { Random } from '../../bench/simulate.ts'
import { attribute } from '../../src/energy/attribution.ts'
import type { Attribution, AttributionInput } from '../../src/energy/attribution.ts'
import type { Idle } from '../../src/energy/idle.ts'
import type { DomainsJ } from '../../src/energy/result.ts'
import type { DomainEnergy, Sample } from '../../src/energy/sample.ts'
import { domains, totalOf } from '../../src/energy/sample.ts'
import type { EnergyWindow, FileSpan } from '../../src/energy/window.ts'
import { joules, milliseconds, nanoseconds, watts } from '../../src/units.ts'

const ms = 1e6
const seeds = Array.from({ length: 40 }, (_, k) => k + 1)

/** Samples of uneven length with holes, damaged records and zeros. */
function samplesOf(random: Random, hasPackage: boolean): Sample[] {
  const samples: Sample[] = []
  let at = 0
  for (let index = 0; index < 60; index += 1) {
    if (random.unit() < 0.03) at += random.between(50, 300)
    const length = random.between(90, 130)
    const power = random.unit() < 0.3 ? 0.05 : random.between(0, 8)
    const energy: DomainEnergy = {
      cpu: joules(Math.round(power * length) / 1000),
      gpu: joules(random.unit() < 0.7 ? 0 : random.unit()),
      ...(hasPackage ? { package: joules((power * length) / 1000 + 0.3) } : {}),
    }
    samples.push({
      index,
      start: nanoseconds(at * ms),
      end: nanoseconds((at + length) * ms),
      energy: random.unit() < 0.03 ? null : energy,
      segment: 0,
      certain: random.unit() > 0.03,
    })
    at += length
  }
  return samples
}

/** Tests of one worker, end to end or apart, some again, some concurrent. */
function windowsOf(random: Random, worker: string): EnergyWindow[] {
  const windows: EnergyWindow[] = []
  let at = random.between(0, 500)
  for (let k = 0; at < 6000; k += 1) {
    const length = random.exponential(random.unit() < 0.5 ? 20 : 300)
    const isAgain = k > 0 && random.unit() < 0.2
    windows.push({
      id: `${worker}:${k}`,
      testId: isAgain ? `${worker}:${k - 1}` : `${worker}:${k}`,
      projectName: '',
      file: `${worker}.test.ts`,
      retry: 0,
      repeat: k,
      worker,
      start: nanoseconds(at * ms),
      end: nanoseconds((at + length) * ms),
      cpu: random.unit() < 0.1 ? null : milliseconds(length * random.between(0, 1.5)),
      concurrent: random.unit() < 0.05,
    })
    at +=
      length * (random.unit() < 0.05 ? 0.5 : 1) + random.exponential(random.unit() < 0.2 ? 400 : 1)
  }
  return windows
}

function runOf(seed: number): AttributionInput {
  const random = new Random(seed)
  const workers = Array.from({ length: 1 + (seed % 3) }, (_, k) => `${k}.0`)
  const windows = workers.flatMap((worker) => windowsOf(random, worker))
  const spans = workers.map((worker): FileSpan => {
    const own = windows.filter((window) => window.worker === worker)
    return {
      projectName: '',
      file: `${worker}.test.ts`,
      worker,
      start: nanoseconds(Math.min(...own.map(({ start }) => start)) - 100 * ms),
      end: random.unit() < 0.2 ? null : nanoseconds(Math.max(...own.map(({ end }) => end))),
      cpu: random.unit() < 0.2 ? null : milliseconds(6000),
    }
  })
  const idle: Idle = {
    power: watts(0.05),
    domains: { cpu: watts(0.04), gpu: watts(0.01) },
    standardError: watts(0.005),
    duration: nanoseconds(1e9),
    method: 'watched',
    warnings: [],
  }
  return {
    samples: samplesOf(random, seed % 4 === 0),
    windows,
    spans,
    idle: seed % 5 === 0 ? null : idle,
    hybridCpu: seed % 2 === 0,
    intervalMs: 100,
  }
}

/** Energies of all windows by sample, J. */
function bySample({ figures }: Attribution): Map<number, DomainsJ> {
  const sums = new Map<number, DomainsJ>()
  for (const { shares } of figures.values()) {
    for (const [index, energy] of shares) {
      const sum = sums.get(index) ?? {}
      for (const domain of domains) sum[domain] = (sum[domain] ?? 0) + (energy[domain] ?? 0)
      sums.set(index, sum)
    }
  }
  return sums
}

describe.each(seeds)('a random run (seed %i)', (seed) => {
  const input = runOf(seed)
  const attribution = attribute(input)

  it('conserves energy: windows + unattributed = trace', () => {
    const total = input.samples.reduce((sum, { energy }) => sum + totalOf(energy ?? {}), 0)
    const { attributedJ, unattributedJ } = attribution
    expect(Math.abs(attributedJ + unattributedJ - total)).toBeLessThan(1e-9 * total)
    expect(unattributedJ).toBeGreaterThan(-1e-9 * total)
  })

  it('gives away no more of a sample than there is, and nothing below zero', () => {
    for (const [index, energy] of bySample(attribution)) {
      const sample = input.samples[index]
      for (const domain of ['cpu', 'gpu', 'package'] as const) {
        expect(energy[domain] ?? 0).toBeLessThanOrEqual((sample?.energy?.[domain] ?? 0) + 1e-9)
        expect(energy[domain] ?? 0).toBeGreaterThanOrEqual(0)
      }
    }
  })

  it('keeps every figure within its bounds and its interval, and is never NaN', () => {
    for (const figure of attribution.figures.values()) {
      const { energyJ, boundsJ, lowJ, highJ, standardErrorJ } = figure
      expect(energyJ === null).toBe(figure.state === 'gap')
      if (energyJ === null || boundsJ === null) continue
      expect(energyJ).toBeGreaterThanOrEqual(boundsJ[0] - 1e-9)
      expect(energyJ).toBeLessThanOrEqual(boundsJ[1] + 1e-9)
      expect(lowJ).toBeLessThanOrEqual(energyJ)
      expect(highJ).toBeGreaterThanOrEqual(energyJ)
      expect(standardErrorJ).toBeGreaterThanOrEqual(0)
    }
  })

  it('is the same whatever order windows and files come in', () => {
    const random = new Random(seed + 1000)
    const windows = random.shuffled(input.windows)
    const again = attribute({ ...input, windows, spans: random.shuffled(input.spans) })
    for (const [id, { energyJ, standardErrorJ, state }] of attribution.figures) {
      const other = again.figures.get(id)
      expect(other?.state).toBe(state)
      if (energyJ === null) continue
      expect(Math.abs((other?.energyJ ?? Number.NaN) - energyJ)).toBeLessThan(1e-6)
      expect(Math.abs((other?.standardErrorJ ?? Number.NaN) - (standardErrorJ ?? 0))).toBeLessThan(
        1e-6,
      )
    }
  })

  it('is the same with one more domain that is silent', () => {
    const samples = input.samples.map((sample): Sample =>
      Object.assign({}, sample, {
        energy: sample.energy === null ? null : { ...sample.energy, ane: joules(0) },
      }),
    )
    const again = attribute({ ...input, samples })
    for (const [id, figure] of attribution.figures) {
      expect(again.figures.get(id)).toEqual(
        figure.energyJ === null ? figure : { ...figure, domainsJ: { ...figure.domainsJ, ane: 0 } },
      )
    }
  })

  it('does not change when the clock begins elsewhere', () => {
    const by = 864e11
    const moved = <T extends { start: number; end: number | null }>(span: T): T =>
      Object.assign({}, span, {
        start: span.start + by,
        end: span.end === null ? null : span.end + by,
      })
    const again = attribute({
      ...input,
      samples: input.samples.map(moved),
      windows: input.windows.map(moved),
      spans: input.spans.map(moved),
    })
    for (const [id, { energyJ }] of attribution.figures) {
      const other = again.figures.get(id)?.energyJ ?? -1
      expect(Math.abs(other - (energyJ ?? -1))).toBeLessThan(1e-4)
    }
  })
})
