import { describe, expect, it } from 'vitest'
import type { DomainEnergy, Sample } from '../../src/energy/sample.ts'
import { Trace } from '../../src/energy/trace.ts'
import { joules, nanoseconds } from '../../src/units.ts'

const ms = 1e6

function sample(index: number, startMs: number, endMs: number, cpu: number | null): Sample {
  const energy: DomainEnergy | null = cpu === null ? null : { cpu: joules(cpu), gpu: joules(0.5) }
  const [start, end] = [nanoseconds(startMs * ms), nanoseconds(endMs * ms)]
  return { index, start, end, energy, segment: 0, certain: true }
}

const trace = new Trace([
  sample(0, 0, 100, 1),
  sample(1, 100, 200, 2),
  sample(2, 200, 300, null),
  sample(3, 350, 450, 4),
])

describe('a trace', () => {
  it('sums energy over samples and domains', () => {
    expect(trace.totalJ).toBe(8.5)
    expect(trace.domainsJ).toEqual({ cpu: 7, gpu: 1.5 })
  })

  it('counts the package once', () => {
    const energy = { cpu: joules(2), gpu: joules(1), dram: joules(1), package: joules(5) }
    const whole = new Trace([{ ...sample(0, 0, 100, 0), energy }])
    expect(whole.totalJ).toBe(6)
    expect(whole.parts).toEqual(['dram', 'package'])
  })

  it('finds the samples that an interval overlaps, not those it only meets', () => {
    expect(trace.rangeOf(100 * ms, 200 * ms)).toEqual([1, 2])
    expect(trace.rangeOf(99 * ms, 201 * ms)).toEqual([0, 3])
    expect(trace.rangeOf(310 * ms, 340 * ms)).toEqual([3, 3])
    expect(trace.rangeOf(500 * ms, 600 * ms)).toEqual([4, 4])
  })

  it('tells the time of unknown energy in an interval', () => {
    expect(trace.gaps).toEqual([
      { start: 200 * ms, end: 300 * ms },
      { start: 300 * ms, end: 350 * ms },
    ])
    expect(trace.uncovered(0, 450 * ms)).toBe(150 * ms)
    expect(trace.uncovered(-20 * ms, 50 * ms)).toBe(20 * ms)
    expect(trace.uncovered(250 * ms, 500 * ms)).toBe(150 * ms)
  })

  it('peaks in the samples that lie mostly inside', () => {
    expect(trace.peakPower(60 * ms, 180 * ms)).toBe(25)
    expect(trace.peakPower(340 * ms, 440 * ms)).toBe(45)
    expect(trace.peakPower(210 * ms, 290 * ms)).toBeNull()
  })

  it('of nothing has no samples and no energy', () => {
    const empty = new Trace([])
    expect(empty).toMatchObject({ totalJ: 0, medianSampleMs: null, gaps: [] })
    expect(empty.uncovered(0, 10)).toBe(10)
  })
})
