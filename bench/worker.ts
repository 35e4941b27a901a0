/**
 * What the plugin costs the tests: `node bench/worker.ts [runs]`. A project of trivial tests, with
 * and without it, as Vitest's own diagnostics tell: setup file, one test, the whole run.
 */
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { median } from '../src/energy/statistics.ts'

interface Costs {
  setupMs: number
  testMs: number
  wallMs: number
}

const repository = fileURLToPath(new URL('..', import.meta.url))
const files = 4
const testsPerFile = 500

const testFile = `
import { expect, test } from 'vitest'
for (let i = 0; i < ${testsPerFile}; i++) test('t' + i, () => { expect(i).toBe(i) })
`
const reporter = `
import { writeFileSync } from 'node:fs'
export default class {
  onTestRunEnd(modules) {
    const all = modules.map((module) => module.diagnostic())
    writeFileSync('costs.json', JSON.stringify(all))
  }
}
`
const config = `
import energy from 'vitest-energy'
export default {
  plugins: [energy({ meter: 'powermetrics', idle: 1 })],
  test: { maxWorkers: 1, reporters: ['./reporter.js'] },
}
`

/** The package as npm lays it out: a copy in node_modules, not a link to sources. */
function makeProject(): string {
  const root = mkdtempSync(join(tmpdir(), 'vitest-energy-bench-'))
  const copy = join(root, 'node_modules/vitest-energy')
  mkdirSync(copy, { recursive: true })
  for (const name of ['dist', 'package.json']) {
    cpSync(join(repository, name), join(copy, name), { recursive: true })
  }
  for (const name of ['vitest', 'execa', 'plist', 'picocolors']) {
    symlinkSync(join(repository, 'node_modules', name), join(root, 'node_modules', name))
  }
  writeFileSync(join(root, 'package.json'), '{ "type": "module" }')
  writeFileSync(join(root, 'reporter.js'), reporter)
  writeFileSync(join(root, 'vitest.config.js'), config)
  for (let k = 0; k < files; k++) writeFileSync(join(root, `f${k}.test.js`), testFile)
  return root
}

async function runOnce(root: string, enabled: boolean): Promise<Costs> {
  const started = performance.now()
  await execa(process.execPath, [join(root, 'node_modules/vitest/vitest.mjs'), 'run'], {
    cwd: root,
    env: {
      PATH: `${dirname(process.execPath)}:${process.env['PATH'] ?? ''}`,
      VITEST_ENERGY: enabled ? '1' : '0',
      VITEST_ENERGY_POWERMETRICS: join(repository, 'fixtures/powermetrics'),
      // a meter that answers at once: only our own work is to be seen
      VITEST_ENERGY_EMULATOR: '{"startupMs":0,"power":{"mode":"script","cpuW":1}}',
    },
    extendEnv: false,
    stdin: 'ignore',
  })
  const wallMs = performance.now() - started
  const all = JSON.parse(readFileSync(join(root, 'costs.json'), 'utf8')) as {
    setupDuration: number
    duration: number
  }[]
  const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0)
  return {
    setupMs: median(all.map(({ setupDuration }) => setupDuration)),
    testMs: sum(all.map(({ duration }) => duration)) / (files * testsPerFile),
    wallMs,
  }
}

const runs = Number(process.argv[2] ?? 5)
const root = makeProject()
const costs: Record<'with' | 'without', Costs[]> = { with: [], without: [] }
for (let k = 0; k < runs; k++) {
  costs.without.push(await runOnce(root, false))
  costs.with.push(await runOnce(root, true))
}
rmSync(root, { recursive: true, force: true })

const rows = (['without', 'with'] as const).map((name) => {
  const of = (pick: (cost: Costs) => number): number => median(costs[name].map(pick))
  const cells = [
    of(({ setupMs }) => setupMs).toFixed(1),
    (of(({ testMs }) => testMs) * 1000).toFixed(0),
    of(({ wallMs }) => wallMs).toFixed(0),
  ]
  return `| ${name} the plugin | ${cells.join(' | ')} |`
})
console.log(`${files} files of ${testsPerFile} tests, medians of ${runs} runs\n`)
console.log('| | setup files, ms | one test, µs | whole run, ms |\n|---|---|---|---|')
console.log(rows.join('\n'))
