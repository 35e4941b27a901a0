/**
 * A symmetric positive definite matrix of which each row is kept from its first entry to the
 * diagonal. Solving costs rows × width², so that a long chain with few long rows at its end is
 * linear in its length.
 */
export class Skyline {
  readonly #first: Int32Array
  /** position of a row's diagonal in `#values` */
  readonly #diagonal: Float64Array
  readonly #values: Float64Array
  readonly #work: Float64Array
  readonly size: number

  /** @param first column of the first entry of each row, ≤ the row */
  constructor(first: Int32Array) {
    this.size = first.length
    this.#first = first
    this.#diagonal = new Float64Array(first.length)
    this.#work = new Float64Array(first.length)
    let length = 0
    for (const [row, column] of first.entries()) {
      length += row - column + 1
      this.#diagonal[row] = length - 1
    }
    this.#values = new Float64Array(length)
  }

  /** Adds to an entry; `column` must lie within the row, in either order. */
  add(row: number, column: number, value: number): void {
    const [low, high] = row > column ? [column, row] : [row, column]
    const at = (this.#diagonal[high] ?? 0) - (high - low)
    this.#values[at] = (this.#values[at] ?? 0) + value
  }

  /** Turns the matrix into its Cholesky factor. */
  factor(): void {
    for (let i = 0; i < this.size; i += 1) {
      const first = this.#first[i] ?? i
      const row = (this.#diagonal[i] ?? 0) - i
      for (let j = first; j <= i; j += 1) {
        const other = (this.#diagonal[j] ?? 0) - j
        let sum = this.#values[row + j] ?? 0
        for (let k = Math.max(first, this.#first[j] ?? j); k < j; k += 1) {
          sum -= (this.#values[row + k] ?? 0) * (this.#values[other + k] ?? 0)
        }
        this.#values[row + j] =
          j === i
            ? Math.sqrt(Math.max(sum, Number.MIN_VALUE))
            : sum / (this.#values[other + j] ?? 1)
      }
    }
  }

  /** @returns x of A x = b; after {@link factor} */
  solve(b: Float64Array): Float64Array {
    const x = b.slice()
    for (let i = 0; i < this.size; i += 1) x[i] = this.#forward(i, this.#first[i] ?? i, x)
    for (let i = this.size - 1; i >= 0; i -= 1) {
      const row = (this.#diagonal[i] ?? 0) - i
      const value = (x[i] ?? 0) / (this.#values[row + i] ?? 1)
      x[i] = value
      for (let k = this.#first[i] ?? i; k < i; k += 1) {
        x[k] = (x[k] ?? 0) - value * (this.#values[row + k] ?? 0)
      }
    }
    return x
  }

  #forward(i: number, from: number, x: Float64Array): number {
    const row = (this.#diagonal[i] ?? 0) - i
    let sum = x[i] ?? 0
    for (let k = from; k < i; k += 1) sum -= (this.#values[row + k] ?? 0) * (x[k] ?? 0)
    return sum / (this.#values[row + i] ?? 1)
  }

  /**
   * gᵀ A⁻¹ g: the variance of a weighted sum, when A is a precision. After {@link factor}.
   * @param rows of the entries of g, rising
   * @param border rows from here on may reach far back
   */
  variance(rows: readonly number[], weights: readonly number[], border: number): number {
    const work = this.#work
    const start = rows[0] ?? 0
    const last = rows.findLast((row) => row < border) ?? start
    for (const [k, row] of rows.entries()) work[row] = (work[row] ?? 0) + (weights[k] ?? 0)
    let [total, i, quiet] = [0, start, 0]
    for (; i < border; i += 1) {
      const first = this.#first[i] ?? i
      const value = this.#forward(i, Math.max(first, start), work)
      work[i] = value
      total += value * value
      // beyond the last entry the terms die away: stop when a whole row's width is done
      quiet = i > last && value * value < 1e-9 * total ? quiet + 1 : 0
      if (quiet > 8 && quiet > i - first) break
    }
    const end = Math.min(i + 1, border)
    for (let row = border; row < this.size; row += 1) {
      const value = this.#tail(row, start, end, border)
      work[row] = value
      total += value * value
    }
    work.fill(0, start, end)
    work.fill(0, border)
    return total
  }

  #tail(row: number, start: number, end: number, border: number): number {
    const offset = (this.#diagonal[row] ?? 0) - row
    const first = this.#first[row] ?? row
    let sum = this.#work[row] ?? 0
    for (let k = Math.max(first, start); k < end; k += 1) {
      sum -= (this.#values[offset + k] ?? 0) * (this.#work[k] ?? 0)
    }
    for (let k = Math.max(first, border); k < row; k += 1) {
      sum -= (this.#values[offset + k] ?? 0) * (this.#work[k] ?? 0)
    }
    return sum / (this.#values[offset + row] ?? 1)
  }
}
