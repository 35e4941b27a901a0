import { parse } from 'plist'
import type { PlistValue } from 'plist'

/**
 * Numbers of the `processor` dictionary. Energies are mJ and powers mW on Apple silicon (read off
 * captures of M1, macOS 13.3, to M3 Max, macOS 26); `dram_energy` up to macOS 12; joules and watts
 * on Intel (Haswell, macOS 10.9; the names of `cpu_joules` and `igpu_watts` from readers of it).
 */
const appleKeys = [
  'cpu_energy',
  'gpu_energy',
  'ane_energy',
  'dram_energy',
  'cpu_power',
  'gpu_power',
  'ane_power',
] as const
const intelKeys = [
  'package_joules',
  'package_watts',
  'cpu_joules',
  'igpu_joules',
  'igpu_watts',
] as const
type ProcessorKey = (typeof appleKeys)[number] | (typeof intelKeys)[number]
type Processor = Partial<Record<ProcessorKey, number>>

/**
 * The few values of a record that are used, as they stand there: `undefined` where the record has
 * no such key, NaN where a number should stand and does not.
 */
export interface Fields {
  isDelta: boolean | undefined
  /** `elapsed_ns` */
  elapsedNs: number | undefined
  /** `timestamp`, seconds since 1970 */
  stampSeconds: number | undefined
  /** `hw_model` */
  model: string | undefined
  /** `kern_osversion` */
  os: string | undefined
  /** `kern_bootargs` */
  bootArguments: string | undefined
  thermalPressure: string | undefined
  /** the meter itself calls a value invalid, as it does with `--handle-invalid-values` */
  invalid: boolean
  processor: Processor
  /** of the `gpu` dictionary, mJ: its window differs from `elapsed_ns` by some per cent */
  gpuEnergy: number | undefined
}

// ── by searching for the keys

const keyOf = (name: string): Buffer => Buffer.from(`<key>${name}</key>`)
const keys = {
  isDelta: keyOf('is_delta'),
  elapsed: keyOf('elapsed_ns'),
  timestamp: keyOf('timestamp'),
  model: keyOf('hw_model'),
  os: keyOf('kern_osversion'),
  bootArguments: keyOf('kern_bootargs'),
  thermal: keyOf('thermal_pressure'),
  invalid: keyOf('invalid'),
  processor: keyOf('processor'),
  gpu: keyOf('gpu'),
  gpuEnergy: keyOf('gpu_energy'),
  arrayEnd: Buffer.from('</array>'),
}
const appleSearch = appleKeys.map((name) => [name, keyOf(name)] as const)
const intelSearch = intelKeys.map((name) => [name, keyOf(name)] as const)

/** Longest scalar that is read: boot arguments, at most 1 KB in XNU, with the tags around them. */
const scalarBytes = 1200
const scalarForm =
  /^\s*<(?:(?:(integer|real|date|string)>([^<]*)<\/\1>)|(?:(true|false|string) *\/>))/

/** The layout is none that the search knows. */
class UnknownLayout extends Error {}

/**
 * The scalar after a key, on the same line or the next.
 * @throws {UnknownLayout} when the key stands there twice or is followed by something else
 */
function scalar(view: Buffer, key: Buffer, type: 'number' | 'text' | 'flag'): string | undefined {
  const at = view.indexOf(key)
  if (at === -1) return undefined
  const from = at + key.length
  // twice would be a nested dictionary, or two records that have run into each other
  if (type === 'number' && view.includes(key, from)) throw new UnknownLayout()
  const found = scalarForm.exec(view.toString('latin1', from, from + scalarBytes))
  if (found === null) throw new UnknownLayout()
  const [, tag, text, flag] = found
  const isNumber = tag === 'integer' || tag === 'real'
  const isFlag = flag === 'true' || flag === 'false'
  if (isNumber !== (type === 'number') || isFlag !== (type === 'flag')) throw new UnknownLayout()
  return isFlag ? flag : (text ?? '')
}

const decimal = /^[+-]?\d+(?:\.\d+)?(?:e[+-]?\d+)?$/i

/** Strict: `parseFloat` would read `1x5` as 1. */
function numberIn(view: Buffer, key: Buffer): number | undefined {
  const text = scalar(view, key, 'number')
  if (text === undefined) return undefined
  return decimal.test(text) ? Number(text) : Number.NaN
}

function dateIn(view: Buffer, key: Buffer): number | undefined {
  const text = scalar(view, key, 'text')
  return text === undefined ? undefined : Date.parse(text) / 1000
}

