import { describe, expect, it } from 'vitest'
import { faultOf } from '../../src/energy/faults.ts'
import type { DomainEnergy, Sample } from '../../src/energy/sample.ts'
import { Trace } from '../../src/energy/trace.ts'
import type { FileSpan } from '../../src/energy/window.ts'
import { Readings } from '../../src/energy/readings.ts'
import { joules, milliseconds, nanoseconds } from '../../src/units.ts'

const ms = 1e6

/** Samples of about 100 ms, one in ten a little longer. */
function samplesOf(energies: readonly DomainEnergy[]): Sample[] {
  let end = 0
  return energies.map((energy, index) => {
    const start = end
    end += (index % 10 === 0 ? 103 : 100) * ms
    return {
      index,
      start: nanoseconds(start),
      end: nanoseconds(end),
      energy,
      segment: 0,
      certain: true,
    }
  })
}

const cpu = (value: number): DomainEnergy => ({ cpu: joules(value) })

/** A file that kept one CPU busy in all samples. */
function evidence(energies: readonly DomainEnergy[]): string | null {
  const samples = samplesOf(energies)
  const end = samples.at(-1)?.end ?? nanoseconds(0)
  const span: FileSpan = {
    projectName: '',
    file: 'a.test.ts',
    worker: '1.0',
    start: nanoseconds(0),
    end,
    cpu: milliseconds(end / ms),
  }
  const input = {
    samples,
    windows: [],
    spans: [span],
    idle: null,
    hybridCpu: false,
    intervalMs: 100,
  }
  return faultOf(input, new Trace(samples))
}

const many = (count: number, make: (k: number) => DomainEnergy): DomainEnergy[] =>
  Array.from({ length: count }, (_, k) => make(k))

describe('evidence against the meter', () => {
  it('is none on a sound trace', () => {
    expect(evidence(many(50, (k) => cpu(0.4 + (k % 7) / 1000)))).toBeNull()
  })

  it('is zero CPU energy while the processes work', () => {
    expect(evidence(many(20, () => cpu(0)))).toBe(
      'cpu energy was 0 for 2.0 s while the tests used 2.0 s of CPU time',
    )
  })

  it('is a counter that stops for seconds', () => {
    const stopped = many(90, (k) => cpu(k > 20 && k < 60 ? 0 : 0.4 + (k % 7) / 1000))
    expect(evidence(stopped)).toMatch(/^cpu energy was 0 for 3\.9 s while/)
  })

  it('is not a counter that is published every two seconds', () => {
    expect(evidence(many(200, (k) => cpu(k % 20 === 19 ? 8 + (k % 7) / 1000 : 0)))).toBeNull()
  })

  it('is a value that stays the same though the samples differ in length', () => {
    expect(evidence(many(30, () => cpu(0.431)))).toBe(
      'cpu energy of exactly 0.431 J in 20 samples running',
    )
  })

  it('is not a small value that stays the same at rest', () => {
    expect(evidence(many(30, () => cpu(0.001)))).toBeNull()
  })

  it('is more power than a chip can draw', () => {
    expect(evidence([cpu(0.4), cpu(206), cpu(0.4)])).toBe('cpu power of 2060 W in a sample')
  })

  it('is a negative or infinite energy', () => {
    expect(evidence([cpu(0.4), cpu(-1)])).toBe('cpu energy of -1 J in a sample')
    expect(evidence([cpu(0.4), cpu(Infinity)])).toBe('cpu energy of Infinity J in a sample')
  })

  it('is a domain that disappears', () => {
    const gone = many(10, (k) => (k < 7 ? { ...cpu(0.4 + k / 1000), gpu: joules(0.1) } : cpu(0.4)))
    expect(evidence(gone)).toBe('gpu energy is missing from 3 of 10 samples')
  })
})

describe('records that contradict themselves', () => {
  const reading = (contradiction?: string) => ({
    arrival: nanoseconds(0),
    elapsed: nanoseconds(100 * ms),
    energy: null,
    stampSeconds: null,
    thermalPressure: null,
    systemCpuMs: null,
    ownCpuMs: null,
    ...(contradiction === undefined ? {} : { contradiction }),
  })
  const faultWith = (odd: number) => {
    const readings = Array.from({ length: 10 }, (_, k) =>
      reading(k < odd ? 'cpu: 9000 mW in 0.1 s, but 300 mJ' : undefined),
    )
    const none = { samples: [], windows: [], spans: [], idle: null }
    return faultOf(
      { ...none, hybridCpu: false, intervalMs: 100, readings: Readings.of(readings) },
      new Trace([]),
    )
  }

  it('are a slip when there is one, and evidence when there are two', () => {
    expect(faultWith(1)).toBeNull()
    expect(faultWith(2)).toBe(
      '2 of 10 records contradict themselves (cpu: 9000 mW in 0.1 s, but 300 mJ)',
    )
  })
})
