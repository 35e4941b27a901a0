import { describe, expect, it } from 'vitest'
import { attribute } from '../../src/energy/attribution.ts'
import type { Attribution, AttributionInput } from '../../src/energy/attribution.ts'
import type { Idle } from '../../src/energy/idle.ts'
import type { DomainsJ } from '../../src/energy/result.ts'
import type { Reading, Sample } from '../../src/energy/sample.ts'
import type { EnergyWindow, FileSpan } from '../../src/energy/window.ts'
import { Readings } from '../../src/energy/readings.ts'
import { joules, milliseconds, nanoseconds, watts } from '../../src/units.ts'

const ms = 1e6

/** Samples of 100 ms from time 0 on, with the given CPU energies, J. */
const samplesOf = (energies: readonly (number | null)[]): Sample[] =>
  energies.map((cpu, index) => ({
    index,
    start: nanoseconds(index * 100 * ms),
    end: nanoseconds((index + 1) * 100 * ms),
    energy: cpu === null ? null : { cpu: joules(cpu) },
    segment: 0,
    certain: true,
  }))

/** A window from and to, ms, that keeps one CPU busy. */
const windowOf = (
  id: string,
  [start, end]: [number, number],
  change: Partial<EnergyWindow> = {},
): EnergyWindow => ({
  id,
  testId: id,
  projectName: '',
  file: 'a.test.ts',
  retry: 0,
  repeat: 0,
  worker: '1.0',
  start: nanoseconds(start * ms),
  end: nanoseconds(end * ms),
  cpu: milliseconds(end - start),
  concurrent: false,
  ...change,
})

const spanOf = (worker: string, [start, end]: [number, number], cpu = 0): FileSpan => ({
  projectName: '',
  file: `${worker}.test.ts`,
  worker,
  start: nanoseconds(start * ms),
  end: nanoseconds(end * ms),
  cpu: milliseconds(cpu),
})

const idle: Idle = {
  power: watts(0.1),
  domains: { cpu: watts(0.1) },
  standardError: watts(0.01),
  duration: nanoseconds(1e9),
  method: 'watched',
  warnings: [],
}

const divide = (
  samples: readonly Sample[],
  windows: readonly EnergyWindow[],
  more: Partial<AttributionInput> = {},
): Attribution =>
  attribute({ samples, windows, spans: [], idle, hybridCpu: false, intervalMs: 100, ...more })

const sharesOf = (attribution: Attribution, id: string): [number, DomainsJ][] =>
  [...(attribution.figures.get(id)?.shares ?? [])].map(([index, energy]) => [index, energy])

