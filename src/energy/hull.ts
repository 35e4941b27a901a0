/** A straight line under points: `intercept + slope × x`. */
export interface Line {
  slope: number
  intercept: number
}

/** ppm that two clocks of one machine can differ by (docs/method.md, "Time") */
const steepest = 500e-6
/** below this length of time the drift is lost in the jitter of the reads, ns */
const shortest = 20e9
/** Steps of slope and intercept: a line that moves by less than they do need not be drawn anew. */
const slopeStep = 1e-8
const interceptStep = 1000

/**
 * The lower envelope of points that come with growing x: reads are late by chance, never early, so
 * the line that touches them from below is the meter's clock (Moon, Skelly and Towsley, 1999).
 */
export class LowerHull {
  readonly #x: number[] = []
  readonly #y: number[] = []
  #count = 0
  #sum = 0
  #last = 0

  get count(): number {
    return this.#count
  }

  add(x: number, y: number): void {
    this.#count += 1
    this.#sum += x
    this.#last = x
    while (this.#isAbove(x, y)) {
      this.#x.pop()
      this.#y.pop()
    }
    this.#x.push(x)
    this.#y.push(y)
  }

  /** the last corner lies on or above the line from the one before it to (x, y) */
  #isAbove(x: number, y: number): boolean {
    const n = this.#x.length
    if (n < 2) return false
    const [ax = 0, bx = 0] = [this.#x[n - 2], this.#x[n - 1]]
    const [ay = 0, by = 0] = [this.#y[n - 2], this.#y[n - 1]]
    return (bx - ax) * (y - ay) - (by - ay) * (x - ax) <= 0
  }

  /** The supporting line: level for less than a minute, else the edge below the mean of x. */
  get line(): Line {
    const slope = this.#last < shortest ? 0 : this.#slopeBelowMean()
    let intercept = Infinity
    for (const [k, x] of this.#x.entries()) {
      intercept = Math.min(intercept, (this.#y[k] ?? 0) - slope * x)
    }
    return { slope, intercept: Math.floor(intercept / interceptStep) * interceptStep }
  }

  #slopeBelowMean(): number {
    const mean = this.#sum / this.#count
    let k = 1
    while (k < this.#x.length - 1 && (this.#x[k] ?? Infinity) < mean) k += 1
    const [ax = 0, bx = 0] = [this.#x[k - 1], this.#x[k]]
    const [ay = 0, by = 0] = [this.#y[k - 1], this.#y[k]]
    const slope = bx > ax ? (by - ay) / (bx - ax) : 0
    return Math.abs(slope) <= steepest ? Math.round(slope / slopeStep) * slopeStep : 0
  }
}
