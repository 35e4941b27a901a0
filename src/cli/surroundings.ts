import { userInfo } from 'node:os'
import { createInterface } from 'node:readline/promises'
import { execa } from 'execa'

/** What a command left behind. */
export interface Outcome {
  /** `null`: it did not start, ran out of time, or was ended by a signal */
  code: number | null
  stdout: string
  stderr: string
  /** there is no such program */
  missing: boolean
}

export interface RunOptions {
  input?: string
  /** ms; @default 5000 */
  timeoutMs?: number
  /** the person at the terminal sees what it says on stderr, and may be asked there */
  attended?: boolean
}

/** Everything that a command touches outside itself, so that tests can put other things there. */
export interface Surroundings {
  stdout: { write(text: string): unknown }
  stderr: { write(text: string): unknown }
  env: NodeJS.ProcessEnv
  platform: NodeJS.Platform
  cwd: string
  /** columns of the terminal; 100 where there is none */
  width: number
  color: boolean
  /** somebody sits at a terminal who can answer */
  interactive: boolean
  user: { name: string; uid: number }
  /** our sudoers file */
  sudoersFile: string
  run(file: string, args: readonly string[], options?: RunOptions): Promise<Outcome>
  /** @returns `false` for no, and when the input ends or is broken off */
  ask(question: string): Promise<boolean>
}

/** `/etc` is a link on macOS; sudo there includes the real folder. */
const sudoersFileOf = (platform: NodeJS.Platform): string =>
  platform === 'darwin' ? '/private/etc/sudoers.d/vitest-energy' : '/etc/sudoers.d/vitest-energy'

/** Runs a program to its end; its messages are in English, whatever the user's language. */
export async function runProgram(
  file: string,
  args: readonly string[],
  { input, timeoutMs = 5000, attended = false }: RunOptions = {},
): Promise<Outcome> {
  const result = await execa(file, args, {
    reject: false,
    env: { LC_ALL: 'C' },
    ...(input === undefined ? { stdin: attended ? 'inherit' : 'ignore' } : { input }),
    ...(attended ? {} : { timeout: timeoutMs }),
    stderr: attended ? ['inherit', 'pipe'] : 'pipe',
  })
  return {
    code: result.exitCode ?? null,
    stdout: result.stdout ?? '',
    stderr: typeof result.stderr === 'string' ? result.stderr : '',
    missing: result.code === 'ENOENT',
  }
}

async function askInTerminal(question: string): Promise<boolean> {
  const lines = createInterface({ input: process.stdin, output: process.stderr })
  const broken = new AbortController()
  lines.once('SIGINT', () => broken.abort())
  lines.once('close', () => broken.abort())
  try {
    return /^y(es)?$/i.test((await lines.question(question, { signal: broken.signal })).trim())
  } catch {
    process.stderr.write('\n')
    return false
  } finally {
    lines.close()
  }
}

/** The real ones. */
export function realSurroundings(): Surroundings {
  const { username, uid } = userInfo()
  const { env, platform, stdout, stderr, stdin } = process
  const wantsColor = env['NO_COLOR'] === undefined && env['TERM'] !== 'dumb'
  return {
    stdout,
    stderr,
    env,
    platform,
    cwd: process.cwd(),
    width: stdout.isTTY ? stdout.columns : 100,
    color:
      env['FORCE_COLOR'] === undefined ? stdout.isTTY && wantsColor : env['FORCE_COLOR'] !== '0',
    interactive: stdin.isTTY,
    user: { name: username, uid },
    sudoersFile: sudoersFileOf(platform),
    run: runProgram,
    ask: askInTerminal,
  }
}