describe('a window', () => {
  it('that is open alone has its whole samples to itself', () => {
    const samples = samplesOf([0.01, 0.4, 0.41, 0.39, 0.4, 0.01])
    const attribution = divide(samples, [windowOf('a', [100, 500])])
    expect(sharesOf(attribution, 'a').map(([, { cpu }]) => cpu)).toEqual([0.4, 0.41, 0.39, 0.4])
    expect(attribution.figures.get('a')).toMatchObject({
      state: 'measured',
      energyJ: expect.closeTo(1.6, 12),
      boundsJ: [expect.closeTo(1.6, 12), expect.closeTo(1.6, 12)],
      netJ: expect.closeTo(1.56, 12),
      powerW: expect.closeTo(4, 12),
      peakPowerW: expect.closeTo(4.1, 12),
      durationMs: 400,
      cpuMs: 400,
      samples: 4,
    })
    expect(attribution.unattributedJ).toBeCloseTo(0.02, 12)
  })

  it('takes nearly all of a sample at its edge, not its share of the time', () => {
    // 4 W over 0.1 W, from the middle of a sample to the middle of another
    const samples = samplesOf([0.01, 0.01, 0.205, 0.4, 0.4, 0.4, 0.205, 0.01, 0.01])
    const attribution = divide(samples, [windowOf('a', [250, 650])])
    const { energyJ, boundsJ } = attribution.figures.get('a') ?? {}
    expect(energyJ).toBeGreaterThan(0.99 * 1.6)
    expect(energyJ).toBeLessThan(1.01 * 1.6)
    expect(boundsJ).toEqual([expect.closeTo(1.2, 12), expect.closeTo(1.61, 12)])
  })

  it('that waits for a child process keeps what the child used', () => {
    // 3 W that its own CPU time says nothing of, between two tests of 4 W
    const energies = [0.01, 0.01, 0.4, 0.4, 0.4, 0.35, 0.3, 0.3, 0.3, 0.3, 0.35, 0.4, 0.4, 0.01]
    const windows = [
      windowOf('before', [200, 550]),
      windowOf('waits', [550, 1050], { cpu: milliseconds(2) }),
      windowOf('after', [1050, 1300]),
    ]
    const figure = divide(samplesOf(energies), windows).figures.get('waits')
    expect(figure?.energyJ).toBeGreaterThan(0.95 * 1.5)
    expect(figure?.energyJ).toBeLessThan(1.05 * 1.5)
  })

  it('gives back a steady power at both edges among neighbours of other power', () => {
    const power = (at: number): number => (at < 650 ? 2 : at < 1250 ? 6 : 3)
    const energies = Array.from({ length: 20 }, (_, k) => {
      let sum = 0
      for (let at = 100 * k; at < 100 * (k + 1); at += 1) sum += power(at) / 1000
      return sum
    })
    const windows = [
      windowOf('a', [0, 650]),
      windowOf('b', [650, 1250]),
      windowOf('c', [1250, 2000]),
    ]
    const { figures } = divide(samplesOf(energies), windows)
    expect(figures.get('a')?.energyJ).toBeCloseTo(1.3, 1)
    expect(Math.abs((figures.get('b')?.energyJ ?? 0) / 3.6 - 1)).toBeLessThan(0.02)
    expect(Math.abs((figures.get('c')?.energyJ ?? 0) / 2.25 - 1)).toBeLessThan(0.02)
  })

  it('far shorter than a sample is below resolution, with an upper bound', () => {
    const samples = samplesOf([0.3, 0.3, 0.3])
    const windows = Array.from({ length: 30 }, (_, k) => windowOf(`t${k}`, [10 * k, 10 * k + 10]))
    const figure = divide(samples, windows).figures.get('t4')
    expect(figure).toMatchObject({ state: 'below-resolution', boundsJ: [0, 0.3] })
    expect(figure?.energyJ).toBeCloseTo(0.03, 2)
  })

  it('of no length has no energy and no power', () => {
    const figure = divide(samplesOf([0.3, 0.3]), [windowOf('a', [50, 50])]).figures.get('a')
    expect(figure).toMatchObject({ state: 'below-resolution', energyJ: 0, powerW: null })
  })

  it('has no net where idle power is not known', () => {
    const figure = divide(samplesOf([0.4, 0.4]), [windowOf('a', [0, 200])], { idle: null })
    expect(figure.figures.get('a')).toMatchObject({ netJ: null, netStandardErrorJ: null })
  })

  it('has a net that is less well known than its gross', () => {
    const samples = samplesOf([0.4, 0.4, 0.4, 0.4])
    const figure = divide(samples, [windowOf('a', [0, 400])]).figures.get('a')
    const { standardErrorJ, netStandardErrorJ } = figure ?? {}
    expect(netStandardErrorJ).toBeCloseTo(Math.hypot(standardErrorJ ?? 0, 0.004), 12)
  })
})

