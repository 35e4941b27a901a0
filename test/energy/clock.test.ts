import { describe, expect, it } from 'vitest'
import { meter, Random, Script, soundMeter, wallOffsetMs } from '../../bench/simulate.ts'
import type { MeterFlaws } from '../../bench/simulate.ts'
import type { ClockOptions } from '../../src/energy/clock.ts'
import { SampleClock } from '../../src/energy/clock.ts'
import type { Reading } from '../../src/energy/sample.ts'
import { joules, nanoseconds } from '../../src/units.ts'

const ms = 1e6

/** Readings of 100 ms each, read 2 ms after their end. */
function steady(count: number, change: Partial<Reading> = {}): Reading[] {
  return Array.from({ length: count }, (_, k) => ({
    arrival: nanoseconds((1000 + 100 * (k + 1) + 2) * ms),
    elapsed: nanoseconds(100 * ms),
    energy: { cpu: joules(0.4) },
    stampSeconds: 1_700_000_000 + Math.floor((100 * (k + 1)) / 1000),
    thermalPressure: 'Nominal',
    systemCpuMs: null,
    ownCpuMs: null,
    ...change,
  }))
}

const later = (reading: Reading, by: number, stamp = 0): Reading => ({
  ...reading,
  arrival: nanoseconds(reading.arrival + by * ms),
  stampSeconds: (reading.stampSeconds ?? 0) + stamp,
})

function placed(readings: readonly Reading[], options?: ClockOptions): SampleClock {
  const clock = new SampleClock(options)
  for (const reading of readings) clock.add(reading)
  return clock
}

const endsMs = (clock: SampleClock): number[] => clock.samples.map(({ end }) => end / ms)

/** Errors of the ends of samples that are called certain, beyond the tool's own delay, ms. */
function errors(flaws: Partial<MeterFlaws>, seconds: number, seed: number): number[] {
  const script = new Script([{ at: 0, watts: 1 }])
  const { readings, ends } = meter(new Random(seed), script, seconds, { ...soundMeter, ...flaws })
  return placed(readings)
    .samples.filter(({ certain }) => certain)
    .map(({ index, end }) => Math.abs(end - (ends[index] ?? 0) - ms) / ms)
    .toSorted((a, b) => a - b)
}

const percentile = (sorted: readonly number[], share: number): number =>
  sorted[Math.floor(share * (sorted.length - 1))] ?? Number.NaN

describe('places', () => {
  it('are end to end and as long as the records say', () => {
    const { samples } = placed(steady(5))
    expect(samples.map(({ start }) => start / ms)).toEqual([1002, 1102, 1202, 1302, 1402])
    expect(samples.map(({ end }) => end / ms)).toEqual([1102, 1202, 1302, 1402, 1502])
  })

  it('come from the least late read', () => {
    const readings = steady(5).map((reading, k) => later(reading, k === 3 ? 0 : 40))
    expect(endsMs(placed(readings))).toEqual([1102, 1202, 1302, 1402, 1502])
  })

  it('are the same whether they were asked for after every reading or at the end', () => {
    const script = new Script([{ at: 0, watts: 1 }])
    const flaws = { ...soundMeter, stalls: 0.1, drops: 0.01 }
    const { readings } = meter(new Random(5), script, 120, flaws)
    const asked = new SampleClock({ wallOffsetMs })
    let seen = 0
    for (const reading of readings) {
      asked.add(reading)
      seen += asked.samples.length
    }
    expect(seen).toBeGreaterThan(0)
    expect(asked.samples).toEqual(placed(readings, { wallOffsetMs }).samples)
  })

  it('are within 1.5 ms with late reads and lost records', () => {
    const sorted = [1, 2, 3, 4].flatMap((seed) => errors({ drops: 0.002 }, 60, seed))
    expect(
      percentile(
        sorted.toSorted((a, b) => a - b),
        0.95,
      ),
    ).toBeLessThan(1.5)
  })

  it('are within 2 ms while the main thread stalls on every fifth read', () => {
    const sorted = errors({ drops: 0.001, stalls: 0.2 }, 600, 9)
    expect(percentile(sorted, 0.95)).toBeLessThan(2)
  })

  it('follow a meter whose clock is 200 ppm fast', () => {
    expect(errors({ drift: 200e-6 }, 300, 3).at(-1)).toBeLessThan(2)
  })

  it('lose the delay of the tool when the stamps bound it from both sides', () => {
    // 237 ms samples meet every phase of a second; the stamps are cut from the true end
    const readings = Array.from({ length: 400 }, (_, k) => {
      const end = 1000 + 237.3 * (k + 1)
      return {
        ...(steady(1)[0] as Reading),
        elapsed: nanoseconds(237.3 * ms),
        arrival: nanoseconds((end + 2) * ms),
        stampSeconds: Math.floor(end / 1000),
      }
    })
    const [first = 0] = endsMs(placed(readings, { wallOffsetMs: 0 }))
    expect(first - 1237.3).toBeGreaterThan(0)
    expect(first - 1237.3).toBeLessThan(2)
    expect(endsMs(placed(readings))[0]).toBeCloseTo(1239.3, 2)
  })
})

