import { describe, expect, test } from 'vitest'
import { mergePublications, publicationCadence } from '../../src/energy/publication.ts'
import type { Sample } from '../../src/energy/sample.ts'
import type { Joules, Nanoseconds } from '../../src/units.ts'

/** Samples of 100 ms with these energies, J. */
const samplesOf = (...energies: (number | null)[]): Sample[] =>
  energies.map((energy, index) => ({
    index,
    start: (index * 1e8) as Nanoseconds,
    end: ((index + 1) * 1e8) as Nanoseconds,
    energy: energy === null ? null : { cpu: energy as Joules },
    segment: 0,
    certain: true,
  }))

const always = () => true
const never = () => false

describe('the cadence of the counters', () => {
  test('is the longest time between two values', () => {
    const samples = samplesOf(1, 0, 0, 3, 0, 0, 0, 4, 0, 0, 3)
    expect(publicationCadence(samples, always)).toEqual({ slow: true, longest: 4e8 })
  })

  test('is nothing to speak of while every sample has a value', () => {
    expect(publicationCadence(samplesOf(1, 2, 3, 4), always)).toMatchObject({ slow: false })
  })

  test('zeros of an idle machine are true', () => {
    expect(publicationCadence(samplesOf(1, 0, 0, 1, 0, 0, 1), never)).toMatchObject({ slow: false })
  })

  test('is seen before it is known', () => {
    expect(publicationCadence(samplesOf(1, 0, 0, 0, 3), always)).toEqual({
      slow: true,
      longest: null,
    })
  })

  test('one zero may be a fault', () => {
    expect(publicationCadence(samplesOf(1, 2, 0, 2, 1), always)).toMatchObject({ slow: false })
  })
})

describe('merging', () => {
  test('joins zeros with the lump that ends them, and keeps all energy', () => {
    const { samples, ranges } = mergePublications(samplesOf(1, 0, 0, 3, 2))
    expect(samples.map(({ start, end, energy }) => [start, end, energy?.cpu])).toEqual([
      [0, 1e8, 1],
      [1e8, 4e8, 3],
      [4e8, 5e8, 2],
    ])
    expect([...ranges.values()]).toEqual([
      [0, 0],
      [1, 3],
      [4, 4],
    ])
  })

  test('leaves out zeros whose lump has not come', () => {
    expect(mergePublications(samplesOf(1, 0, 0)).samples).toHaveLength(1)
  })

  test('a damaged record makes the lump unknown', () => {
    expect(mergePublications(samplesOf(1, 0, null)).samples[1]?.energy).toBeNull()
  })

  test('a lump across a gap is uncertain', () => {
    const [first, ...rest] = samplesOf(0, 0, 3)
    const broken = [first, ...rest.map((sample) => Object.assign(sample, { segment: 1 }))]
    const { samples } = mergePublications(broken.filter((sample) => sample !== undefined))
    expect(samples[0]?.certain).toBe(false)
  })
})
