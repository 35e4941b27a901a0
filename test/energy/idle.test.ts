import { describe, expect, it } from 'vitest'
import { idlePowerOf } from '../../src/energy/idle.ts'
import type { Sample } from '../../src/energy/sample.ts'
import { joules, nanoseconds } from '../../src/units.ts'

const second = 1e9

/** Samples of 100 ms with the given power, W. */
const trace = (power: (seconds: number) => number, seconds: number): Sample[] =>
  Array.from({ length: seconds * 10 }, (_, index) => ({
    index,
    start: nanoseconds((index * second) / 10),
    end: nanoseconds(((index + 1) * second) / 10),
    energy: { cpu: joules(power(index / 10) / 10), gpu: joules(0.001) },
    segment: 0,
    certain: true,
  }))

const busy = (start: number, end: number) => ({
  start: nanoseconds(start * second),
  end: nanoseconds(end * second),
})

/** 0.2 W at rest with a ripple, 4 W under load, which dies away over 0.3 s. */
const loaded = (at: number): number => {
  if (at >= 2 && at < 3) return 4
  if (at >= 3 && at < 3.3) return 2
  return Math.round(at * 10) % 2 === 0 ? 0.19 : 0.21
}

describe('idle power', () => {
  it('comes from the watched start and from pauses, half a second after load', () => {
    const idle = idlePowerOf(trace(loaded, 5), [busy(2, 3)])
    expect(idle?.power).toBeCloseTo(0.21, 2)
    expect(idle?.domains).toEqual({ cpu: expect.closeTo(0.2, 2), gpu: expect.closeTo(0.01, 6) })
    expect(idle).toMatchObject({ duration: 3.5 * second, method: 'watched and pauses' })
    expect(idle?.warnings).toEqual([])
  })

  it('is better known the longer it was watched', () => {
    const short = idlePowerOf(trace(loaded, 2), [])
    const long = idlePowerOf(
      trace((at) => loaded(at % 2), 20),
      [],
    )
    expect(short?.standardError).toBeGreaterThan(long?.standardError ?? 1)
    expect(long?.standardError).toBeGreaterThan(0)
  })

  it('is not known while files run all the time', () => {
    expect(idlePowerOf(trace(loaded, 5), [busy(0, 3), busy(2, 5)])).toBeNull()
    expect(idlePowerOf([], [])).toBeNull()
  })

  it('does not take pauses shorter than half a second', () => {
    expect(idlePowerOf(trace(loaded, 3), [busy(0, 1), busy(1.5, 3)])).toBeNull()
  })

  it('cuts off a burst, and says so when there were many', () => {
    const once = idlePowerOf(
      trace((at) => (at === 1 ? 1 : 0.2), 3),
      [],
    )
    expect(once?.power).toBeCloseTo(0.21, 6)
    expect(once?.warnings).toEqual([])
    const often = idlePowerOf(
      trace((at) => (Math.round(at * 10) % 4 === 0 ? 3 : 0.2), 3),
      [],
    )
    expect(often?.warnings.map(({ code }) => code)).toEqual(['not-quiet'])
  })

  it('says when it moved by more than a tenth', () => {
    const moved = idlePowerOf(
      trace((at) => loaded(at % 2) + (at > 5 ? 0.1 : 0), 10),
      [],
    )
    expect(moved?.warnings).toEqual([
      { code: 'idle-moved', message: 'idle power moved from 0.21 W to 0.31 W during the run' },
    ])
  })

  it('of a slow counter comes from whole publications', () => {
    const samples = trace((at) => (Math.round(at * 10) % 20 === 19 ? 20 * 0.5 : 0), 30)
    expect(idlePowerOf(samples, [busy(14, 20)])?.power).toBeCloseTo(0.51, 2)
  })
})

describe('idle power under a slow counter', () => {
  it('is not known when the counter was not published in quiet time', () => {
    // 0.2 W for 2 s, then load to the end; published every 2.1 s from 2.1 s on
    const samples = trace((at) => (Math.round(at * 10) % 21 === 0 && at > 2 ? 40 : 0), 20)
    expect(idlePowerOf(samples, [busy(2, 20)])).toBeNull()
  })
})
