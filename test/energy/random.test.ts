import { expect, test } from 'vitest'
import { hashOf, seededRandom } from '../../src/energy/random.ts'

test('the same seed gives the same numbers, another others', () => {
  const numbers = (seed: number) => Array.from({ length: 5 }, seededRandom(seed))
  expect(numbers(1)).toEqual(numbers(1))
  expect(numbers(1)).not.toEqual(numbers(2))
})

test('numbers are from 0 to below 1 and half on average', () => {
  const numbers = Array.from({ length: 10_000 }, seededRandom(3))
  expect(Math.min(...numbers)).toBeGreaterThanOrEqual(0)
  expect(Math.max(...numbers)).toBeLessThan(1)
  expect(numbers.reduce((sum, each) => sum + each, 0) / 10_000).toBeCloseTo(0.5, 1)
})

test('the hash is FNV-1a', () => {
  // vectors of the FNV reference, isthe.com/chongo/tech/comp/fnv
  expect(hashOf('')).toBe(0x811c9dc5)
  expect(hashOf('a')).toBe(0xe40c292c)
  expect(hashOf('foobar')).toBe(0xbf9cf968)
})
