import { describe, expect, it } from 'vitest'
import { Random } from '../../bench/simulate.ts'
import { Skyline } from '../../src/energy/skyline.ts'

/** 4 on the diagonal, −1 beside it, and a last row that reaches back to the first. */
const first = Int32Array.from([0, 0, 1, 2, 3, 0])

function filled(): { matrix: Skyline; dense: number[][] } {
  const random = new Random(2)
  const matrix = new Skyline(first)
  const dense = Array.from(first, () => Array.from(first, () => 0))
  for (const [row, from] of first.entries()) {
    for (let column = from; column <= row; column += 1) {
      const value = column === row ? 4 : -random.unit() / 2
      matrix.add(column, row, value)
      for (const [i, j] of new Set([
        [row, column],
        [column, row],
      ])) {
        const line = dense[i ?? 0]
        if (line !== undefined) line[j ?? 0] = value
      }
    }
  }
  return { matrix, dense }
}

const times = (dense: readonly number[][], x: ArrayLike<number>): number[] =>
  dense.map((row) => row.reduce((sum, value, k) => sum + value * (x[k] ?? 0), 0))

describe('a skyline matrix', () => {
  const { matrix, dense } = filled()
  matrix.factor()

  it('solves what it was filled with', () => {
    const b = Float64Array.from([1, 2, 3, 4, 5, 6])
    const product = times(dense, matrix.solve(b))
    for (const [k, value] of product.entries()) expect(value).toBeCloseTo(b[k] ?? 0, 12)
  })

  it('tells the variance of a weighted sum, with and without a border', () => {
    const b = Float64Array.from([0, 0, 2, -1, 0, 0.5])
    const expected = matrix.solve(b).reduce((sum, value, k) => sum + value * (b[k] ?? 0), 0)
    expect(matrix.variance([2, 3, 5], [2, -1, 0.5], 5)).toBeCloseTo(expected, 12)
    expect(matrix.variance([2, 3, 5], [2, -1, 0.5], 6)).toBeCloseTo(expected, 12)
  })

  it('forgets one question before the next', () => {
    const once = matrix.variance([0], [1], 5)
    matrix.variance([1, 2, 3, 4, 5], [5, 4, 3, 2, 1], 5)
    expect(matrix.variance([0], [1], 5)).toBe(once)
  })
})