describe('repeats', () => {
  it('of one test tell more of it than each alone', () => {
    // two tests of 30 ms at 2 W and 6 W, in ever new order, three to a sample
    const order = 'abaabbababbaabbabaababbaabbaba'.split('')
    const energies: number[] = []
    const windows: EnergyWindow[] = []
    for (const [k, name] of order.entries()) {
      const [start, end] = [30 * k, 30 * k + 30]
      windows.push(windowOf(`${name}#0.${k}`, [start, end], { testId: name, repeat: k }))
      for (let at = start; at < end; at += 1) {
        const sample = Math.floor(at / 100)
        energies[sample] = (energies[sample] ?? 0) + (name === 'a' ? 0.002 : 0.006)
      }
    }
    const { figures } = divide(samplesOf(energies), windows)
    const alone = divide(
      samplesOf(energies),
      windows.map((window) => ({ ...window, testId: window.id })),
    ).figures
    const [a, b] = [figures.get('a#0.12'), figures.get('b#0.13')]
    expect(a?.energyJ).toBeGreaterThan(0.05)
    expect(a?.energyJ).toBeLessThan(0.075)
    expect(b?.energyJ).toBeGreaterThan(0.165)
    expect(a?.standardErrorJ).toBeLessThan(alone.get('a#0.12')?.standardErrorJ ?? 0)
  })
})

describe('states', () => {
  const samples = samplesOf([0.01, 0.4, 0.4, 0.4, 0.4, 0.01])

  it('are no-meter without samples', () => {
    expect(divide([], [windowOf('a', [0, 100])]).figures.get('a')).toMatchObject({
      state: 'no-meter',
      energyJ: null,
      boundsJ: null,
    })
  })

  it('are gap where a sample is of unknown energy', () => {
    const holed = samplesOf([0.01, 0.4, null, 0.4, 0.4, 0.01])
    const attribution = divide(holed, [windowOf('a', [100, 250]), windowOf('b', [300, 500])])
    expect(attribution.figures.get('a')).toMatchObject({
      state: 'gap',
      energyJ: null,
      reason: 'the meter was silent for 50 ms of it',
    })
    expect(attribution.figures.get('b')?.state).toBe('measured')
  })

  it('are gap beside a gap, where samples may be misplaced', () => {
    const doubtful = samples.map((sample, k) => ({ ...sample, certain: k !== 2 }))
    expect(divide(doubtful, [windowOf('a', [100, 500])]).figures.get('a')?.state).toBe('gap')
  })

  it('are gap where the trace ends too early', () => {
    expect(divide(samples, [windowOf('a', [400, 700])]).figures.get('a')?.state).toBe('gap')
  })

  it('are shared while a file of another worker is open, and its low bound is 0', () => {
    const spans = [spanOf('1.0', [100, 500], 400), spanOf('2.0', [450, 600], 150)]
    const figure = divide(samples, [windowOf('a', [100, 500])], { spans }).figures.get('a')
    expect(figure).toMatchObject({ state: 'shared', boundsJ: [0, expect.closeTo(1.6, 12)] })
    expect(figure?.standardErrorJ).toBeGreaterThan(0.2)
  })

  it('are not shared with a worker that was parked', () => {
    const spans = [spanOf('1.0', [100, 500], 400), spanOf('2.0', [0, 600], 0)]
    const parked = [{ worker: '2.0', start: 90 * ms, end: 510 * ms }]
    const figure = divide(samples, [windowOf('a', [100, 500])], { spans, parked }).figures.get('a')
    expect(figure).toMatchObject({ state: 'measured', energyJ: expect.closeTo(1.6, 12) })
  })

  it('are shared for concurrent tests', () => {
    const windows = [windowOf('a', [100, 500], { concurrent: true, cpu: null })]
    expect(divide(samples, windows).figures.get('a')?.state).toBe('shared')
  })

  it('are disturbed while other programs use more than a tenth of a core', () => {
    const readings = samples.map((): Reading => ({
      arrival: nanoseconds(0),
      elapsed: nanoseconds(100 * ms),
      energy: null,
      stampSeconds: null,
      thermalPressure: null,
      systemCpuMs: 130,
      ownCpuMs: 5,
    }))
    const figureWith = (systemCpuMs: number) =>
      divide(samples, [windowOf('a', [100, 500])], {
        readings: Readings.of(readings.map((reading) => Object.assign(reading, { systemCpuMs }))),
      }).figures.get('a')
    expect(figureWith(130)).toMatchObject({
      state: 'disturbed',
      reason: 'other programs used 25 % of a core',
    })
    expect(figureWith(112)?.state).toBe('measured')
  })

  it('are fault, with the evidence, where the meter contradicts the processes', () => {
    const attribution = divide(samplesOf([0, 0, 0, 0, 0]), [windowOf('a', [100, 400])])
    expect(attribution.fault).toBe(
      'cpu energy was 0 for 0.5 s while the tests used 0.3 s of CPU time',
    )
    expect(attribution.figures.get('a')).toMatchObject({ state: 'fault', energyJ: null })
  })
})

