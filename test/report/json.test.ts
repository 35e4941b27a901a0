import { readFileSync } from 'node:fs'
import { Ajv } from 'ajv'
import { describe, expect, test } from 'vitest'
import type { EnergyReport } from '../../src/report/json.ts'
import { serializeReport } from '../../src/report/json.ts'
import { benchOf, budgetOf, figure, fullReport, reportOf, testOf, unknown } from './sample.ts'

const schema = JSON.parse(
  readFileSync(new URL('../../docs/report.schema.json', import.meta.url), 'utf8'),
) as object
const ajv = new Ajv({ allErrors: true, strict: true, allowUnionTypes: true })
const validate = ajv.compile(schema)

function problems(report: unknown): string[] {
  validate(JSON.parse(typeof report === 'string' ? report : JSON.stringify(report)))
  return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`)
}

describe('the schema accepts', () => {
  test('a run with tests, benches, comparisons, budgets and warnings', () => {
    expect(problems(serializeReport(fullReport()))).toEqual([])
  })

  test('a run without a meter', () => {
    const { meter, run } = reportOf()
    const nothing = { energyJ: null, idlePowerW: null, attributedJ: null, unattributedJ: null }
    const report = reportOf({
      meter: {
        ...meter,
        name: null,
        state: 'off',
        domains: [],
        medianSampleMs: null,
        cadenceMs: null,
        machine: { model: null, os: null },
      },
      run: { ...run, ...nothing, domainsJ: {}, overheadCpuMs: null },
      tests: [
        testOf('a', { ...unknown, state: 'no-meter', reason: 'the meter is off', cpuMs: null }),
      ],
    })
    expect(problems(serializeReport(report))).toEqual([])
  })

  test('fields that not every report has', () => {
    const report = reportOf({
      tests: [testOf('retried', { attempts: [figure, { ...figure, ...unknown, state: 'gap' }] })],
      benches: [benchOf('decode', 1e-3, { units: 10, energyPerUnitJ: 1e-4, notes: ['x'] })],
      files: [
        {
          projectName: 'unit',
          file: 'a.test.ts',
          energyJ: 4,
          lowJ: null,
          highJ: null,
          budget: budgetOf('5 J', 5, 'within'),
        },
      ],
    })
    const { mend: _, ...meter } = report.meter
    expect(problems(serializeReport({ ...report, meter }))).toEqual([])
  })
})

describe('the schema rejects', () => {
  const wrong: [what: string, spoil: (report: EnergyReport) => object][] = [
    ['another format', (report) => ({ ...report, schema: 'vitest-energy/2' })],
    ['a field that nobody knows', (report) => ({ ...report, energy: 1 })],
    ['a missing part', (report) => ({ ...report, run: undefined })],
    ['a number as text', (report) => ({ ...report, run: { ...report.run, energyJ: '41.8' } })],
    [
      'an unknown domain',
      (report) => ({ ...report, run: { ...report.run, domainsJ: { npu: 1 } } }),
    ],
    [
      'a domain of null',
      (report) => ({ ...report, run: { ...report.run, domainsJ: { cpu: null } } }),
    ],
    ['an unknown state', (report) => ({ ...report, tests: [{ ...testOf('a'), state: 'sure' }] })],
    ['bounds of one end', (report) => ({ ...report, tests: [{ ...testOf('a'), boundsJ: [1] }] })],
    [
      'an unknown field of a test',
      (report) => ({ ...report, tests: [{ ...testOf('a'), shares: [] }] }),
    ],
    ['an unknown verdict', (report) => ({ ...report, verdict: 'maybe' })],
    [
      'a bench without its rounds',
      (report) => ({ ...report, benches: [{ ...benchOf('a', 1), rounds: null }] }),
    ],
    ['a time that is none', (report) => ({ ...report, startTime: 'yesterday' })],
  ]

  test.each(wrong)('%s', (_, spoil) => {
    expect(problems(spoil(fullReport()))).not.toEqual([])
  })
})

describe('text', () => {
  test('a number that is none becomes null', () => {
    const text = serializeReport(
      reportOf({ tests: [testOf('a', { powerW: Number.NaN, netJ: Infinity })] }),
    )
    const { tests } = JSON.parse(text) as EnergyReport
    expect([tests[0]?.powerW, tests[0]?.netJ]).toEqual([null, null])
    expect(problems(text)).toEqual([])
  })

  test('it ends with a newline', () => {
    expect(serializeReport(reportOf())).toMatch(/\}\n$/)
  })

  test('every property of the schema is described', () => {
    const nameless: string[] = []
    const visit = (value: unknown, path: string): void => {
      if (typeof value !== 'object' || value === null) return
      if ('properties' in value) {
        for (const [name, property] of Object.entries(value.properties as object)) {
          const known = property as { description?: string; $ref?: string }
          if (known.description === undefined && known.$ref === undefined)
            nameless.push(`${path}.${name}`)
        }
      }
      for (const [key, child] of Object.entries(value)) visit(child, `${path}.${key}`)
    }
    visit(schema, '')
    expect(nameless).toEqual([])
  })
})
