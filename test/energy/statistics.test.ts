import { describe, expect, test } from 'vitest'
import {
  intervalOf,
  mean,
  median,
  standardDeviation,
  studentT,
  trimmedMean,
  twoSidedP,
  yuen,
  yuenInterval,
} from '../../src/energy/statistics.ts'

describe('centres', () => {
  test('the mean of 1, 2 and 6 is 3', () => {
    expect(mean([1, 2, 6])).toBe(3)
  })

  test('the median of an even number of values lies between the middle two', () => {
    expect(median([9, 1, 2, 4])).toBe(3)
    expect(median([9, 1, 2])).toBe(2)
  })

  test('of ten values the trimmed mean leaves out the two smallest and the two largest', () => {
    expect(trimmedMean([1000, 3, 3, 3, 3, 3, 3, -1000, -5, 5])).toBe(3)
  })

  test('four values are too few to trim', () => {
    expect(trimmedMean([1, 2, 3, 10])).toBe(4)
  })

  test('of nothing everything is NaN', () => {
    expect([mean([]), median([]), trimmedMean([]), standardDeviation([1])]).toEqual([
      Number.NaN,
      Number.NaN,
      Number.NaN,
      Number.NaN,
    ])
  })
})

// quantiles from R 4.3, qt()
test.each([
  [0.975, 1, 12.7062047361747],
  [0.975, 5, 2.57058183563631],
  [0.975, 9, 2.2621571627982],
  [0.995, 5, 4.03214298355523],
  [0.95, 30, 1.69726088659396],
  [0.025, 9, -2.2621571627982],
])('the %f quantile of t with %f degrees of freedom is %f', (p, df, expected) => {
  expect(studentT(p, df)).toBeCloseTo(expected, 8)
})

test('with infinite degrees of freedom t is normal', () => {
  expect(studentT(0.975, Number.POSITIVE_INFINITY)).toBeCloseTo(1.95996398454005, 5)
})

test('the quantile is the inverse of the probability', () => {
  expect(twoSidedP(studentT(0.99, 7), 7)).toBeCloseTo(0.02, 10)
})

test('without degrees of freedom there is no quantile', () => {
  expect(studentT(0.975, 0)).toBeNaN()
})

describe("Yuen's interval", () => {
  test('of values too few to trim is the ordinary t interval', () => {
    const values = [1, 2, 3, 4]
    const estimate = yuen(values)
    expect(estimate?.standardError).toBeCloseTo(standardDeviation(values) / 2, 12)
    expect(estimate?.df).toBe(3)
  })

  test('is that of the winsorised values: 0, 1 … 9 give 4.5 with a standard error of 1.09', () => {
    // winsorised 2 2 2 3 4 5 6 7 7 7: squares 42.5, over 9; divided by 0.6 √10
    const estimate = yuen([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    expect(estimate?.value).toBe(4.5)
    expect(estimate?.standardError).toBeCloseTo(Math.sqrt(42.5 / 9) / (0.6 * Math.sqrt(10)), 12)
    expect(estimate?.df).toBe(5)
  })

  test('does not feel one wild value', () => {
    expect(yuenInterval([0, 1, 2, 3, 4, 5, 6, 7, 8, 9e9])).toEqual(
      yuenInterval([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]),
    )
  })

  test('widens with the confidence asked for', () => {
    const estimate = { value: 10, standardError: 1, df: 5 }
    expect(intervalOf(estimate, 0.99).high).toBeGreaterThan(intervalOf(estimate, 0.95).high)
  })

  test('of one value does not exist', () => {
    expect(yuenInterval([1])).toBeNull()
  })
})
