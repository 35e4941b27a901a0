/** Physical quantities as branded numbers: the brand is erased, so it costs nothing at run time. */
declare const unit: unique symbol

export type Joules = number & { readonly [unit]: 'J' }
export type Watts = number & { readonly [unit]: 'W' }
export type Milliseconds = number & { readonly [unit]: 'ms' }
/** Instants on the test clock (`process.hrtime`) and lengths of time, nanoseconds. */
export type Nanoseconds = number & { readonly [unit]: 'ns' }

export const joules = (value: number): Joules => value as Joules
export const watts = (value: number): Watts => value as Watts
export const milliseconds = (value: number): Milliseconds => value as Milliseconds
export const nanoseconds = (value: number): Nanoseconds => value as Nanoseconds

/** W × ns = nJ. */
export const energyOf = (power: Watts, duration: Nanoseconds): Joules =>
  joules(power * duration * 1e-9)

/** J ÷ ns = GW. @returns watts; `NaN` when the duration is 0 */
export const powerOf = (energy: Joules, duration: Nanoseconds): Watts =>
  watts((energy / duration) * 1e9)

export const toNanoseconds = (duration: Milliseconds): Nanoseconds => nanoseconds(duration * 1e6)
export const toMilliseconds = (duration: Nanoseconds): Milliseconds => milliseconds(duration / 1e6)

/** A limit as people write it: number, space, unit. `uJ` is read as `µJ`. */
export type EnergyText = `${number} ${'J' | 'mJ' | 'µJ' | 'uJ' | 'nJ'}`
/** A limit for a bench case: energy of one operation. */
export type EnergyPerOpText = `${EnergyText}/op`

export interface EnergyLimit {
  /** joules, ≥ 0 */
  limit: Joules
  /** `true` when the text ends in `/op` */
  perOp: boolean
  /** as written */
  text: string
}

const readUnits: Record<string, number> = { J: 0, mJ: -3, µJ: -6, μJ: -6, uJ: -6, nJ: -9 }
const energyText = /^(\d+(?:\.\d+)?) (J|mJ|µJ|μJ|uJ|nJ)(\/op)?$/

/**
 * Reads `"5 mJ"` or `"2 mJ/op"`.
 * @returns `undefined` when the text has any other form
 */
export function parseEnergyLimit(text: unknown): EnergyLimit | undefined {
  if (typeof text !== 'string') return undefined
  const [, amount, name, perOp] = energyText.exec(text) ?? []
  const exponent = readUnits[name ?? '']
  if (amount === undefined || exponent === undefined) return undefined
  // as one number, so that no rounding of a product makes 2.5 µJ 2.4999999999999998e-6 J
  return { limit: joules(Number(`${amount}e${exponent}`)), perOp: perOp !== undefined, text }
}

/** A unit with its prefix, such as `µJ`. */
export interface Scale {
  suffix: string
  /** size of one such unit in the base unit */
  factor: number
}

const prefixes: readonly (readonly [prefix: string, factor: number])[] = [
  ['k', 1e3],
  ['', 1],
  ['m', 1e-3],
  ['µ', 1e-6],
  ['n', 1e-9],
]

/**
 * The prefix under which `value` reads as 1 … 999, within k … n.
 * One scale for a whole column: pass its largest value.
 */
export function scaleFor(value: number, base: 'J' | 'W' | 'J/op'): Scale {
  const size = Math.abs(value)
  // 0.9995: what three digits would print as 1000 belongs to the next prefix
  const [prefix, factor] =
    prefixes.find(([, f]) => size >= 0.9995 * f) ?? (size === 0 ? ['', 1] : ['n', 1e-9])
  return { suffix: `${prefix}${base}`, factor }
}

/** Three significant digits without exponent: `1234`, `41.8`, `0.0123`. */
export function formatSignificant(value: number, digits = 3): string {
  if (!Number.isFinite(value)) return '–'
  if (value === 0) return '0'
  const exponent = Math.floor(Math.log10(Math.abs(value)))
  const decimals = Math.min(12, Math.max(0, digits - 1 - exponent))
  const text = value.toFixed(decimals)
  // rounding may have carried into a new digit: 9.996 → "10.00"
  const carried = Math.floor(Math.log10(Math.abs(Number(text)))) > exponent
  return carried && decimals > 0 ? value.toFixed(decimals - 1) : text
}

