import { execa } from 'execa'
import { describe, beforeAll, expect, test } from 'vitest'
import { announced, makeAnnounced, runAnnouncedIn, writeAnnounced } from './scripted-run.ts'
import { cleanEnv, configWith, removeProject, temporaryFolder, vitestBin } from './vitest-run.ts'
import type { RunOptions, VitestRun } from './vitest-run.ts'

const two = `
import { describe, test } from 'vitest'
import { draw } from './power.js'
describe('photos', () => {
  test('resizes', () => draw(4, 500))
  test('checks', { meta: { energyBudget: '900 J' } }, () => draw(2, 500))
  test('skips', () => {})
})
`

describe('one suite, by reporter', () => {
  let root: string
  beforeAll(() => {
    root = writeAnnounced({
      'vitest.config.js': configWith(
        "{ idle: 0, budgets: { run: '900 J', 'a.test.js > photos > nothing': '1 J' } }",
      ),
      'a.test.js': two,
    })
    return () => removeProject(root)
  })
  const run = (reporter: string, env: RunOptions['env'] = {}): Promise<VitestRun> =>
    runAnnouncedIn(root, { args: ['run', '--maxWorkers=1', `--reporter=${reporter}`], env })

  test.each([
    ['default', /✓ a\.test\.js \(3 tests\) \d+ms · \S+ J\n/],
    [
      'verbose',
      /> resizes \d+ms · (≈ )?\d\.\d+ J ±\d+%[^\n]*\n ✓ a\.test\.js > photos > checks \d+ms · .*budget 900 J\)/,
    ],
    ['tree', /✓ resizes \d+ms · (≈ )?\d\.\d+ J ±\d+%/],
    ['dot', /···/],
  ])('%s has its lines and the summary', async (reporter, line) => {
    const { stdout, stderr, exitCode } = await run(reporter)
    expect(stderr).toBe('')
    expect(exitCode).toBe(0)
    expect(stdout).toMatch(line)
    expect(stdout).not.toContain('\u001B')
    // what is printed of passing tests in a pipe is little: the block has the essentials
    expect(stdout).toMatch(/ {3}Emulated {2}joules invented by the emulator/)
    expect(stdout).toMatch(/ {5}Energy {2}\d\S* J in \S+ m?s, \S+ m?W on average \(idle \S+ m?W\)/)
    expect(stdout).toMatch(/ {13}tests \S+ J · between them \S+ m?J \(imports, hooks, waiting\)/)
    expect(stdout).toMatch(/ {2}Costliest {2}\S.* {2}a\.test\.js > photos > resizes\n/)
    expect(stdout).toMatch(/ {4}Budgets {2}2 within, 0 over, 0 too close to call, 0 not checked/)
    expect(stdout).toMatch(
      / {6}Meter {2}emulated powermetrics every 1\d\d ms, Mac15,9 \(\w+\), CPU\+GPU\+ANE/,
    )
    expect(stdout).toMatch(
      / {3}Warnings {2}vitest\.config\.js: budgets\['a\.test\.js > photos > nothing'\]/,
    )
    expect(stdout.match(/^ +Energy {2}/gm)).toHaveLength(1)
  })

  test('json and tap stay alone on stdout', async () => {
    const json = await run('json')
    expect(json.stdout).toMatch(/^JSON report written to \S+$/)
    const tap = await run('tap-flat')
    expect(tap.stdout.trim()).toMatch(/^TAP version 13\n1\.\.3\n(ok \d+ - .*\n?){3}$/)
    for (const { stderr, exitCode } of [json, tap]) {
      expect(stderr).toBe('')
      expect(exitCode).toBe(0)
    }
  })

  test('colours follow the reporter', async () => {
    const { stdout } = await run('default', { NO_COLOR: undefined, FORCE_COLOR: '1' })
    expect(stdout).toMatch(/\u001B\[2m\s+Energy/)
    expect(stdout).toMatch(/\u001B\[\d+mjoules invented/)
  })
})

const escape = '\u001B'
/** What a name may hold that a terminal, a log of GitHub, a page or a table would obey. */
const hostile = `red${escape}[31m ${escape}]0;title\u0007 line\n::error file=x::boom ‮rtl <img src=x onerror=alert(1)> | pipe \`tick\` **bold** @who`

describe('hostile names', () => {
  let run: VitestRun
  let block: string
  beforeAll(async () => {
    const name = JSON.stringify(hostile)
    const root = writeAnnounced({
      'vitest.config.js': configWith(
        `{ idle: 0, budgets: { run: '10 mJ', [${JSON.stringify(`a.test.js > ${hostile} nobody`)}]: '1 J' },
           report: { json: true, html: true, markdown: true } }`,
        `{ name: { label: 'p|<b>x' }, maxWorkers: 1 }`,
      ),
      'a.test.js': `
import { describe, test } from 'vitest'
import { draw } from './power.js'
test(${name}, { meta: { energyBudget: '1 mJ' } }, () => draw(2, 500))
describe(${name}, () => {
  test.skip(${name}, { meta: { energyBudget: '1 mJ' } }, () => {})
  test(${name}, () => draw(2, 400))
})
`,
    })
    run = await runAnnouncedIn(root, {
      args: ['run', '--reporter=default', '--reporter=github-actions'],
      env: { GITHUB_ACTIONS: 'true', GITHUB_STEP_SUMMARY: `${root}/summary.md` },
    })
    // from our first line on, all is ours but the annotations of Vitest
    block = run.stdout.slice(run.stdout.indexOf('   Emulated'))
    return () => removeProject(root)
  }, 60_000)

  test('the terminal obeys none of them', () => {
    expect(run.exitCode).toBe(1)
    expect(block).not.toMatch(/[\u0000-\u0009\u000B-\u001F\u007F-\u009F\u202A-\u202E\u2066-\u2069]/)
    expect(block).toContain('\\x1b[31m')
    expect(block).toContain('\\u202e')
    for (const line of block.split('\n')) expect(line).not.toMatch(/^\s*::error file=x/)
  })

  test('the failure obeys none of them', () => {
    const at = run.stderr.indexOf('EnergyBudgetError')
    const message = run.stderr.slice(at, run.stderr.indexOf('❯', at))
    expect(message).toContain('its budget of 1 mJ')
    expect(message).not.toMatch(/[\u0000-\u0009\u000B-\u001F\u007F-\u009F\u202A-\u202E]/)
    expect(run.stderr).toMatch(/ERROR: the run uses/)
  })

  test('annotations of ours stay one line each', () => {
    const ours = run.stdout.split('\n').filter((line) => /^::.*title=Energy/.test(line))
    expect(ours).toHaveLength(2)
    for (const line of ours) expect(line).toMatch(/^::(error|warning) [^:]*title=[^:]*::/)
  })

  test('pages and tables show them as text', () => {
    const html = run.read('.vitest/energy/run.html')
    expect(html).toContain('&lt;img src=x')
    expect(html).not.toContain('<img src=x')
    expect(html).not.toContain(escape)
    for (const path of ['.vitest/energy/run.md', 'summary.md']) {
      const markdown = run.read(path)
      expect(markdown.replaceAll(/```[\s\S]*?```|`` ?[^\n]*? ?``/g, '')).not.toContain('<img')
      expect(markdown).not.toContain(escape)
      expect(markdown).not.toMatch(/^\s*::error/m)
      const rows = markdown.split('\n').filter((line) => line.startsWith('|'))
      const columns = rows.map((row) => row.match(/(?<!\\)\|/g)?.length)
      expect(new Set(columns.slice(0, 3)).size).toBe(1)
    }
  })

  test('the report keeps them as they are', () => {
    expect(run.report().tests.map(({ name }) => name)).toContain(hostile)
  })
})

const hasScript = process.platform === 'linux'

/** A run in a terminal so wide. */
async function runInTerminal(root: string, columns: number, args: string): Promise<string> {
  const command = `stty cols ${columns} rows 40; ${process.execPath} ${vitestBin} ${args}`
  const { stdout } = await execa('script', ['-qec', command, '/dev/null'], {
    cwd: root,
    env: {
      ...cleanEnv({ emulator: announced(root) }),
      POWER_FILE: `${root}/power.jsonl`,
      TMPDIR: temporaryFolder(root),
      TERM: 'xterm',
    },
    extendEnv: false,
    reject: false,
    timeout: 60_000,
  })
  return stdout.replaceAll('\r', '')
}

test.runIf(hasScript)('a narrow terminal gets lines that fit', async () => {
  const long = 'a name that is much longer than a narrow terminal is wide, as names of tests are'
  const root = makeAnnounced({
    'vitest.config.js': configWith('{ idle: 0 }'),
    'a.test.js': two.replaceAll("'resizes'", `'${long}'`),
  })
  const text = await runInTerminal(root, 60, 'run --reporter=dot --maxWorkers=1')
  const block = text.slice(text.indexOf('   Emulated')).split('\n')
  expect(block.length).toBeGreaterThan(6)
  for (const line of block) expect(line.length, line).toBeLessThanOrEqual(60)
  expect(block.join('\n')).toContain('Meter')
})

test.runIf(hasScript)('a narrow terminal gets a bench table of its own', async () => {
  const root = makeAnnounced({
    'vitest.config.js': configWith(
      '{ idle: 300, interval: 20, bench: { rounds: 3, samplesPerBlock: 3, maxTime: 500 } }',
    ),
    'a.bench.js': `
import { test } from 'vitest'
test('two ways', async ({ bench }) => {
  await bench.compare(
    bench('light', () => { let n = 0; for (let i = 0; i < 1e3; i++) n += i; return n }),
    bench('heavy', () => { let n = 0; for (let i = 0; i < 1e4; i++) n += i; return n }),
    { time: 100, warmupTime: 20 },
  )
})
`,
  })
  const text = await runInTerminal(root, 80, 'bench --run')
  const at = text.lastIndexOf('energy/op')
  expect(at).toBeGreaterThan(0)
  // Vitest's own table is wider than the terminal: it stays as it is, above ours
  const table = text.slice(text.lastIndexOf('\n', at), text.indexOf('Test Files', at)).split('\n')
  expect(table.join('\n')).toMatch(/^ +light .*\n +heavy /m)
  for (const line of table) expect(line.length, line).toBeLessThanOrEqual(80)
})