describe('a gap', () => {
  const readings = steady(60).map((reading, k) => (k < 30 ? reading : later(reading, 150)))

  it('begins a new segment', () => {
    const clock = placed(readings)
    expect(clock.gaps).toBe(1)
    expect(clock.samples.filter(({ segment }) => segment === 0)).toHaveLength(30)
    expect(clock.samples[30]?.start).toBe(1002 * ms + 3150 * ms)
  })

  it('leaves three samples on each side in doubt', () => {
    const doubtful = placed(readings).samples.filter(({ certain }) => !certain)
    expect(doubtful.map(({ index }) => index)).toEqual([27, 28, 29, 30, 31, 32])
  })

  it('is told at once when the stamps jump with the arrivals', () => {
    const jumped = steady(32).map((reading, k) => (k < 31 ? reading : later(reading, 3000, 3)))
    expect(placed(jumped).gaps).toBe(1)
  })

  it('is not seen in one late read', () => {
    const late = steady(60).map((reading, k) => (k === 30 ? later(reading, 90) : reading))
    expect(placed(late).gaps).toBe(0)
  })

  it('is not seen in a stall of three seconds that ends with all reads at once', () => {
    const stalled = steady(80).map((reading, k) =>
      k >= 30 && k < 60
        ? { ...reading, arrival: nanoseconds((1002 + 6100 + k / 100) * ms) }
        : reading,
    )
    const clock = placed(stalled)
    expect(clock.gaps).toBe(0)
    expect(clock.samples[45]?.end).toBe((1002 + 4600) * ms)
  })
})

describe('a damaged record', () => {
  const readings = steady(20).map((reading, k) =>
    k === 10 ? { ...reading, elapsed: null, energy: null } : reading,
  )

  it('is a span of unknown energy between its neighbours', () => {
    const { samples } = placed(readings)
    expect(samples[10]).toMatchObject({ start: 2002 * ms, end: 2102 * ms, energy: null })
    expect(samples[11]?.start).toBe(2102 * ms)
  })

  it('is no gap, and leaves the rest where it belongs', () => {
    const clock = placed(readings)
    expect(clock.gaps).toBe(0)
    expect(clock.samples.at(-1)?.end).toBe(3002 * ms)
    expect(clock.samples.every(({ certain }) => certain)).toBe(true)
  })

  it('that comes last reaches as far as its arrival', () => {
    const clock = placed(readings.slice(0, 11))
    expect(clock.samples.at(-1)).toMatchObject({ start: 2002 * ms, end: 2102 * ms })
  })

  it('that comes first has no length', () => {
    const clock = placed(readings.slice(10))
    expect(clock.samples[0]).toMatchObject({ energy: null })
    expect(clock.samples[1]?.start).toBe(2102 * ms)
  })
})

describe('warnings', () => {
  const codes = (clock: SampleClock): string[] => clock.warnings.map(({ code }) => code)

  it('are none on a sound meter', () => {
    expect(codes(placed(steady(50), { intervalMs: 100 }))).toEqual([])
  })

  it('tell of samples longer than one and a half times what was asked for', () => {
    const clock = placed(steady(50), { intervalMs: 60 })
    expect(clock.warnings).toEqual([
      { code: 'long-samples', message: 'samples last 100 ms where 60 ms were asked for' },
    ])
  })

  it('tell of records that come slower than they say', () => {
    expect(codes(placed(steady(50, { elapsed: nanoseconds(70 * ms) })))).toContain('clock-rate')
  })

  it('tell of sleep, and the sample in which it was is in doubt', () => {
    const slept = steady(40).map((reading, k) => (k < 20 ? reading : later(reading, 0, 600)))
    const clock = placed(slept)
    expect(codes(clock)).toEqual(['sleep'])
    expect(clock.samples.filter(({ certain }) => !certain).map(({ index }) => index)).toEqual([20])
  })
})
