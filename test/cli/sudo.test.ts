import { execFileSync } from 'node:child_process'
import {
  existsSync,
  mkdtempSync,
  rmdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
  chmodSync,
} from 'node:fs'
import { execa } from 'execa'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { main } from '../../src/cli/commands.ts'
import type { Diagnosis } from '../../src/cli/doctor-text.ts'
import { renderSudoers } from '../../src/cli/sudoers.ts'
import { realSurroundings, runProgram } from '../../src/cli/surroundings.ts'
import type { Surroundings } from '../../src/cli/surroundings.ts'
import {
  inTerminal,
  installEmulator,
  makeUser,
  meterPath,
  removeEmulator,
  removeUser,
  rulesFile,
  sudoAs,
  vitestEnergy,
  whyNoSudo,
} from './bench-of-sudo.ts'

const reason = whyNoSudo()
const user = 've-runner'
const other = 've-other'
const admin = 've-admin'
const adminRule = '/etc/sudoers.d/ve-admin'
const byHand = `/etc/sudoers.d/powermetrics-${user}`
const lists = ['cpu_power,gpu_power,ane_power,thermal', 'cpu_power,gpu_power,thermal']
const words = (interval: number | string, samplers = lists[0] ?? ''): string[] =>
  // oxfmt-ignore
  [meterPath, '-b', '0', '-a', '0', '-i', String(interval), '-f', 'plist', '--samplers', samplers]

function write0440(file: string, text: string): void {
  rmSync(file, { force: true })
  writeFileSync(file, text)
  chmodSync(file, 0o440)
}

const staged = (): string[] =>
  readdirSync('/etc').filter((name) => name.startsWith('.vitest-energy'))

/** What a setup that fails says. */
async function setupInto(sudoersFile: string, given: Partial<Surroundings> = {}): Promise<string> {
  const system = { ...realSurroundings(), ...given, sudoersFile, stdout: { write: () => true } }
  const said: string[] = []
  const stderr = { write: (text: string) => said.push(text) }
  expect(await main(['setup', '--yes', '--user', user], { ...system, stderr })).toBe(1)
  return said.join('')
}

