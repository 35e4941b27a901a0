import { describe, expect, it } from 'vitest'
import { Random } from '../../bench/simulate.ts'
import { cadenceOf, lumpsOf } from '../../src/energy/cadence.ts'
import type { Sample } from '../../src/energy/sample.ts'
import { joules, nanoseconds } from '../../src/units.ts'

/** Samples of 100 ms. */
const samplesOf = (energies: readonly number[]): Sample[] =>
  energies.map((cpu, index) => ({
    index,
    start: nanoseconds(index * 1e8),
    end: nanoseconds((index + 1) * 1e8),
    energy: { cpu: joules(cpu) },
    segment: 0,
    certain: true,
  }))

const every = (n: number, count: number): Sample[] =>
  samplesOf(Array.from({ length: count }, (_, k) => (k % n === n - 1 ? 0.4 * n : 0)))

describe('the cadence of a counter', () => {
  it('is that of its bursts: 2 s, or half a second', () => {
    expect(cadenceOf(every(20, 200), 'cpu')).toBeCloseTo(2, 9)
    expect(cadenceOf(every(5, 100), 'cpu')).toBeCloseTo(0.5, 9)
  })

  it('may vary between a third of a second and 0.7 s', () => {
    const random = new Random(4)
    const energies: number[] = []
    while (energies.length < 300) {
      const zeros = Math.floor(random.between(2, 6))
      for (let k = 0; k < zeros; k += 1) energies.push(0)
      energies.push(0.4 * (zeros + 1))
    }
    expect(cadenceOf(samplesOf(energies), 'cpu')).toBeCloseTo(0.45, 1)
  })

  it('is none where every sample is fresh', () => {
    expect(cadenceOf(samplesOf(Array.from({ length: 100 }, () => 0.4)), 'cpu')).toBeNull()
  })

  it('is none for a counter that counts whole millijoules at rest', () => {
    const resting = Array.from({ length: 100 }, (_, k) => (k % 4 === 0 ? 0.001 : 0))
    expect(cadenceOf(samplesOf(resting), 'cpu')).toBeNull()
  })

  it('is none for something that is used now and then', () => {
    const random = new Random(8)
    const bursts = Array.from({ length: 300 }, () => (random.unit() < 0.15 ? random.unit() : 0))
    expect(cadenceOf(samplesOf(bursts), 'cpu')).toBeNull()
  })

  it('is not told from three bursts', () => {
    expect(cadenceOf(every(20, 60), 'cpu')).toBeNull()
  })
})

describe('lumps', () => {
  it('are the samples themselves where every sample is fresh', () => {
    const lumps = lumpsOf(samplesOf([0.1, 0.2]), 'cpu', 0, null)
    expect(lumps.map(({ start, end, energy }) => [start, end, energy])).toEqual([
      [0, 0.1, 0.1],
      [0.1, 0.2, 0.2],
    ])
  })

  it('of a slow counter reach from publication to publication', () => {
    const lumps = lumpsOf(every(5, 12), 'cpu', 0, 0.5)
    expect(lumps).toHaveLength(2)
    expect(lumps[1]).toMatchObject({ first: 5, last: 9, energy: 2 })
    expect(lumps[1]?.start).toBeCloseTo(0.45, 12)
    expect(lumps[1]?.end).toBeCloseTo(0.95, 12)
  })
})