function formatQuantity(value: number, base: 'J' | 'W', digits: number): string {
  const { suffix, factor } = scaleFor(value, base)
  return `${formatSignificant(value / factor, digits)} ${suffix}`
}

/** `"36.9 mJ"`: three significant digits in the prefix that fits, nJ … kJ. */
export const formatEnergy = (energy: number, digits = 3): string =>
  formatQuantity(energy, 'J', digits)

/** `"3.34 W"`. */
export const formatPower = (power: number, digits = 3): string => formatQuantity(power, 'W', digits)

/**
 * The scale of a column that shows `values` in one unit: that of the largest; where they span more
 * than a factor of 1000, that of their geometric middle, so that neither end is unreadable.
 */
export function columnScale(values: readonly number[], base: 'J' | 'W' | 'J/op'): Scale {
  const sizes = values.map(Math.abs).filter((size) => size > 0 && Number.isFinite(size))
  if (sizes.length === 0) return scaleFor(0, base)
  const largest = sizes.reduce((a, b) => Math.max(a, b))
  const smallest = sizes.reduce((a, b) => Math.min(a, b))
  return scaleFor(largest > 1000 * smallest ? Math.sqrt(largest * smallest) : largest, base)
}

/** `"5.46 µJ"`: three significant digits in a scale that was chosen before. */
export const formatScaled = (value: number, { suffix, factor }: Scale, digits = 3): string =>
  `${formatSignificant(value / factor, digits)} ${suffix}`

/** `"17.9 µJ/op"`. */
export const formatEnergyPerOp = (energy: number, digits = 3): string =>
  formatScaled(energy, scaleFor(energy, 'J/op'), digits)

/**
 * A part of one as percent: `0.4`, `1.1`, `17`, `>999`; one decimal below `wholeFrom` percent.
 * @returns `–` when it is not known
 */
export function formatPercent(part: number, wholeFrom = 10): string {
  if (!Number.isFinite(part)) return '–'
  const percent = part * 100
  if (percent >= 999.5) return '>999'
  return percent.toFixed(percent < wholeFrom - 0.05 ? 1 : 0)
}

const limitUnits: readonly (readonly [name: string, factor: number])[] = [
  ['J', 1],
  ['mJ', 1e-3],
  ['µJ', 1e-6],
  ['nJ', 1e-9],
]

/** A limit in the form that {@link parseEnergyLimit} reads, two digits, never below `energy`. */
export function limitTextAbove(energy: number, perOp: boolean): string {
  const [name, factor] = limitUnits.find(([, f]) => energy >= f) ?? (['nJ', 1e-9] as const)
  const value = Math.max(energy, 1e-12) / factor
  const step = 10 ** (Math.floor(Math.log10(value)) - 1)
  // the tiny part less keeps 19.0000001 at 19: it comes from the division, not from the energy
  const steps = Math.ceil(value / step - 1e-9)
  return `${Number((steps * step).toPrecision(12))} ${name}${perOp ? '/op' : ''}`
}

/** `"318 ms"`, `"13.1 s"`, `"4 min 5 s"`. */
export function formatDuration(duration: Milliseconds): string {
  if (duration < 1000) return `${formatSignificant(duration, duration < 10 ? 2 : 3)} ms`
  if (duration < 100_000) return `${formatSignificant(duration / 1000)} s`
  const seconds = Math.round(duration / 1000)
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`
}

const timeScales: readonly (readonly [suffix: string, factor: number])[] = [
  ['s', 1e9],
  ['ms', 1e6],
  ['µs', 1e3],
]

/** `"1.66 µs"`: the time of one operation. @param duration nanoseconds */
export function formatOperationTime(duration: Nanoseconds): string {
  const [suffix, factor] = timeScales.find(([, f]) => duration >= 0.9995 * f) ?? ['ns', 1]
  return `${formatSignificant(duration / factor)} ${suffix}`
}
