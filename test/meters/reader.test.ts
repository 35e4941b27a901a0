import { describe, expect, test, vi } from 'vitest'
import { totalOf } from '../../src/energy/sample.ts'
import { RecordReader } from '../../src/meters/powermetrics/reader.ts'
import type { Figures } from '../../src/meters/powermetrics/reader.ts'
import { RecordCutter } from '../../src/meters/powermetrics/records.ts'
import { parseFields, scanFields } from '../../src/meters/powermetrics/scan.ts'
import { nanoseconds } from '../../src/units.ts'
import { madeRecord, streamOf } from './made-record.ts'
import type { MadeRecord } from './made-record.ts'

function read(...records: string[]): (Figures | null)[] {
  const reader = new RecordReader()
  return records.map((text) => {
    const whole = text.startsWith('<?xml') && text.trimEnd().endsWith('</plist>')
    const arrival = nanoseconds(0)
    return reader.read({ bytes: Buffer.from(text), whole, arrival })
  })
}

/** What the second record of a run says: the first is read in another way. */
const readSecond = (made: MadeRecord): Figures | null | undefined =>
  read(madeRecord(), madeRecord(made))[1]

const power = (mw: number): string => `<key>cpu_power</key>\n<real>${mw}</real>\n`

function machineOf(text: string) {
  const reader = new RecordReader()
  reader.read({ bytes: Buffer.from(text), whole: true, arrival: nanoseconds(0) })
  return reader.machine
}

describe('a record', () => {
  test('its energies are joules of the processor, never of the gpu dictionary', () => {
    expect(readSecond({ cpu: 300, gpu: 20, ane: 1, otherGpu: 777 })).toEqual({
      elapsed: 100_000_000,
      energy: { cpu: 0.3, gpu: 0.02, ane: 0.001 },
      stampSeconds: Date.UTC(2023, 3, 1, 13, 18, 36) / 1000,
      thermalPressure: 'Nominal',
      contradiction: null,
    })
  })

  test('scalars may stand on the line of their key or on the next', () => {
    expect(readSecond({ oneLine: true })).toEqual(readSecond({ oneLine: false }))
  })

  test('the gpu dictionary stands in for a processor without gpu_energy', () => {
    const record = madeRecord({ otherGpu: 40 }).replace(/<key>gpu_energy.*\n.*20<\/integer>\n/, '')
    expect(read(record, record)[1]?.energy).toEqual({ cpu: 0.3, gpu: 0.04, ane: 0.001 })
  })

  test('dram_energy of older systems is a domain', () => {
    const more = '<key>dram_energy</key>\n<integer>50</integer>\n'
    const record = madeRecord({ more })
    const energy = read(record, record)[1]?.energy
    expect(energy).toEqual({ cpu: 0.3, gpu: 0.02, ane: 0.001, dram: 0.05 })
  })

  test('a document that is not of one interval is no sample', () => {
    expect(readSecond({ isDelta: false })).toBeNull()
    expect(read(madeRecord({ isDelta: false }), madeRecord())[1]?.elapsed).toBe(100_000_000)
  })

  test('one that the meter calls invalid has a length and no energy', () => {
    const figures = readSecond({ more: '<key>invalid</key><true/>\n' })
    expect(figures).toMatchObject({ elapsed: 100_000_000, energy: null })
  })
})

describe('implausible figures', () => {
  test.each([
    ['negative', { cpu: -17 }],
    ['not a number', { cpu: 'nan' }],
    ['garbled', { cpu: '3x0' }],
    ['infinite', { cpu: '1e999' }],
    ['above 1 kW', { cpu: 100_001 }],
  ])('an energy that is %s leaves a span of unknown energy', (_, made) => {
    expect(readSecond(made)).toMatchObject({ elapsed: 100_000_000, energy: null })
  })

  test('just 1 kW is believed', () => {
    expect(readSecond({ cpu: 99_979, gpu: 20, ane: 1 })?.energy?.cpu).toBe(99.979)
  })

  test.each([0, -5, 'nan', '12x', '1e999'])('an elapsed_ns of %s is unknown', (elapsedNs) => {
    expect(readSecond({ elapsedNs })).toMatchObject({ elapsed: null, energy: null })
  })

  test('a domain that the first record had and a later one lacks makes its energy unknown', () => {
    const lacking = madeRecord().replace('cpu_energy', 'cpu_enerXgy')
    expect(read(madeRecord(), lacking)[1]).toMatchObject({ elapsed: 100_000_000, energy: null })
  })

  test('a power that is not energy ÷ elapsed is told, and the energy kept', () => {
    expect(readSecond({ more: power(3000) })?.contradiction).toBeNull()
    const odd = readSecond({ more: power(9000) })
    expect(odd?.energy?.cpu).toBe(0.3)
    expect(odd?.contradiction).toBe('cpu: 9000 mW in 0.1 s, but 300 mJ')
  })
})

