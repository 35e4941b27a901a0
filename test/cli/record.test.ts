import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { describe, expect, it } from 'vitest'
import { readJournal } from '../../src/journal.ts'
import { placeEmulator, temporaryFolder } from './fake-surroundings.ts'

const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))
const meter = placeEmulator({ power: { mode: 'script', cpuW: 4 }, stretch: [0.05, 0.05] })

const env = { VITEST_ENERGY_POWERMETRICS: meter, NO_COLOR: '1' }
const cli = (cwd: string, ...args: string[]) =>
  execa(process.execPath, [main, ...args], { reject: false, cwd, stdin: 'ignore', env })

const script = (code: string): string[] => ['--', process.execPath, '-e', code]

const sum = (values: number[]): number => values.reduce((total, value) => total + value, 0)

describe.skipIf(process.getuid?.() !== 0)('record', () => {
  it('says the energy of a command, passes its output and exit code on, and keeps a journal', async () => {
    const cwd = temporaryFolder()
    const code = "console.log('hello'); setTimeout(() => process.exit(3), 1000)"
    const ended = await cli(cwd, 'record', '-o', 'run.jsonl', ...script(code))
    expect(ended.stdout).toBe('hello')
    expect(ended.exitCode).toBe(3)
    expect(ended.stderr).toMatch(/on average .*CPU/)
    expect(statSync(join(cwd, 'run.jsonl')).mode & 0o777).toBe(0o600)
    const lines = readJournal(join(cwd, 'run.jsonl'))
    const joules = lines.flatMap((line) => (line.type === 'sample' ? [line.J?.cpu ?? 0] : []))
    const lengths = lines.flatMap((line) => (line.type === 'sample' ? [line.ns ?? 0] : []))
    // 4 W throughout
    expect(sum(joules) / sum(lengths) / 4e-9).toBeCloseTo(1, 1)
    expect(readFileSync(join(cwd, 'run.jsonl'), 'utf8')).not.toContain(cwd)
  })

  it('--raw keeps the meter’s own bytes, record for record', async () => {
    const cwd = temporaryFolder()
    await cli(cwd, 'record', '--raw', '-o', 'run.jsonl', ...script(''))
    const raw = readFileSync(join(cwd, 'run.jsonl.plist'), 'utf8')
    const samples = readJournal(join(cwd, 'run.jsonl')).filter(({ type }) => type === 'sample')
    expect(raw.split('</plist>').length - 1).toBeGreaterThanOrEqual(samples.length)
    expect(raw.startsWith('<?xml')).toBe(true)
  })

  it('without a command records until Ctrl-C, then says the total', async () => {
    const cwd = temporaryFolder()
    const child = cli(cwd, 'record', '-o', 'run.jsonl')
    await new Promise<void>((resolve) => {
      child.stderr.on('data', (chunk: Buffer) => {
        if (chunk.toString().includes('Ctrl-C ends it')) setTimeout(resolve, 500)
      })
    })
    child.kill('SIGINT')
    const { exitCode, stdout } = await child
    expect(exitCode).toBe(0)
    expect(stdout).toContain('on average')
    expect(readJournal(join(cwd, 'run.jsonl')).at(-1)?.type).toBe('/run')
  })

  it('a command that does not exist, and a path that cannot be written, are told', async () => {
    const cwd = temporaryFolder()
    const nothing = await cli(cwd, 'record', '-o', 'run.jsonl', '--', 'no-such-program')
    expect([nothing.exitCode, nothing.stderr]).toEqual([
      1,
      'vitest-energy: `no-such-program` could not be started: ENOENT\n  give a program and its arguments after `--`',
    ])
    const unwritable = await cli(cwd, 'record', '-o', 'no/such/folder', ...script(''))
    expect(unwritable.exitCode).toBe(1)
    expect(unwritable.stderr).toContain('cannot write `')
  })

  it('the default name carries the date, and the journal says where it is', async () => {
    const cwd = temporaryFolder()
    const { stderr } = await cli(cwd, 'record', ...script(''))
    const [path = ''] = /\/\S*vitest-energy-\d{8}-\d{6}\.jsonl$/.exec(stderr) ?? []
    expect(existsSync(path)).toBe(true)
  })
})

describe('without a meter', () => {
  it('record says why and runs nothing', async () => {
    const cwd = temporaryFolder()
    const env = { VITEST_ENERGY_METER: 'none', VITEST_ENERGY_POWERMETRICS: meter }
    const args = [main, 'record', ...script("require('fs').writeFileSync('ran','')")]
    const { exitCode, stderr } = await execa(process.execPath, args, { reject: false, cwd, env })
    expect(exitCode).toBe(1)
    expect(stderr).toContain('nothing can be measured: `meter` is `none`')
    expect(existsSync(join(cwd, 'ran'))).toBe(false)
  })
})

describe('report', () => {
  const journal = fileURLToPath(new URL('kept.journal.jsonl', import.meta.url))

  it('computes a kept journal anew, the same every time', async () => {
    const [first, second] = await Promise.all([
      cli(temporaryFolder(), 'report', journal),
      cli(temporaryFolder(), 'report', journal),
    ])
    expect(first.stderr).toBe('')
    expect(first.exitCode).toBe(0)
    expect(first.stdout).toBe(second.stdout)
    expect(first.stdout).toContain('sleep')
    const json = await cli(temporaryFolder(), 'report', '--json', journal)
    expect(JSON.parse(json.stdout)).toMatchObject({ schema: 'vitest-energy/1', source: 'emulated' })
  })

  it('what is no journal is refused', async () => {
    const path = join(temporaryFolder(), 'x.jsonl')
    writeFileSync(path, '{"type":"sample"}\n')
    const { exitCode, stderr } = await cli(temporaryFolder(), 'report', path)
    expect(exitCode).toBe(1)
    expect(stderr).toContain('is no journal of vitest-energy')
  })
})
