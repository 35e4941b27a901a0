import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, expect, onTestFinished, test } from 'vitest'
import { JournalFollower, append, readJournal, readingOf, sampleLine } from '../src/journal.ts'
import type { ClaimLine } from '../src/journal.ts'
import { joules, nanoseconds } from '../src/units.ts'

let path = ''
beforeEach(() => {
  const folder = mkdtempSync(join(tmpdir(), 'vitest-energy-journal-'))
  path = join(folder, 'journal.jsonl')
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
})

const line = (atNs: number): ClaimLine => ({ type: 'release', worker: '1.0', pid: 1, atNs })

test('a follower gives each line once', () => {
  const follower = new JournalFollower(path)
  expect(follower.read()).toEqual([])
  append(path, line(1))
  append(path, line(2))
  expect(follower.read()).toEqual([line(1), line(2)])
  expect(follower.read()).toEqual([])
  append(path, line(3))
  expect(follower.read()).toEqual([line(3)])
})

test('a line is given when its last byte is there, wherever it was cut', () => {
  const text = `${JSON.stringify({ ...line(1), worker: 'µ – 🔋' })}\n`
  const bytes = Buffer.from(text)
  for (let cut = 1; cut < bytes.length; cut++) {
    writeFileSync(path, bytes.subarray(0, cut))
    const follower = new JournalFollower(path)
    expect(follower.read()).toEqual([])
    appendFileSync(path, bytes.subarray(cut))
    expect(follower.read()).toEqual([{ ...line(1), worker: 'µ – 🔋' }])
  }
})

test('a line that does not parse is left out, and those around it are kept', () => {
  append(path, line(1))
  appendFileSync(path, '{"type":"release", half\n\n[1]\n')
  append(path, line(2))
  expect(new JournalFollower(path).read()).toEqual([line(1), line(2)])
})

test('more than one chunk is read at once', () => {
  const count = 3000
  for (let k = 0; k < count; k++) append(path, line(k))
  expect(new JournalFollower(path).read()).toHaveLength(count)
})

test('a journal that cannot be written loses no test', () => {
  expect(() => append(join(path, 'no', 'folder'), line(1))).not.toThrow()
})

test('a reading comes back as it was written', () => {
  const reading = {
    arrival: nanoseconds(5),
    elapsed: nanoseconds(100),
    energy: { cpu: joules(0.4) },
    stampSeconds: 7,
    thermalPressure: 'Heavy',
    systemCpuMs: 12,
    ownCpuMs: 1,
    contradiction: 'cpu: odd',
  }
  expect(readingOf(sampleLine(reading))).toEqual(reading)
  const plain = { ...reading, energy: null, elapsed: null, thermalPressure: null }
  expect(readingOf(sampleLine(plain))).toEqual(plain)
})

test('a file that is no journal is refused with the reason', () => {
  expect(() => readJournal(path)).toThrow(/is no journal of vitest-energy: there is no such file/)
  append(path, line(1))
  expect(() => readJournal(path)).toThrow('its first line is not that of a run')
})
