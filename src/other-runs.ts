import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { append } from './journal.ts'
import { testClock } from './test-clock.ts'

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

function readEntry(path: string): { pid: number; journal: string } | null {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as { pid: number; journal: string }
  } catch {
    return null
  }
}

/**
 * Announces a run to those of the same user that measure this machine already, and them to it: each
 * finds the others in its journal.
 * @param folder where runs announce themselves
 * @returns takes the announcement back
 */
export function meetOtherRuns(
  journal: string,
  folder: string = join(tmpdir(), `vitest-energy-runs-${userInfo().uid}`),
): () => void {
  const own = join(folder, `${basename(dirname(journal))}.json`)
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    for (const name of readdirSync(folder)) {
      const path = join(folder, name)
      const entry = readEntry(path)
      if (entry === null || !isAlive(entry.pid)) {
        rmSync(path, { force: true })
        continue
      }
      const atNs = testClock()
      append(journal, { type: 'other-run', atNs, pid: entry.pid })
      append(entry.journal, { type: 'other-run', atNs, pid: process.pid })
    }
    writeFileSync(own, JSON.stringify({ pid: process.pid, journal }), { mode: 0o600 })
  } catch {
    // a temp folder that cannot be written hides other runs; it must not stop this one
  }
  return () => rmSync(own, { force: true })
}
