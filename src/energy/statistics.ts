/** Robust statistics. Nothing here knows what the numbers mean. */

/** @returns `NaN` of no values */
export function mean(values: readonly number[]): number {
  let sum = 0
  for (const value of values) sum += value
  return sum / values.length
}

const ascending = (values: readonly number[]): number[] => [...values].sort((a, b) => a - b)

/** @returns the mean of the two middle values of an even number of them; `NaN` of no values */
export function median(values: readonly number[]): number {
  const sorted = ascending(values)
  const half = Math.floor(sorted.length / 2)
  return sorted.length % 2 === 1
    ? (sorted[half] ?? Number.NaN)
    : ((sorted[half - 1] ?? Number.NaN) + (sorted[half] ?? Number.NaN)) / 2
}

/** @returns with n − 1 below the line; `NaN` of fewer than two values */
export function standardDeviation(values: readonly number[]): number {
  const centre = mean(values)
  let squares = 0
  for (const value of values) squares += (value - centre) ** 2
  return values.length < 2 ? Number.NaN : Math.sqrt(squares / (values.length - 1))
}

/** What both tails lose together is twice this: the middle 60 % stay (Wilcox, 2012, §3.3). */
export const trim = 0.2

/**
 * The mean of what is left when ⌊share · n⌋ values are taken away at each end.
 * @returns `NaN` of no values
 */
export function trimmedMean(values: readonly number[], share: number = trim): number {
  const sorted = ascending(values)
  const cut = Math.floor(share * sorted.length)
  return mean(sorted.slice(cut, sorted.length - cut))
}

export interface Estimate {
  value: number
  standardError: number
  /** degrees of freedom of its t interval */
  df: number
}

/**
 * The trimmed mean with its standard error from the winsorised spread
 * (Yuen, 1974, Biometrika 61, 165–170).
 * @returns `null` of fewer than two values
 */
export function yuen(values: readonly number[], share: number = trim): Estimate | null {
  const count = values.length
  if (count < 2) return null
  const sorted = ascending(values)
  const cut = Math.floor(share * count)
  const lowest = sorted[cut] ?? Number.NaN
  const highest = sorted[count - 1 - cut] ?? Number.NaN
  const winsorised = sorted.map((value) => Math.min(Math.max(value, lowest), highest))
  const kept = 1 - (2 * cut) / count
  return {
    value: mean(sorted.slice(cut, count - cut)),
    standardError: standardDeviation(winsorised) / (kept * Math.sqrt(count)),
    df: count - 2 * cut - 1,
  }
}

export interface Interval {
  value: number
  low: number
  high: number
}

/** The two-sided t interval of an estimate. @param confidence between 0 and 1, such as 0.95 */
export function intervalOf(estimate: Estimate, confidence = 0.95): Interval {
  const half = studentT(0.5 + confidence / 2, estimate.df) * estimate.standardError
  return { value: estimate.value, low: estimate.value - half, high: estimate.value + half }
}

/**
 * The 20 % trimmed mean with its 95 % interval.
 * @returns `null` of fewer than two values
 */
export function yuenInterval(values: readonly number[], confidence = 0.95): Interval | null {
  const estimate = yuen(values)
  return estimate === null ? null : intervalOf(estimate, confidence)
}

/** Lanczos' series with six terms, relative error < 2e-10 (Numerical Recipes, 2nd ed., §6.1). */
function logGamma(x: number): number {
  const terms = [
    76.18009172947146, -86.5053203294168, 24.01409824083091, -1.231739572450155,
    0.001208650973866179, -0.000005395239384953,
  ]
  const base = x + 5.5 - (x + 0.5) * Math.log(x + 5.5)
  let series = 1.000000000190015
  for (const [index, term] of terms.entries()) series += term / (x + index + 1)
  return -base + Math.log((2.5066282746310007 * series) / x)
}

const nonZero = (value: number): number => (Math.abs(value) < 1e-30 ? 1e-30 : value)

/** The continued fraction of the incomplete beta function, by Lentz' method (ibid., §6.4). */
function betaFraction(a: number, b: number, x: number): number {
  let c = 1
  let d = 1 / nonZero(1 - ((a + b) * x) / (a + 1))
  let fraction = d
  for (let m = 1; m <= 300; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m))
    d = 1 / nonZero(1 + even * d)
    c = nonZero(1 + even / c)
    fraction *= d * c
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1))
    d = 1 / nonZero(1 + odd * d)
    c = nonZero(1 + odd / c)
    fraction *= d * c
    if (Math.abs(d * c - 1) < 1e-12) break
  }
  return fraction
}

/** The regularised incomplete beta function. */
function incompleteBeta(a: number, b: number, x: number): number {
  if (x <= 0) return 0
  if (x >= 1) return 1
  const front = Math.exp(
    logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log(1 - x),
  )
  return x < (a + 1) / (a + b + 2)
    ? (front * betaFraction(a, b, x)) / a
    : 1 - (front * betaFraction(b, a, 1 - x)) / b
}

/**
 * How likely Student's t is to be as far from 0 as `t`, on either side.
 * @param df degrees of freedom, > 0
 * @returns 0 … 1
 */
export const twoSidedP = (t: number, df: number): number =>
  incompleteBeta(df / 2, 0.5, df / (df + t * t))

/**
 * Quantile of Student's t.
 * @param p 0 < p < 1
 * @param df degrees of freedom; ∞ gives the normal quantile
 * @returns `NaN` where `df` is not above 0
 */
export function studentT(p: number, df: number): number {
  if (!(df > 0)) return Number.NaN
  if (p < 0.5) return -studentT(1 - p, df)
  // beyond 1e7 the two agree in seven digits, and the fraction no longer converges
  const freedom = Math.min(df, 1e7)
  const tail = 2 * (1 - p)
  let low = 0
  let high = 1
  while (twoSidedP(high, freedom) > tail && high < 1e12) high *= 2
  for (let step = 0; step < 60; step++) {
    const middle = (low + high) / 2
    if (twoSidedP(middle, freedom) > tail) low = middle
    else high = middle
  }
  return (low + high) / 2
}
