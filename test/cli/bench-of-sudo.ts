import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, copyFileSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'

/** Real sudo, real users, and the emulator in powermetrics' place. */
export const meterPath = '/usr/bin/powermetrics'
export const rulesFile = '/etc/sudoers.d/vitest-energy'
const cli = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))

/** Why the tests with real sudo cannot run here; `null` when they can. */
export function whyNoSudo(): string | null {
  if (process.platform !== 'linux') return 'they make users, which is done on Linux only'
  if (process.getuid?.() !== 0) return 'not root'
  for (const program of ['sudo', 'visudo', 'useradd', 'script']) {
    if (spawnSync('which', [program]).status !== 0) return `no ${program} here`
  }
  const nobody = { uid: 65_534, gid: 65_534, cwd: '/' }
  if (spawnSync(process.execPath, ['--version'], nobody).status !== 0) {
    return 'this folder is closed to other users'
  }
  const marker = existsSync(meterPath) ? readFileSync(meterPath, 'utf8').slice(0, 400) : 'emulator'
  return marker.includes('emulator') ? null : `${meterPath} is something else`
}

/** @returns a user without rights, and how to remove it */
export function makeUser(name: string, password?: string): void {
  spawnSync('userdel', ['-r', name])
  execFileSync('useradd', ['-m', '-s', '/bin/sh', name])
  if (password !== undefined) execFileSync('chpasswd', { input: `${name}:${password}\n` })
}

export const removeUser = (name: string): void => void spawnSync('userdel', ['-r', name])

export function installEmulator(config: object = {}): void {
  rmSync(meterPath, { force: true })
  copyFileSync(fileURLToPath(new URL('../../fixtures/powermetrics', import.meta.url)), meterPath)
  chmodSync(meterPath, 0o755)
  const given = { requireRoot: true, startupMs: 20, ...config }
  writeFileSync(`${meterPath}.json`, JSON.stringify(given))
}

export function removeEmulator(): void {
  for (const path of [meterPath, `${meterPath}.json`]) rmSync(path, { force: true })
}

export interface Ended {
  code: number | undefined
  stdout: string
  stderr: string
}

/** Runs the command line in a process of its own, without a terminal. */
export async function vitestEnergy(
  args: readonly string[],
  { as, before = [] }: { as?: string; before?: string[] } = {},
): Promise<Ended> {
  const command = [...before, process.execPath, cli, ...args]
  const words = as === undefined ? command : ['sudo', '-u', as, '--', ...command]
  const [file = '', ...rest] = words
  const { exitCode, stdout, stderr } = await execa(file, rest, {
    reject: false,
    stdin: 'ignore',
    cwd: '/tmp',
    env: { SUDO_USER: '' },
  })
  return { code: exitCode, stdout, stderr }
}

/** One step in a conversation: when the terminal shows `when`, `type` is typed. */
export interface Step {
  when: RegExp
  type: string
}

/** Runs the command line as `user` in a terminal of its own, and answers. */
export async function inTerminal(
  user: string,
  args: readonly string[],
  steps: readonly Step[],
): Promise<{ code: number | undefined; screen: string }> {
  const line = [process.execPath, cli, ...args].map((word) => `'${word}'`).join(' ')
  const shell = `cd /tmp; exec ${line}`
  const child = execa('sudo', ['-u', user, '--', 'script', '-qec', shell, '/dev/null'], {
    reject: false,
    buffer: true,
    env: { SUDO_USER: '' },
  })
  const waiting = [...steps]
  let seen = ''
  child.stdout.on('data', (chunk: Buffer) => {
    seen += chunk.toString()
    const [step] = waiting
    if (step === undefined || !step.when.test(seen)) return
    waiting.shift()
    seen = ''
    // sudo throws away what is typed before it listens
    setTimeout(() => child.stdin.write(step.type), 300)
  })
  const { exitCode, stdout } = await child
  return { code: exitCode, screen: stdout.replaceAll('\r', '') }
}

/** @returns exit code of `sudo` with these words, called by `user` without a password */
export async function sudoAs(user: string, words: readonly string[]): Promise<Ended> {
  const { exitCode, stdout, stderr } = await execa('sudo', ['-u', user, '--', 'sudo', ...words], {
    reject: false,
    stdin: 'ignore',
    timeout: 4000,
  })
  return { code: exitCode, stdout, stderr }
}
