import { closeSync, openSync, readSync } from 'node:fs'
import { parseLines } from '../journal.ts'
import type { WorkerContext } from '../journal.ts'
import { now, sleep } from './now.ts'

/** Longer than the meter itself is waited for; then the tests go on without. */
const patienceMs = 30_000
/** the meter's first line follows that of the run, or a few short ones between them */
const fewLines = 64 * 1024

function headOf(path: string, headBytes: number): string {
  const buffer = Buffer.allocUnsafe(headBytes)
  try {
    const file = openSync(path, 'r')
    try {
      return buffer.toString('utf8', 0, readSync(file, buffer, 0, headBytes, 0))
    } finally {
      closeSync(file)
    }
  } catch {
    return ''
  }
}

/**
 * Waits until the meter has given its first record, or has failed to: the first test must not run
 * unseen. While Vitest starts its workers the meter starts too.
 * @returns why nothing will be measured; `null` when it will
 */
export async function meterWord({ journal, run }: WorkerContext): Promise<string | null> {
  // the line of a run with hundreds of budgets is long
  const headBytes = Buffer.byteLength(JSON.stringify(run)) + fewLines
  const started = now()
  while (now() - started < patienceMs * 1e6) {
    const word = parseLines(headOf(journal, headBytes)).find((line) => line.type === 'meter')
    if (word !== undefined) return word.event === 'problem' ? (word.reason ?? word.state) : null
    await sleep(5)
  }
  return 'the meter did not answer'
}
