import { expect, test } from 'vitest'
import { knownUntil, slowness } from '../../src/energy/cadence.ts'
import type { Sample } from '../../src/energy/sample.ts'
import { joules, nanoseconds } from '../../src/units.ts'

const samples = (energies: readonly number[]): Sample[] =>
  energies.map((cpu, index) => ({
    index,
    start: nanoseconds(index * 100),
    end: nanoseconds((index + 1) * 100),
    energy: { cpu: joules(cpu) },
    segment: 0,
    certain: true,
  }))

test('a fresh counter is known to the end of the last sample', () => {
  expect(knownUntil(samples([1, 1, 1]))).toBe(300)
})

test('a slow counter is known to its last publication', () => {
  const slow = Array.from({ length: 34 }, (_, index) => (index % 5 === 4 ? 2 : 0))
  expect(knownUntil(samples(slow))).toBe(3000)
})

test('nothing is known from the first values of what may be a slow counter', () => {
  const begun = Array.from({ length: 18 }, (_, index) => (index % 5 === 4 ? 2 : 0))
  expect(knownUntil(samples(begun))).toBe(-Infinity)
  expect(slowness(samples(begun))).toBe('perhaps')
})

test('three busy samples after rest are no slow counter', () => {
  expect(knownUntil(samples([0, 0, 0, 0, 1, 1, 1, 0]))).toBe(800)
})

test('a counter that has just been published is as slow as before', () => {
  const slow = Array.from({ length: 35 }, (_, index) => (index % 5 === 4 ? 2 : 0))
  expect(slowness(samples(slow))).toBe('slow')
})

test('nothing is known before the first sample', () => {
  expect(knownUntil([])).toBe(-Infinity)
})
