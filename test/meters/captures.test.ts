import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parse } from 'plist'
import { describe, expect, test } from 'vitest'
import { totalOf } from '../../src/energy/sample.ts'
import { RecordReader } from '../../src/meters/powermetrics/reader.ts'
import type { Figures } from '../../src/meters/powermetrics/reader.ts'
import { RecordCutter } from '../../src/meters/powermetrics/records.ts'
import { parseFields, scanFields } from '../../src/meters/powermetrics/scan.ts'
import { nanoseconds } from '../../src/units.ts'

/** Real output, kept beside the repository. */
const folder = fileURLToPath(new URL('../../../shared/captures/', import.meta.url))
const files = existsSync(folder)
  ? readdirSync(folder).filter((name) => name.endsWith('.plist'))
  : []

type Document = Record<string, Record<string, number> & number & boolean>

/** What the documents say, in joules, by a parser and plain sums. */
function totalByParser(text: string): number {
  let total = 0
  for (const part of text.split('\0')) {
    const { is_delta, processor, gpu } = parse(part) as unknown as Document
    if (!is_delta) continue
    const {
      cpu_energy = 0,
      gpu_energy = gpu?.['gpu_energy'] ?? 0,
      ane_energy = 0,
    } = processor ?? {}
    total += (processor?.['package_joules'] ?? 0) + (cpu_energy + gpu_energy + ane_energy) / 1000
  }
  return total
}

function readWith(bytes: Buffer, chunkBytes: number): Figures[] {
  const seen: Figures[] = []
  const reader = new RecordReader()
  const cutter = new RecordCutter((record) => {
    expect(record.whole).toBe(true)
    const figures = reader.read(record)
    if (figures !== null) seen.push(figures)
  })
  for (let at = 0; at < bytes.length; at += chunkBytes) {
    cutter.push(bytes.subarray(at, at + chunkBytes), nanoseconds(at))
  }
  return seen
}

describe.skipIf(files.length === 0)('captures of real output', () => {
  test.each(files)('%s has the total that a parser finds', (name) => {
    const bytes = readFileSync(folder + name)
    const expected = totalByParser(bytes.toString())
    for (const chunkBytes of [bytes.length, 4096, 7]) {
      const seen = readWith(bytes, chunkBytes)
      const total = seen.reduce((sum, { energy }) => sum + totalOf(energy ?? {}), 0)
      expect(total).toBeCloseTo(expected, 12)
      expect(
        seen.every(({ elapsed, contradiction }) => elapsed !== null && contradiction === null),
      ).toBe(true)
    }
  })

  test.each(files)('%s gives the same fields by search and by parser', (name) => {
    for (const part of readFileSync(folder + name, 'utf8').split('\0')) {
      const record = Buffer.from(part)
      expect(scanFields(record)).toEqual(parseFields(record))
    }
  })

  test('a document of the whole run is no sample', () => {
    const name = 'intel-haswell-macos10.9-i0-show-usage-summary.plist'
    expect(readWith(readFileSync(folder + name), 65_536)).toEqual([])
  })

  test('the first record of an M3 Max', () => {
    const name = 'm3max-macos26-25G83-cpu_power-gpu_power-ane_power-thermal-first-sample.plist'
    expect(readWith(readFileSync(folder + name), 65_536)).toEqual([
      {
        elapsed: 259_901_333,
        energy: { cpu: 0.015, gpu: 0, ane: 0 },
        stampSeconds: Date.UTC(2026, 8, 20, 7, 50, 3) / 1000,
        thermalPressure: 'Nominal',
        contradiction: null,
      },
    ])
  })
})
