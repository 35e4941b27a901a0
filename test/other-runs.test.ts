import {
  chownSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, expect, onTestFinished, test } from 'vitest'
import { meetOtherRuns } from '../src/other-runs.ts'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'vitest-energy-runs-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
})

/** A run's own folder with an empty journal in it. */
function journalOf(name: string): string {
  mkdirSync(join(folder, name))
  const journal = join(folder, name, 'journal.jsonl')
  writeFileSync(journal, '')
  return journal
}

const meet = (journal: string) => meetOtherRuns(journal, join(folder, 'runs'))

test('two runs at once each find the other in their journal', () => {
  const [first, second] = [journalOf('a'), journalOf('b')]
  meet(first)
  expect(readFileSync(first, 'utf8')).toBe('')
  meet(second)
  for (const journal of [first, second]) {
    expect(JSON.parse(readFileSync(journal, 'utf8'))).toMatchObject({
      type: 'other-run',
      pid: process.pid,
    })
  }
})

test('a run that has ended is not met', () => {
  const [first, second] = [journalOf('a'), journalOf('b')]
  const leave = meet(first)
  leave()
  meet(second)
  expect(readFileSync(second, 'utf8')).toBe('')
})

test('a run whose process is gone is forgotten', () => {
  mkdirSync(join(folder, 'runs'))
  // the largest pid of Linux and macOS is below
  const gone = { pid: 2 ** 30, journal: join(folder, 'gone.jsonl') }
  writeFileSync(join(folder, 'runs', 'gone.json'), JSON.stringify(gone))
  writeFileSync(join(folder, 'runs', 'torn.json'), '{')
  const journal = journalOf('a')
  meet(journal)
  expect(readFileSync(journal, 'utf8')).toBe('')
  expect(readdirSync(join(folder, 'runs'))).toEqual(['a.json'])
})

test.runIf(process.getuid?.() === 0)("a folder that is somebody else's is left alone", () => {
  const runs = join(folder, 'runs')
  const victim = join(folder, 'victim')
  mkdirSync(runs)
  writeFileSync(victim, '')
  writeFileSync(join(runs, 'b.json'), JSON.stringify({ pid: process.pid, journal: victim }))
  chownSync(runs, 4711, 4711)
  const leave = meet(journalOf('a'))
  expect(readFileSync(victim, 'utf8')).toBe('')
  expect(readdirSync(runs)).toEqual(['b.json'])
  leave()
  expect(readdirSync(runs)).toEqual(['b.json'])
})
