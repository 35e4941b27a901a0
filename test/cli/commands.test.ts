import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { describe, expect, it } from 'vitest'

const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))

async function cli(
  ...args: string[]
): Promise<{ code: number | undefined; stdout: string; stderr: string }> {
  const { exitCode, stdout, stderr } = await execa(process.execPath, [main, ...args], {
    reject: false,
    stdin: 'ignore',
    env: { VITEST_ENERGY_POWERMETRICS: '', VITEST_ENERGY_METER: '', NODE_OPTIONS: '' },
  })
  return { code: exitCode, stdout, stderr }
}

const commands = ['setup', 'doctor', 'disable', 'record', 'report']

describe('the command line', () => {
  it('--help names every command, and each has a help of its own', async () => {
    const { code, stdout, stderr } = await cli('--help')
    expect([code, stderr]).toEqual([0, ''])
    for (const name of commands) {
      expect(stdout).toContain(`  ${name}`)
      const own = await cli(name, '--help')
      expect([own.code, own.stderr]).toEqual([0, ''])
      expect(own.stdout).toContain(`Usage: vitest-energy ${name}`)
      expect((await cli('help', name)).stdout).toBe(own.stdout)
    }
  })

  it('--version is that of the package', async () => {
    const manifest = new URL('../../package.json', import.meta.url)
    const { version } = JSON.parse(
      execFileSync('cat', [fileURLToPath(manifest)], { encoding: 'utf8' }),
    )
    expect(await cli('--version')).toEqual({ code: 0, stdout: version, stderr: '' })
  })

  it('wrong usage is exit code 2, with the nearest right one', async () => {
    const wrong: [args: string[], said: string][] = [
      [
        ['setuop'],
        'unknown command `setuop`\n  did you mean `setup`? See: npx vitest-energy --help',
      ],
      [['xyzzyx'], 'unknown command `xyzzyx`\n  See: npx vitest-energy --help'],
      [['constructor'], 'unknown command `constructor`\n  See: npx vitest-energy --help'],
      [
        ['help', 'docter'],
        'unknown command `docter`\n  did you mean `doctor`? See: npx vitest-energy --help',
      ],
      [
        ['setup', '--prnt'],
        'unknown option `--prnt`\n  did you mean `--print`? See: npx vitest-energy setup --help',
      ],
      [
        ['setup', '--user'],
        "Option '--user <value>' argument missing\n  See: npx vitest-energy setup --help",
      ],
      [
        ['setup', '--interval', '5'],
        '`--interval 5` is no interval\n  give whole milliseconds from 20 to 10000: --interval 200',
      ],
      [
        ['setup', '--interval=1e3'],
        '`--interval 1e3` is no interval\n  give whole milliseconds from 20 to 10000: --interval 200',
      ],
      [['doctor', 'now'], '`doctor` does not take `now`\n  See: npx vitest-energy doctor --help'],
      [
        ['record', 'npm'],
        '`record` does not take `npm`\n  a command goes after `--`: npx vitest-energy record -- npm',
      ],
      [['report'], '`report` needs FILE\n  See: npx vitest-energy report --help'],
      [
        ['bad\u001b[31m'],
        String.raw`unknown command ${'`'}bad\x1b[31m${'`'}` + '\n  See: npx vitest-energy --help',
      ],
    ]
    for (const [args, said] of wrong) {
      expect(await cli(...args)).toEqual({ code: 2, stdout: '', stderr: `vitest-energy: ${said}` })
    }
  })

  it('without a command the help goes to stderr', async () => {
    const { code, stdout, stderr } = await cli()
    expect([code, stdout]).toEqual([2, ''])
    expect(stderr).toContain('Usage: vitest-energy COMMAND')
  })

  it('a closed pipe is no error', () => {
    const command = `'${process.execPath}' '${main}' --help | head -n 1`
    const shown = execFileSync('/bin/sh', ['-c', `${command} 2>&1`], { encoding: 'utf8' })
    expect(shown).toBe('vitest-energy: what every Vitest test and benchmark costs in joules\n')
  })

  it('setup --print prints the file on stdout and the steps on stderr, on any system', async () => {
    const { code, stdout, stderr } = await cli('setup', '--print', '--interval', '200')
    expect(code).toBe(0)
    expect(stdout).toContain('-i 200 -f plist')
    expect(stderr).toContain('visudo -cf /tmp/vitest-energy-rules')
  })

  it('setup without a terminal and without --yes says what to do and exits 2', async () => {
    expect(await cli('setup')).toEqual({
      code: 2,
      stdout: '',
      stderr:
        'vitest-energy: `setup` asks before it changes anything, and there is no terminal to ask in\n' +
        '  look at it first: `npx vitest-energy setup --print`, then `npx vitest-energy setup --yes`',
    })
  })
})