describe('impossible energies', () => {
  it.each([Number.NaN, Infinity, -1])('of %d J are a fault and spoil no sum', (value) => {
    const samples = samplesOf([0.01, 0.4, value, 0.4, 0.01])
    const attribution = divide(samples, [windowOf('a', [100, 400])])
    expect(attribution.figures.get('a')?.state).toBe('fault')
    expect(attribution.totalJ).toBeCloseTo(0.82, 12)
    expect(attribution.attributedJ).toBeCloseTo(0.8, 12)
  })
})

describe('settled shares', () => {
  const samples = samplesOf([0.01, 0.2, 0.4, 0.4, 0.4, 0.2, 0.01])
  const windows = [windowOf('a', [150, 350]), windowOf('b', [350, 550])]
  const settled = new Map([
    [
      'a',
      [
        [1, { cpu: 0.19 }],
        [2, { cpu: 0.4 }],
        [3, { cpu: 0.15 }],
      ] as const,
    ],
  ])

  it('stand, and the rest is divided among the others', () => {
    const attribution = divide(samples, windows, { settled })
    expect(attribution.figures.get('a')?.energyJ).toBeCloseTo(0.74, 12)
    expect(sharesOf(attribution, 'b')[0]).toEqual([3, { cpu: expect.closeTo(0.25, 12) }])
    const sum = attribution.attributedJ + attribution.unattributedJ
    expect(sum).toBeCloseTo(attribution.totalJ, 12)
  })
})

describe('a slow counter', () => {
  /** 2 W, and 6 W from 8 s to 16 s, published every 2 s */
  const energies = Array.from({ length: 240 }, (_, k) => {
    if (k % 20 !== 19) return 0
    const since = k - 19
    return Array.from({ length: 20 }, (_, j) =>
      since + j >= 80 && since + j < 160 ? 0.6 : 0.2,
    ).reduce((sum, energy) => sum + energy, 0)
  })
  const samples = samplesOf(energies)

  it('is recognised, and said', () => {
    const attribution = divide(samples, [windowOf('a', [8000, 16_000])])
    expect(attribution.cadenceMs).toBeCloseTo(2000, 6)
    expect(attribution.warnings.map(({ code }) => code)).toEqual(['slow-counter'])
  })

  it('measures a test of several publications', () => {
    const figure = divide(samples, [windowOf('a', [8000, 16_000])]).figures.get('a')
    expect(figure?.state).toBe('measured')
    expect(Math.abs((figure?.energyJ ?? 0) / 48 - 1)).toBeLessThan(0.02)
  })

  it('does not measure a test shorter than a publication', () => {
    const windows = [windowOf('a', [8000, 9000]), windowOf('b', [9000, 10_000])]
    expect(divide(samples, windows).figures.get('a')?.state).toBe('below-resolution')
  })

  it('leaves a test open that it was not published after', () => {
    expect(
      divide(samples.slice(0, 110), [windowOf('a', [8000, 10_500])]).figures.get('a'),
    ).toMatchObject({
      state: 'gap',
      reason: 'the counter was not published again after it',
    })
  })
})