describe.skipIf(reason !== null)(
  `real sudo${reason === null ? '' : ` (skipped: ${reason})`}`,
  () => {
    beforeAll(() => {
      makeUser(user)
      makeUser(other)
      makeUser(admin, 'open sesame')
      write0440(adminRule, `${admin} ALL=(ALL) ALL\n`)
    })
    beforeEach(() => installEmulator())
    afterEach(() => {
      for (const file of [rulesFile, byHand, adminRule]) rmSync(file, { force: true })
    })
    afterAll(() => {
      removeEmulator()
      for (const name of [user, other, admin]) removeUser(name)
    })

    it('setup writes the file, proves it, and changes nothing the second time', async () => {
      const first = await vitestEnergy(['setup', '--yes', '--user', user])
      expect(first.stderr).toBe('')
      expect(first.code).toBe(0)
      expect(first.stdout).toContain(`✓ ${user} may read the meter: 2 records of`)
      const { mode, uid, gid, mtimeNs } = statSync(rulesFile, { bigint: true })
      expect([mode & 0o777n, uid, gid]).toEqual([0o440n, 0n, 0n])
      const second = await vitestEnergy(['setup', '--yes', '--user', user])
      expect(second.stdout).toContain('nothing to change')
      expect(statSync(rulesFile, { bigint: true }).mtimeNs).toBe(mtimeNs)
    })

    const refused: [what: string, argv: string[]][] = [
      ['powermetrics alone', [meterPath]],
      ['--help', [meterPath, '--help']],
      ['-o', [...words(100), '-o', '/tmp/ve-owned']],
      ['-o in front', [meterPath, '-o', '/tmp/ve-owned', ...words(100).slice(1)]],
      ['--output-file', [...words(100), '--output-file=/tmp/ve-owned']],
      ['-u', [...words(100), '-u', '/tmp/ve-owned']],
      ['other samplers', words(100, 'tasks')],
      ['one more sampler', words(100, `${lists[0]},tasks`)],
      ['an extra word', [...words(100), '--show-all']],
      ['an empty extra word', [...words(100), '']],
      ['a missing word', words(100).slice(0, -2)],
      ['the interval 60', words(60)],
      ['the interval 1', words(1)],
      ['the interval 100 -o x', words('100 -o /tmp/ve-owned')],
      ['the text format', words(100).map((word) => (word === 'plist' ? 'text' : word))],
      ['another path', ['/tmp/powermetrics', ...words(100).slice(1)]],
      ['a path around it', ['/usr/bin/../bin/powermetrics', '-o', '/tmp/ve-owned']],
      ['a shell', ['/bin/sh', '-c', 'id']],
      ['editing the rules', ['-e', rulesFile]],
      ['the environment', ['NODE_OPTIONS=--require=/tmp/x', ...words(100)]],
      ['another user than root', ['-u', other, ...words(100)]],
    ]
    describe('with the rules of setup', () => {
      beforeEach(() =>
        write0440(rulesFile, renderSudoers({ users: [user, '#4294967294'], intervalsMs: [200] })),
      )

      it.each([50, 100, 200, 250, 500, 1000])('%i ms runs without a password', async (interval) => {
        const asked = lists.map((list) =>
          sudoAs(user, ['-k', '-n', '-l', ...words(interval, list)]),
        )
        expect((await Promise.all(asked)).map(({ code }) => code)).toEqual([0, 0])
      })

      it.each(refused)('refuses %s', async (_what, argv) => {
        expect(await sudoAs(user, ['-k', '-n', ...argv])).toMatchObject({ code: 1, stdout: '' })
        expect(existsSync('/tmp/ve-owned')).toBe(false)
      })

      it('refuses another user', async () => {
        expect((await sudoAs(other, ['-k', '-n', ...words(100)])).code).toBe(1)
      })

      it('runs without a terminal even where sudo wants one', async () => {
        write0440(adminRule, 'Defaults requiretty\n')
        const args = ['-c', `setsid sudo -k -n ${words(100).join(' ')} | head -c 5`]
        const { stdout } = await execa('runuser', ['-u', user, '--', '/bin/sh', ...args])
        expect(stdout).toBe('<?xml')
      })

      it('doctor sees them as the user does, and measures', async () => {
        const env = { VITEST_ENERGY_METER: 'powermetrics' }
        const words = ['env', ...Object.entries(env).map((pair) => pair.join('='))]
        const { stdout, code } = await vitestEnergy(['doctor', '--json'], {
          as: user,
          before: words,
        })
        const { checks, available } = JSON.parse(stdout) as Diagnosis
        expect(checks.find(({ id }) => id === 'permission')?.evidence).toBe(
          `pinned rule ${rulesFile} for 50, 100, 200, 250, 500, 1000 ms`,
        )
        expect(checks.find(({ id }) => id === 'first-record')?.state).toBe('ok')
        expect([available, code]).toEqual([true, 0])
        expect(stdout).not.toContain(user)
      })
    })

    it('another user and another interval are added to what is there', async () => {
      await vitestEnergy(['setup', '--yes', '--user', user, '--interval', '75'])
      const { code } = await vitestEnergy(['setup', '--yes', '--user', other])
      expect(code).toBe(0)
      for (const name of [user, other]) {
        expect((await sudoAs(name, ['-k', '-n', '-l', ...words(75)])).code).toBe(0)
      }
    })

    it('an older, broader file of ours is replaced, its users are kept', async () => {
      write0440(rulesFile, `${other} ALL=(ALL) NOPASSWD: ${meterPath}\n`)
      const { stdout, code } = await vitestEnergy(['setup', '--yes', '--user', user])
      expect(code).toBe(0)
      expect(stdout).toContain('It replaces a rule that allowed powermetrics with any arguments.')
      expect((await sudoAs(other, ['-k', '-n', '-l', meterPath, '-o', '/x'])).code).toBe(1)
      expect((await sudoAs(other, ['-k', '-n', '-l', ...words(100)])).code).toBe(0)
    })

    it('a file of ours with other rules in it is left as it was', async () => {
      const text = `${other} ALL=(ALL) NOPASSWD: /usr/bin/id\n`
      write0440(rulesFile, text)
      const { stderr, code } = await vitestEnergy(['setup', '--yes', '--user', user])
      expect(code).toBe(1)
      expect(stderr).toContain('holds rules that vitest-energy did not write')
      expect(readFileSync(rulesFile, 'utf8')).toBe(text)
    })

    it('a rule written by hand is pointed out and left alone; disable --all removes it', async () => {
      const text = `${user} ALL=(ALL) NOPASSWD: ${meterPath}\n`
      write0440(byHand, text)
      const { stdout } = await vitestEnergy(['setup', '--yes', '--user', user])
      expect(stdout).toContain(`! ${byHand} was written by hand and left alone`)
      expect(readFileSync(byHand, 'utf8')).toBe(text)
      await vitestEnergy(['disable', '--yes', '--all'])
      expect([existsSync(byHand), existsSync(rulesFile)]).toEqual([false, false])
    })

    it('when no record comes, the rules are taken back', async () => {
      writeFileSync(meterPath, '#!/bin/sh\n# emulator\necho boom >&2; exit 3\n')
      const { stderr, code } = await vitestEnergy(['setup', '--yes', '--user', user])
      expect(code).toBe(1)
      expect(stderr).toContain('could not read the meter: 0 of 2 records')
      expect(stderr).toContain('boom')
      expect(existsSync(rulesFile)).toBe(false)
    })

    it('when the proof of a second user fails, the first keeps the rules', async () => {
      await vitestEnergy(['setup', '--yes', '--user', user])
      const before = readFileSync(rulesFile, 'utf8')
      writeFileSync(meterPath, '#!/bin/sh\n# emulator\nexit 3\n')
      expect((await vitestEnergy(['setup', '--yes', '--user', other])).code).toBe(1)
      expect(readFileSync(rulesFile, 'utf8')).toBe(before)
    })

    it('a system that does not know ane_power is proved with the shorter list', async () => {
      installEmulator({ macos: 11, shape: 'm1' })
      const { code, stderr } = await vitestEnergy(['setup', '--yes', '--user', user])
      expect([stderr, code]).toEqual(['', 0])
    })

    it('the steps that --print gives lead to the same rules', async () => {
      const { stdout } = await vitestEnergy(['setup', '--print', '--user', user])
      writeFileSync('/tmp/ve-rules', `${stdout}\n`)
      execFileSync('visudo', ['-cf', '/tmp/ve-rules'])
      execFileSync('install', ['-o', 'root', '-g', '0', '-m', '0440', '/tmp/ve-rules', rulesFile])
      rmSync('/tmp/ve-rules')
      const after = await vitestEnergy(['setup', '--yes', '--user', user])
      expect(after.stdout).toContain('nothing to change')
      expect(after.code).toBe(0)
    })

    it('called through sudo, it is for whoever called', async () => {
      const { code } = await vitestEnergy(['setup', '--yes'], {
        before: ['env', `SUDO_USER=${user}`],
      })
      expect(code).toBe(0)
      expect((await sudoAs(user, ['-k', '-n', '-l', ...words(100)])).code).toBe(0)
    })

    it('root alone needs no rule, and gets none', async () => {
      const { code, stdout } = await vitestEnergy(['setup', '--yes'])
      expect([code, stdout]).toEqual([
        0,
        'root may read the meter already. For another user: setup --user NAME',
      ])
      expect(existsSync(rulesFile)).toBe(false)
    })

    it('an unknown user is refused before anything is written', async () => {
      const { stderr, code } = await vitestEnergy(['setup', '--yes', '--user', 'nobody-here'])
      expect([code, stderr]).toEqual([
        1,
        'vitest-energy: there is no user `nobody-here` here\n  give a login name as `id -un` prints it',
      ])
      expect(existsSync(rulesFile)).toBe(false)
    })

    it('without a terminal nobody waits: 2 without --yes, 1 when sudo wants a password', async () => {
      expect((await vitestEnergy(['setup'], { as: user })).code).toBe(2)
      const { stderr, code } = await vitestEnergy(['setup', '--yes'], { as: user })
      expect(code).toBe(1)
      expect(stderr).toContain('sudo needs a password, and there is no terminal to ask in')
    })

    it('disable removes the file and says so; then there is nothing to remove', async () => {
      await vitestEnergy(['setup', '--yes', '--user', user])
      expect((await vitestEnergy(['disable'])).code).toBe(2)
      const { stdout, code } = await vitestEnergy(['disable', '--yes'])
      expect([code, stdout]).toEqual([
        0,
        `✓ ${rulesFile} is gone. (You are root, who needs no rule.)`,
      ])
      expect((await sudoAs(user, ['-k', '-n', ...words(100)])).code).toBe(1)
      expect((await vitestEnergy(['disable'], { as: user })).stdout).toContain('Nothing to remove')
    })

    it('disable leaves a file with other rules in it alone', async () => {
      write0440(rulesFile, `${other} ALL=(ALL) NOPASSWD: /usr/bin/id\n`)
      const { code, stderr } = await vitestEnergy(['disable', '--yes'])
      expect(code).toBe(1)
      expect(stderr).toContain('holds rules that vitest-energy did not write')
      expect(existsSync(rulesFile)).toBe(true)
    })

    it('disable --user of somebody who is not in the file changes nothing', async () => {
      await vitestEnergy(['setup', '--yes', '--user', user])
      const { stdout, code } = await vitestEnergy(['disable', '--yes', '--user', other])
      expect([code, stdout]).toEqual([0, `Nothing to remove: ${other} is not in ${rulesFile}`])
      expect((await sudoAs(user, ['-k', '-n', '-l', ...words(100)])).code).toBe(0)
    })

    it('disable --user takes one out and leaves the others', async () => {
      await vitestEnergy(['setup', '--yes', '--user', user])
      await vitestEnergy(['setup', '--yes', '--user', other])
      await vitestEnergy(['disable', '--yes', '--user', user])
      expect((await sudoAs(user, ['-k', '-n', ...words(100)])).code).toBe(1)
      expect((await sudoAs(other, ['-k', '-n', '-l', ...words(100)])).code).toBe(0)
    })

    describe('where it cannot be written', () => {
      it('a folder that is missing is said', async () => {
        expect(await setupInto('/etc/no-such.d/vitest-energy')).toContain('the folder is missing')
      })

      it('a folder that sudo does not read is said, and nothing stays in it', async () => {
        const folder = mkdtempSync('/etc/ve-other-')
        expect(await setupInto(`${folder}/vitest-energy`)).toContain(
          'sudo does not read that folder',
        )
        expect(readdirSync(folder)).toEqual([])
        rmdirSync(folder)
      })

      it('broken off in the middle of writing, it leaves nothing', async () => {
        await vitestEnergy(['setup', '--yes', '--user', other])
        const before = readFileSync(rulesFile, 'utf8')
        const said = await setupInto(rulesFile, {
          run: async (file, args, options = {}) => {
            if (options.input === undefined) return runProgram(file, args, options)
            // the text never ends: the copy is begun, and Ctrl-C comes
            const child = execa(file, args, { reject: false, detached: true })
            child.stdin.write('# half')
            // until the copy is begun nobody is there whom Ctrl-C would end: the text never does
            await vi.waitFor(() => {
              expect(staged()).toHaveLength(1)
              expect(readFileSync(`/etc/${staged()[0] ?? ''}`, 'utf8')).toBe('# half')
            })
            process.kill(-(child.pid ?? 0), 'SIGINT')
            const { exitCode } = await child
            return { code: exitCode ?? null, stdout: '', stderr: '', missing: false }
          },
        })
        expect(said).toContain('broken off')
        expect(readFileSync(rulesFile, 'utf8')).toBe(before)
        expect(staged()).toEqual([])
      })

      it('a file system that takes no files is said', async () => {
        expect(await setupInto('/proc/sys/vitest-energy')).toContain('could not be changed')
      })
    })

    it('nothing staged is left behind', () => {
      expect(staged()).toEqual([])
    })

    describe('in a terminal', () => {
      beforeEach(() => write0440(adminRule, `${admin} ALL=(ALL) ALL\n`))

      const question = { when: /Write this file\?/, type: 'y\n' }

      it('asks once, sudo asks for the password, and the meter is read', async () => {
        const { code, screen } = await inTerminal(
          admin,
          ['setup'],
          [question, { when: /password for/, type: 'open sesame\n' }],
        )
        expect(screen).toContain(`✓ ${admin} may read the meter`)
        expect(code).toBe(0)
        const again = await inTerminal(admin, ['setup'], [])
        expect(again.screen).toContain('nothing to change')
        const gone = await inTerminal(
          admin,
          ['disable'],
          [
            { when: /Remove .*\?/, type: 'y\n' },
            { when: /password for/, type: 'open sesame\n' },
          ],
        )
        expect(gone.screen).toContain('✓ the rules are gone')
        expect(existsSync(rulesFile)).toBe(false)
      })

      it('three wrong passwords leave everything as it was', async () => {
        const wrong = { when: /password for/, type: 'wrong\n' }
        const { code, screen } = await inTerminal(admin, ['setup'], [question, wrong, wrong, wrong])
        expect(screen).toContain('incorrect password attempts')
        expect(screen).toContain('nothing was changed')
        expect([code, existsSync(rulesFile)]).toEqual([1, false])
      })

      it('Ctrl-C at the password leaves everything as it was', async () => {
        const { code, screen } = await inTerminal(
          admin,
          ['setup'],
          [question, { when: /password for/, type: '\x03' }],
        )
        expect(screen).toContain('nothing was changed')
        expect([code, existsSync(rulesFile)]).toEqual([1, false])
      })

      it('no, and Ctrl-C at the question, change nothing', async () => {
        for (const type of ['n\n', '\n', '\x03', '\x04']) {
          const { code, screen } = await inTerminal(admin, ['setup'], [{ ...question, type }])
          expect(screen).toContain('Nothing was changed.')
          expect([code, existsSync(rulesFile)]).toEqual([1, false])
        }
      })

      it('a user whom sudo does not know is told whom to ask', async () => {
        execFileSync('chpasswd', { input: `${other}:open sesame\n` })
        const { code, screen } = await inTerminal(
          other,
          ['setup'],
          [question, { when: /password for/, type: 'open sesame\n' }],
        )
        expect(screen).toContain('ask an administrator to run `npx vitest-energy setup --user')
        expect(code).toBe(1)
      })
    })
  },
)