/**
 * Reads the fields of a whole record by searching for their keys: some hundred times faster than
 * parsing it. The keys of `processor` are looked for between `processor` and `gpu` only.
 * @returns `null` when the layout is another than that of the captures
 */
export function scanFields(record: Buffer): Fields | null {
  try {
    const begin = record.indexOf(keys.processor)
    const gpu = record.indexOf(keys.gpu, Math.max(0, begin))
    const end = gpu === -1 ? record.length : gpu
    const isDelta = scalar(record, keys.isDelta, 'flag')
    return {
      isDelta: isDelta === undefined ? undefined : isDelta === 'true',
      elapsedNs: numberIn(record, keys.elapsed),
      stampSeconds: dateIn(record, keys.timestamp),
      model: scalar(record, keys.model, 'text'),
      os: scalar(record, keys.os, 'text'),
      bootArguments: scalar(record, keys.bootArguments, 'text'),
      thermalPressure: scalar(record, keys.thermal, 'text'),
      invalid: record.includes(keys.invalid),
      processor: begin === -1 ? {} : scanProcessor(record.subarray(begin, end)),
      gpuEnergy: numberIn(record.subarray(end), keys.gpuEnergy),
    }
  } catch (error) {
    if (error instanceof UnknownLayout) return null
    throw error
  }
}

/** On Apple silicon its own numbers follow the clusters, at the end of 40 KB. */
function scanProcessor(view: Buffer): Processor {
  const clustersEnd = view.lastIndexOf(keys.arrayEnd)
  const own = numbersIn(clustersEnd === -1 ? view : view.subarray(clustersEnd), appleSearch)
  if (own.cpu_energy !== undefined) return own
  return { ...numbersIn(view, appleSearch), ...numbersIn(view, intelSearch) }
}

function numbersIn(
  view: Buffer,
  search: readonly (readonly [keyof Processor, Buffer])[],
): Processor {
  const found: Processor = {}
  for (const [name, key] of search) {
    const value = numberIn(view, key)
    if (value !== undefined) found[name] = value
  }
  return found
}

/**
 * What can be said of a piece of a record: its true length, when it holds it unharmed.
 * @returns ns; `undefined` when not
 */
export function salvageElapsed(piece: Buffer): number | undefined {
  try {
    return numberIn(piece, keys.elapsed)
  } catch {
    return undefined
  }
}

// ── by parsing the whole document

type Dictionary = Readonly<Record<string, PlistValue | undefined>>

/**
 * Reads the same fields with a parser.
 * @returns `null` when the record is no property list
 */
export function parseFields(record: Buffer): Fields | null {
  const root = asDictionary(parseQuietly(record.toString('utf8')))
  if (root === undefined) return null
  const processor = asDictionary(root['processor'])
  const isDelta = root['is_delta']
  const stamp = root['timestamp']
  return {
    isDelta: typeof isDelta === 'boolean' ? isDelta : undefined,
    elapsedNs: asNumber(root['elapsed_ns']),
    stampSeconds: stamp instanceof Date ? stamp.getTime() / 1000 : undefined,
    model: asText(root['hw_model']),
    os: asText(root['kern_osversion']),
    bootArguments: asText(root['kern_bootargs']),
    thermalPressure: asText(root['thermal_pressure']),
    invalid: record.includes(keys.invalid),
    processor: processor === undefined ? {} : numbersOf(processor),
    gpuEnergy: asNumber(asDictionary(root['gpu'])?.['gpu_energy']),
  }
}

function numbersOf(dictionary: Dictionary): Processor {
  const found: Processor = {}
  for (const name of [...appleKeys, ...intelKeys]) {
    const value = asNumber(dictionary[name])
    if (value !== undefined) found[name] = value
  }
  return found
}

/** The parser complains of malformed documents on the console, where its words would confuse. */
function parseQuietly(text: string): PlistValue {
  const { error, warn } = console
  console.error = console.warn = () => {}
  try {
    return parse(text)
  } catch {
    return null
  } finally {
    console.error = error
    console.warn = warn
  }
}

const asDictionary = (value: PlistValue | undefined): Dictionary | undefined =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Dictionary)
    : undefined

const asNumber = (value: PlistValue | undefined): number | undefined =>
  value === undefined ? undefined : typeof value === 'number' ? value : Number.NaN

const asText = (value: PlistValue | undefined): string | undefined =>
  typeof value === 'string' ? value : undefined
