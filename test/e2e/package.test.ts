import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { expect, onTestFinished, test } from 'vitest'
import { cleanEnv, configWith, temporaryFolder } from './vitest-run.ts'

const repository = fileURLToPath(new URL('../..', import.meta.url))

const quiet = [
  '--ignore-scripts',
  '--prefer-offline',
  '--no-audit',
  '--no-fund',
  '--loglevel=error',
]

// what a wrong limit must not pass: a unit is missing
const configFile = `
import { defineConfig } from 'vitest/config'
import energy, { EnergyError, isAvailable } from 'vitest-energy'
import type { EnergyOptions, EnergyReport } from 'vitest-energy'
import EnergyReporter from 'vitest-energy/reporter'

export const options: EnergyOptions = { budgets: { 'a > b': '5 mJ', run: '400 J' } }
// @ts-expect-error no unit
export const wrong: EnergyOptions = { budgets: { run: '400' } }
export const used = [EnergyError, isAvailable, EnergyReporter] satisfies unknown[]
export const schema: EnergyReport['schema'] = 'vitest-energy/1'
export default defineConfig({ plugins: [energy(options)] })
`
const tsconfig = JSON.stringify({
  compilerOptions: {
    module: 'nodenext',
    target: 'es2023',
    strict: true,
    skipLibCheck: true,
    noEmit: true,
    types: [],
  },
  files: ['typed.config.ts'],
})

const testFile = `
import { expect, test } from 'vitest'
test('works', { meta: { energyBudget: '100 J' } }, () => { expect(1).toBe(1) })
`

test(
  'npm pack, installed into an empty project with vitest@5, works',
  { timeout: 120_000 },
  async () => {
    const root = mkdtempSync(join(tmpdir(), 'vitest-energy-package-'))
    onTestFinished(() => rmSync(root, { recursive: true, force: true }))
    const project = join(root, 'project')
    mkdirSync(project)
    const npm = (cwd: string, ...args: string[]) =>
      execa('npm', [...args, ...quiet], {
        cwd,
        env: { PATH: `${dirname(process.execPath)}:${process.env['PATH'] ?? ''}` },
      })

    const { stdout } = await npm(repository, 'pack', '--json', `--pack-destination=${root}`)
    const packed = JSON.parse(stdout) as { filename: string; files: { path: string }[] }[]
    const [tarball] = packed
    const paths = tarball?.files.map(({ path }) => path) ?? []
    expect(paths).toEqual(
      expect.arrayContaining(['README.md', 'LICENSE', 'dist/index.js', 'dist/index.d.ts']),
    )
    expect(paths.filter((path) => /^(?:src|test|fixtures|bench|\.)/.test(path))).toEqual([])

    writeFileSync(join(project, 'package.json'), '{ "type": "module", "private": true }')
    await npm(project, 'install', join(root, tarball?.filename ?? ''), 'vitest@5')

    writeFileSync(join(project, 'vitest.config.js'), configWith('{ report: { json: true } }'))
    writeFileSync(join(project, 'a.test.js'), testFile)
    // its own copy of Vitest, as its user would
    const inProject = (bin: string, ...args: string[]) =>
      execa(process.execPath, [join(project, 'node_modules', bin), ...args], {
        cwd: project,
        env: { ...cleanEnv({}), TMPDIR: temporaryFolder(project) },
        extendEnv: false,
        reject: false,
      })
    const run = await inProject('vitest/vitest.mjs', 'run')
    expect(run.stderr).toBe('')
    expect(run.exitCode).toBe(0)
    const report: unknown = JSON.parse(
      readFileSync(join(project, '.vitest/energy/run.json'), 'utf8'),
    )
    expect(report).toMatchObject({
      source: 'emulated',
      verdict: 'within',
      tests: [{ name: 'works', result: 'passed' }],
    })

    const { stdout: version } = await inProject('.bin/vitest-energy', '--version')
    expect(version).toMatch(/^\d+\.\d+\.\d+$/)

    writeFileSync(join(project, 'typed.config.ts'), configFile)
    writeFileSync(join(project, 'tsconfig.json'), tsconfig)
    const tsc = join(repository, 'node_modules/typescript/bin/tsc')
    const { stdout: complaints } = await execa(process.execPath, [tsc], {
      cwd: project,
      reject: false,
    })
    expect(complaints).toBe('')
  },
)
