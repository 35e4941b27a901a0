import {
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { isAlive } from './is-alive.ts'
import { append } from './journal.ts'
import { testClock } from './test-clock.ts'

interface Entry {
  pid: number
  journal: string
}

function readEntry(path: string): Entry | null {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Entry
  } catch {
    return null
  }
}

const uid = process.getuid?.()
const nothing = (): void => {}

/** Where all users may write, somebody else's folder could name any file of ours as a journal. */
function isOurs(folder: string): boolean {
  const found = lstatSync(folder)
  return found.isDirectory() && (uid === undefined || found.uid === uid)
}

/** In one step, so that nobody reads half an entry. */
function announce(entry: Entry, path: string): void {
  const made = `${entry.journal}.run`
  writeFileSync(made, JSON.stringify(entry), { mode: 0o600 })
  renameSync(made, path)
}

/** Writes into the journals of those that run now, and into ours. */
function greet(journal: string, folder: string, own: string): void {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name)
    if (path === own) continue
    const entry = readEntry(path)
    if (entry === null || !isAlive(entry.pid)) {
      rmSync(path, { force: true })
      continue
    }
    const atNs = testClock()
    append(journal, { type: 'other-run', atNs, pid: entry.pid })
    append(entry.journal, { type: 'other-run', atNs, pid: process.pid })
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
  folder: string = join(tmpdir(), `vitest-energy-runs-${uid ?? ''}`),
): () => void {
  const own = join(folder, `${basename(dirname(journal))}.json`)
  let leave = nothing
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    if (!isOurs(folder)) return leave
    // first: of two runs that begin together, at least one must see the other
    announce({ pid: process.pid, journal }, own)
    leave = () => rmSync(own, { force: true })
    greet(journal, folder, own)
  } catch {
    // a temp folder that cannot be written hides other runs; it must not stop this one
  }
  return leave
}
