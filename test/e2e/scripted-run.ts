import { join } from 'node:path'
import { makeProject, runIn, startIn, writeProject } from './vitest-run.ts'
import type { RunOptions, VitestRun } from './vitest-run.ts'

/** What the machine draws when no test announces anything, W. */
export const restW = 0.05

/** For the tests of a project: they tell the emulator what they draw, on the test clock. */
const powerJs = `
import { appendFileSync } from 'node:fs'
const wait = setTimeout
const { bigint } = process.hrtime
const now = () => Number(bigint())
export const announce = (cpuW, atNs = now()) =>
  appendFileSync(process.env.POWER_FILE, JSON.stringify({ atNs, cpuW }) + '\\n')
export const sleep = (ms) => new Promise((resolve) => wait(resolve, ms))
// exactly so much, however late the timer is: the end is told before the meter is there
export async function draw(cpuW, ms) {
  const start = now()
  const end = start + ms * 1e6
  announce(cpuW, start)
  announce(${restW}, end)
  while (now() < end) await sleep(Math.ceil((end - now()) / 1e6))
}
// until it ends, however late that is; of every 10 ms a part \`busy\` is CPU time
export async function work(cpuW, ms, busy) {
  const start = now()
  const end = start + ms * 1e6
  announce(cpuW, start)
  for (let at = start; at < end; at = now()) {
    while (now() < at + busy * 10e6) {}
    await sleep(Math.min(10 * (1 - busy), Math.max(0, (end - now()) / 1e6)))
  }
  announce(${restW})
}
// an operation of a bench: it computes, and draws for exactly so long
export function drawFor2ms(cpuW) {
  const start = now()
  announce(cpuW, start)
  announce(${restW}, start + 2e6)
  while (now() < start + 2e6) {}
}
`

/** An emulator whose power the tests of the project in `root` announce. */
export const announced = (root: string, more: object = {}): object => ({
  shape: 'm3max',
  startupMs: 50,
  power: { mode: 'script', cpuW: restW, file: join(root, 'power.jsonl') },
  ...more,
})

function announcing(root: string, { emulator = {}, env = {}, ...options }: RunOptions): RunOptions {
  return {
    ...options,
    env: { POWER_FILE: join(root, 'power.jsonl'), ...env },
    emulator: emulator === null ? null : announced(root, emulator),
  }
}

/** A run in `root` whose tests may `import { draw } from './power.js'`. */
export const runAnnouncedIn = (root: string, options: RunOptions = {}): Promise<VitestRun> =>
  runIn(root, announcing(root, options))

/** The same, not awaited. */
export const startAnnouncedIn = (
  root: string,
  options: RunOptions = {},
): ReturnType<typeof startIn> => startIn(root, announcing(root, options))

const withPower = (files: Record<string, string>): Record<string, string> => ({
  'power.js': powerJs,
  ...files,
})

export const makeAnnounced = (files: Record<string, string>): string =>
  makeProject(withPower(files))

/** For hooks: the caller removes the project. */
export const writeAnnounced = (files: Record<string, string>): string =>
  writeProject(withPower(files))

/** A real Vitest run of these files, whose tests announce what they draw. */
export const runAnnounced = (
  files: Record<string, string>,
  options: RunOptions = {},
): Promise<VitestRun> => runAnnouncedIn(makeAnnounced(files), options)

/** The summary's lines joined, as it breaks long ones. */
export const unfolded = (text: string): string => text.replaceAll(/\s*\n\s+/g, ' ')
