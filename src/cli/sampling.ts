import { testClock } from '../test-clock.ts'
import { execa } from 'execa'
import type { Command } from '../meters/powermetrics/command.ts'

/** One record as the meter wrote it. */
export interface RawRecord {
  /** when its last byte was read, ns on `process.hrtime` */
  arrivalNs: number
  text: string
}

export interface RawSampling {
  records: RawRecord[]
  stderr: string
  /** of the meter, when it ended before it was told to; else `null` */
  exitCode: number | null
  /** spawn to the first record; `null` without one */
  firstRecordMs: number | null
}

export interface SamplingOptions {
  /** stop after so many records */
  records: number
  /** or after so long without reaching them, ms */
  timeoutMs: number
  /** a person may be asked for sudo's password */
  attended?: boolean
  /** or when it aborts */
  signal?: AbortSignal
  onRecord?: (record: RawRecord, pid: number) => void
}

const recordEnd = '</plist>'

/** Cuts a stream of records at their ends; what comes before `<?xml` (the NUL) is dropped. */
function cutter(take: (text: string) => void): (chunk: string) => void {
  let rest = ''
  return (chunk) => {
    let from = Math.max(0, rest.length - recordEnd.length)
    rest += chunk
    for (let end = rest.indexOf(recordEnd, from); end !== -1; end = rest.indexOf(recordEnd)) {
      const text = rest.slice(0, end + recordEnd.length)
      rest = rest.slice(end + recordEnd.length)
      from = 0
      take(text.slice(Math.max(0, text.indexOf('<?xml'))))
    }
  }
}

/** Not through the child object: it takes EPERM (sudo before macOS 11.5) for a failed start. */
function terminate(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(pid, 'SIGTERM')
  } catch {}
}

/** Starts the meter, keeps its first records as they came, and stops it. */
export async function sampleRaw(
  { file, args }: Command,
  { records: wanted, timeoutMs, attended = false, signal, onRecord }: SamplingOptions,
): Promise<RawSampling> {
  const started = testClock()
  const records: RawRecord[] = []
  const child = execa(file, args, {
    reject: false,
    buffer: { stdout: false, stderr: true },
    env: { LC_ALL: 'C' },
    stdin: attended ? 'inherit' : 'ignore',
    stderr: attended ? ['inherit', 'pipe'] : 'pipe',
    forceKillAfterDelay: false,
  })
  let stopped = false
  // the end of the pipe ends a meter that the signal does not reach, at its next record
  const stop = (): void => {
    stopped = true
    terminate(child.pid)
    child.stdout.destroy()
  }
  const timer = setTimeout(stop, timeoutMs)
  signal?.addEventListener('abort', stop)
  const cut = cutter((text) => {
    if (stopped) return
    const record = { arrivalNs: testClock(), text }
    records.push(record)
    onRecord?.(record, child.pid ?? 0)
    if (records.length >= wanted) stop()
  })
  child.stdout.setEncoding('utf8').on('data', cut)
  child.stdout.on('error', () => {})
  const result = await child
  clearTimeout(timer)
  signal?.removeEventListener('abort', stop)
  return {
    records,
    stderr: result.stderr,
    exitCode: stopped ? null : (result.exitCode ?? 1),
    firstRecordMs: records[0] === undefined ? null : (records[0].arrivalNs - started) / 1e6,
  }
}