describe('a damaged record', () => {
  test('keeps its length when that part is unharmed, so that the sum of lengths stays right', () => {
    const half = madeRecord({ elapsedNs: 108_000_000 }).slice(0, 700)
    expect(read(madeRecord(), half)[1]).toMatchObject({ elapsed: 108_000_000, energy: null })
  })

  test('has no length when elapsed_ns is cut, garbled or there twice', () => {
    const record = madeRecord({ elapsedNs: 108_000_000 })
    const cut = record.slice(0, record.indexOf('8000000'))
    const garbled = madeRecord({ elapsedNs: '10\u00008000000' }).slice(0, 700)
    const twice = record.slice(0, 500) + record.slice(60, 500)
    for (const piece of [cut, garbled, twice]) {
      expect(read(madeRecord(), piece)[1]).toMatchObject({ elapsed: null, energy: null })
    }
  })

  test('two records run into each other are unknown, and nothing is printed about them', () => {
    const error = vi.spyOn(console, 'error').mockImplementation(() => {})
    const merged = madeRecord().slice(0, 900) + madeRecord().slice(150)
    expect(read(madeRecord(), merged)[1]).toMatchObject({ elapsed: null, energy: null })
    expect(error).not.toHaveBeenCalled()
    error.mockRestore()
  })

  test('before the first good record it is nothing', () => {
    expect(read(madeRecord().slice(0, 700))).toEqual([null])
  })

  test('a NUL at any byte never changes an energy: it is right or unknown', () => {
    const texts = [madeRecord(), madeRecord({ cpu: 123 }), madeRecord()]
    const stream = streamOf(...texts)
    const [begin, end] = [texts[0]?.length ?? 0, stream.length - (texts[2]?.length ?? 0)]
    for (let at = begin + 2; at < end - 2; at++) {
      const harmed = Buffer.concat([stream.subarray(0, at), Buffer.from([0]), stream.subarray(at)])
      const reader = new RecordReader()
      const seen: (Figures | null)[] = []
      new RecordCutter((record) => seen.push(reader.read(record))).push(harmed, nanoseconds(1))
      expect(
        seen.map((figures) => figures?.energy?.cpu),
        `NUL at ${at}`,
      ).toEqual([0.3, undefined, 0.3])
      expect([100_000_000, null]).toContain(seen[1]?.elapsed)
    }
  })
})

describe('the first record', () => {
  test('tells the machine', () => {
    const machine = machineOf(madeRecord({ bootArguments: '-v &amp; x', model: 'Mac16,5' }))
    expect(machine).toEqual({
      domains: ['cpu', 'gpu', 'ane'],
      model: 'Mac16,5',
      os: '22E252',
      bootArguments: '-v & x',
    })
  })

  test('that no parser accepts is read by search', () => {
    const error = vi.spyOn(console, 'error').mockImplementation(() => {})
    expect(machineOf(madeRecord({ bootArguments: '</dict>' }))).toBeNull()
    const machine = machineOf(madeRecord().replace('E-Cluster</string>', 'E-Cluster</strin>'))
    expect(machine?.domains).toEqual(['cpu', 'gpu', 'ane'])
    expect(error).not.toHaveBeenCalled()
    error.mockRestore()
  })

  test('a layout in which search and parser differ is parsed from then on', () => {
    const nested = '<key>inner</key><dict><key>dram_energy</key><integer>9</integer></dict>\n'
    const record = madeRecord({ more: nested })
    const fields = scanFields(Buffer.from(record))
    expect(fields?.processor.dram_energy).toBe(9)
    expect(parseFields(Buffer.from(record))?.processor.dram_energy).toBeUndefined()
    for (const figures of read(record, record)) {
      expect(figures?.energy).toEqual({ cpu: 0.3, gpu: 0.02, ane: 0.001 })
    }
  })

  test('of an Intel Mac gives the package, which contains cpu and gpu', () => {
    const intel = madeRecord()
      .replaceAll(/<key>(cpu|gpu|ane)_energy<\/key>\n<integer>\d+<\/integer>\n/g, '')
      .replace(/<key>gpu<\/key>\n<dict>[^]*?<\/dict>\n/, '')
      .replace(
        '</array>\n',
        `</array>
<key>package_watts</key><real>4.8</real>
<key>package_joules</key><real>0.5</real>
<key>cpu_joules</key><real>0.3</real>
<key>igpu_watts</key><real>1</real>
`,
      )
    for (const figures of read(intel, intel)) {
      expect(figures?.energy).toEqual({ cpu: 0.3, gpu: 0.1, package: 0.5 })
      expect(totalOf(figures?.energy ?? {})).toBe(0.5)
    }
    const withoutJoules = intel.replace(/<key>package_joules.*\n/, '')
    expect(read(withoutJoules)[0]?.energy?.package).toBeCloseTo(0.48, 12)
  })
})
