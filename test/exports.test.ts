import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import manifest from '../package.json' with { type: 'json' }

// the API changes on purpose: whoever changes it changes this list, and the changelog

const valuesOf = async (entry: string): Promise<string[]> => {
  const path: string = new URL(`../${entry}`, import.meta.url).href
  return Object.keys((await import(path)) as object).toSorted()
}

const typesOf = (entry: string): string[] => {
  const text = readFileSync(new URL(`../${entry}`, import.meta.url), 'utf8')
  const lists = [...text.matchAll(/^export type \{([^}]*)\}/gm)].map(([, list = '']) => list)
  const interfaces = [...text.matchAll(/^export (?:interface|type) (\w+)/gm)]
  return [
    ...lists.flatMap((list) => list.match(/\w+/g) ?? []),
    ...interfaces.map(([, name = '']) => name),
  ].toSorted()
}

test('the package has these entries', () => {
  expect(manifest.exports).toEqual({
    '.': './dist/index.js',
    './reporter': './dist/reporter.js',
    './setup': './dist/worker/setup.js',
    './provider': './dist/worker/provider.js',
    './report.schema.json': './docs/report.schema.json',
    './package.json': './package.json',
  })
})

test('vitest-energy exports these values and types', async () => {
  expect(await valuesOf('dist/index.js')).toEqual(['EnergyError', 'default', 'isAvailable'])
  expect(typesOf('dist/index.d.ts')).toEqual([
    'Availability',
    'BenchEnergy',
    'BudgetResult',
    'Comparison',
    'EnergyBenchOptions',
    'EnergyErrorCode',
    'EnergyMatcherOptions',
    'EnergyOptions',
    'EnergyPerOpText',
    'EnergyReport',
    'EnergyText',
    'Figure',
    'FigureState',
    'LessEnergyOptions',
    'MeasuredResult',
    'TestEnergy',
    'Verdict',
  ])
})

test('vitest-energy/reporter exports the reporter', async () => {
  expect(await valuesOf('dist/reporter.js')).toEqual(['EnergyReporter', 'default', 'isInstalled'])
})

test('vitest-energy/setup exports nothing', async () => {
  expect(await valuesOf('dist/worker/setup.js')).toEqual([])
})

test('vitest-energy/provider exports the provider', async () => {
  expect(await valuesOf('dist/worker/provider.js')).toEqual(['default'])
})
