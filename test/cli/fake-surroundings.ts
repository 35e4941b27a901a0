import { chmodSync, copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll } from 'vitest'
import type { Outcome, Surroundings } from '../../src/cli/surroundings.ts'

const folders: string[] = []

/** A folder that goes when the test file is through. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 've-cli-'))
  folders.push(folder)
  return folder
}

afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

/** A copy of the emulator with a configuration of its own. @returns its path */
export function placeEmulator(config: object = {}): string {
  const path = join(temporaryFolder(), 'powermetrics')
  copyFileSync(fileURLToPath(new URL('../../fixtures/powermetrics', import.meta.url)), path)
  chmodSync(path, 0o755)
  writeFileSync(`${path}.json`, JSON.stringify({ startupMs: 20, ...config }))
  return path
}

/** What programs answer, by name; a program that is not named is missing. */
export type Answers = Record<string, string | ((args: readonly string[]) => Partial<Outcome>)>

/** What an M4 laptop answers; recorded values, names of things, no names of people. */
export const macAnswers: Answers = {
  '/usr/sbin/sysctl': [
    'kern.hv_vmm_present: 0',
    'hw.model: Mac16,10',
    'machdep.cpu.brand_string: Apple M4',
    'hw.physicalcpu: 10',
    'hw.perflevel0.physicalcpu: 4',
    'hw.perflevel1.physicalcpu: 6',
  ].join('\n'),
  '/usr/bin/sw_vers': 'ProductName:\t\tmacOS\nProductVersion:\t\t26.1\nBuildVersion:\t\t25B78',
  '/usr/bin/pmset': (args) => ({
    stdout: args.includes('batt')
      ? "Now drawing from 'AC Power'\n -InternalBattery-0 (id=1)\t80%; charged"
      : 'System-wide power settings:\nCurrently in use:\n standby 1\n lowpowermode         0\n',
  }),
  ps: '  1   0.0 /sbin/launchd\n 90   1.2 /usr/sbin/distnoted\n',
}

export interface Faked extends Surroundings {
  out: () => string
  err: () => string
  /** names of the programs that were run, in order */
  ran: string[]
}

export function fakeSurroundings(
  given: Partial<Surroundings> = {},
  answers: Answers = macAnswers,
): Faked {
  const written: Record<'stdout' | 'stderr', string[]> = { stdout: [], stderr: [] }
  const ran: string[] = []
  return {
    stdout: { write: (text) => written.stdout.push(text) },
    stderr: { write: (text) => written.stderr.push(text) },
    env: { CI: 'true' },
    platform: 'darwin',
    cwd: temporaryFolder(),
    width: 100,
    color: false,
    interactive: false,
    user: { name: 'anna', uid: 501 },
    sudoersFile: '/nowhere/sudoers.d/vitest-energy',
    ask: () => Promise.resolve(false),
    run: (file, args) => {
      ran.push(file)
      const answer = answers[file]
      const found =
        typeof answer === 'string'
          ? { stdout: answer }
          : (answer?.(args) ?? { missing: true, code: null })
      return Promise.resolve({ code: 0, stdout: '', stderr: '', missing: false, ...found })
    },
    out: () => written.stdout.join(''),
    err: () => written.stderr.join(''),
    ran,
    ...given,
  }
}
