import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { realpathSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import type { Subprocess } from 'execa'
import { onTestFinished } from 'vitest'
import type { EnergyReport } from '../../src/report/json.ts'

const repository = fileURLToPath(new URL('../..', import.meta.url))
export const vitestBin: string = join(repository, 'node_modules/vitest/vitest.mjs')
export const emulatorPath: string = join(repository, 'fixtures/powermetrics')

const quietMachine = new URL('../../fixtures/quiet-machine.mjs', import.meta.url).href

export interface VitestRun {
  root: string
  stdout: string
  stderr: string
  exitCode: number | undefined
  /** `.vitest/energy/run.json` or `bench.json`; throws when there is none */
  report(kind?: 'run' | 'bench'): EnergyReport
  read(path: string): string
  exists(path: string): boolean
}

export interface RunOptions {
  args?: string[]
  /** `undefined` takes a variable away */
  env?: Record<string, string | undefined>
  /** configuration of the emulator; `null`: no meter is given */
  emulator?: object | null
  /** let other programs' CPU time be seen, as on any machine */
  busyMachine?: boolean
}

/** A project in a folder of its own, with `vitest` and this package in its `node_modules`. */
export function makeProject(files: Record<string, string>): string {
  const root = writeProject(files)
  onTestFinished(() => removeProject(root))
  return root
}

export const removeProject = (root: string): void => rmSync(root, { recursive: true, force: true })

/** As {@link makeProject}, for hooks: the caller removes it. */
export function writeProject(files: Record<string, string>): string {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'vitest-energy-e2e-')))
  mkdirSync(join(root, 'node_modules'))
  symlinkSync(join(repository, 'node_modules/vitest'), join(root, 'node_modules/vitest'))
  symlinkSync(repository, join(root, 'node_modules/vitest-energy'))
  const all = { 'package.json': '{ "type": "module", "private": true }', ...files }
  for (const [name, text] of Object.entries(all)) {
    const path = join(root, name)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, text)
  }
  return root
}

/** Quiet and even, so that what the tests announce is all that the meter sees. */
export const scripted = (file?: string): object => ({
  shape: 'm3max',
  power: { mode: 'script', cpuW: 0.05, ...(file === undefined ? {} : { file }) },
})

/** The environment of a run, without that of the run we are in. */
export function cleanEnv(options: RunOptions): Record<string, string | undefined> {
  const { emulator = scripted(), env = {} } = options
  const meter =
    emulator === null
      ? {}
      : {
          VITEST_ENERGY_METER: 'powermetrics',
          VITEST_ENERGY_POWERMETRICS: emulatorPath,
          VITEST_ENERGY_EMULATOR: JSON.stringify(emulator),
        }
  const { PATH = '', HOME = '' } = process.env
  const quiet = options.busyMachine === true ? {} : { NODE_OPTIONS: `--import ${quietMachine}` }
  return {
    PATH: `${dirname(process.execPath)}:${PATH}`,
    HOME,
    NO_COLOR: '1',
    ...quiet,
    ...meter,
    ...env,
  }
}

/** Runs that share a temp folder see each other as neighbours on the machine. */
export function temporaryFolder(root: string): string {
  const folder = join(root, '.tmp')
  mkdirSync(folder, { recursive: true })
  return folder
}

interface Ended {
  stdout: string
  stderr: string
  exitCode?: number | undefined
}

/** Vitest as it runs in `root`; settles when it has ended, however it did. */
export function startIn(
  root: string,
  options: RunOptions = {},
): Promise<Ended> & Pick<Subprocess, 'kill'> {
  const { args = ['run'] } = options
  return execa(process.execPath, [vitestBin, ...args], {
    cwd: root,
    env: { TMPDIR: temporaryFolder(root), ...cleanEnv(options) },
    extendEnv: false,
    reject: false,
    timeout: 60_000,
    stdin: 'ignore',
  })
}

/** A real Vitest run in `root`. */
export async function runIn(root: string, options: RunOptions = {}): Promise<VitestRun> {
  const { stdout, stderr, exitCode } = await startIn(root, options)
  const read = (path: string): string => readFileSync(join(root, path), 'utf8')
  return {
    root,
    stdout,
    stderr,
    exitCode,
    report: (kind = 'run') => JSON.parse(read(`.vitest/energy/${kind}.json`)) as EnergyReport,
    read,
    exists: (path) => existsSync(join(root, path)),
  }
}

/** A real Vitest run of these files. */
export const runVitest = (
  files: Record<string, string>,
  options: RunOptions = {},
): Promise<VitestRun> => runIn(makeProject(files), options)

/** A config with the plugin in one line. */
export const configWith = (options: string, test = '{}'): string => `
import { defineConfig } from 'vitest/config'
import energy from 'vitest-energy'
export default defineConfig({ plugins: [energy(${options})], test: ${test} })
`

/** A test file whose tests keep a core busy or sleep. */
export const busy = `
export const spin = (ms) => { const end = performance.now() + ms; while (performance.now() < end); }
export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms))
`
