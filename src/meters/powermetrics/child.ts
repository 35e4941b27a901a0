import { execa } from 'execa'
import type { Nanoseconds } from '../../units.ts'
import { testClock } from '../../test-clock.ts'
import type { Command } from './command.ts'
import type { Ending } from './refusal.ts'

/** One process of the meter. It never keeps the program that started it alive. */
export interface MeterChild {
  readonly pid: number | null
  readonly hasEnded: boolean
  /** settles when it is gone and all that it wrote has been read; never rejects */
  readonly ended: Promise<Ending>
  /** asks it to stop, and lets go of its output so that its next write ends it */
  terminate(): void
  /** SIGKILL: not for sudo */
  kill(): void
  /** @returns `false` when it outlived the time */
  goneWithin(durationMs: number): Promise<boolean>
}

/** What is kept of stderr: the last words, not the noise of hours. */
const stderrTail = 2000

/** @param onChunk takes the bytes and when they were read */
export function startChild(
  { file, args }: Command,
  onChunk: (chunk: Buffer, arrival: Nanoseconds) => void,
): MeterChild {
  // execa's defaults would end it at 100 MB of output, and with SIGKILL, which strands what sudo
  // started; not detached, because a ticket of sudo belongs to the terminal
  const child = execa(file, args, {
    buffer: false,
    encoding: 'buffer',
    forceKillAfterDelay: false,
    cleanup: false,
    reject: false,
    stdin: 'ignore',
    env: { LC_ALL: 'C' },
  })
  let hasEnded = false
  let stderr = ''
  const exited = new Promise<void>((resolve) => {
    const settle = (): void => {
      hasEnded = true
      resolve()
    }
    child.once('exit', settle).once('error', settle)
  })
  child.stdout.on('data', (chunk: Buffer) => onChunk(chunk, testClock()))
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-stderrTail)
  })
  for (const stream of [child.stdout, child.stderr]) stream.on('error', () => {})
  // the pipes are sockets, though their type does not say so
  const handles = [child, child.stdout, child.stderr] as { unref?(): unknown }[]
  for (const handle of handles) handle.unref?.()
  return {
    pid: child.pid ?? null,
    get hasEnded() {
      return hasEnded
    },
    ended: child.then(({ code, exitCode, signal }) => ({
      code: child.pid === undefined ? (code ?? 'unknown error') : null,
      exitCode: exitCode ?? null,
      signal: signal ?? null,
      stderr,
    })),
    terminate() {
      signalTo(child.pid, hasEnded, 'SIGTERM')
      child.stdout.destroy()
      child.stderr.destroy()
    },
    kill() {
      signalTo(child.pid, hasEnded, 'SIGKILL')
    },
    goneWithin: (durationMs) => settlesWithin(exited, durationMs),
  }
}

/** Never through the child object: it takes EPERM (sudo before macOS 11.5) for a failed start. */
function signalTo(pid: number | undefined, hasEnded: boolean, signal: NodeJS.Signals): void {
  if (pid === undefined || hasEnded) return
  try {
    process.kill(pid, signal)
  } catch {}
}

function settlesWithin(settled: Promise<void>, durationMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), durationMs)
    void settled.then(() => {
      clearTimeout(timer)
      resolve(true)
    })
  })
}
