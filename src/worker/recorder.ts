import { relative } from 'node:path'
import { isMainThread, threadId } from 'node:worker_threads'
import type { RunnerTask, RunnerTestCase } from 'vitest'
import { append } from '../journal.ts'
import type { AttemptLine, WorkerContext } from '../journal.ts'
import { cpuTimeMs, now } from './now.ts'

/** Who writes: process and thread. */
export const workerName: string = `${process.pid}.${threadId}`
const inThread = !isMainThread

const cpuNow = (): number | null => cpuTimeMs(inThread)

/** Path relative to the root, `/` separated. */
export const fileOf = (filepath: string, root: string): string =>
  relative(root, filepath).replaceAll('\\', '/')

/** `suite`, `suite`, `test`: the names below the file, outermost first. */
export function namesOf(task: RunnerTask): string[] {
  const names: string[] = []
  for (let each: RunnerTask | undefined = task; each !== undefined; each = each.suite) {
    if (each !== each.file) names.unshift(each.name)
  }
  return names
}

/**
 * Which attempt begins. The runner's own indices are set only inside; but each attempt after the
 * first is either a retry, which it has counted, or a new repeat.
 */
function attemptIndex({ result }: RunnerTestCase): { retry: number; repeat: number } {
  const attempts = result?.attempts ?? []
  const repeat = attempts.length - (result?.retryCount ?? 0)
  return { repeat, retry: attempts.filter((each) => each.repeatIndex === repeat).length }
}

/** Writes one file's part of the journal: when it held this worker, and each attempt of its tests. */
export class Recorder {
  readonly #context: WorkerContext
  readonly file: string
  readonly #open = new Set<AttemptLine>()

  constructor(context: WorkerContext, file: string) {
    this.#context = context
    this.file = file
    this.#writeFile('file')
  }

  /** The file has left the worker. */
  close(): void {
    this.#writeFile('/file')
  }

  /** tests of this file that run now */
  get running(): number {
    return this.#open.size
  }

  /** @param waitMs time that the attempt has waited for its turn */
  begin(test: RunnerTestCase, waitMs: number): AttemptLine {
    const line: AttemptLine = {
      type: 'begin',
      testId: test.id,
      projectName: this.#context.projectName,
      file: this.file,
      worker: workerName,
      ...attemptIndex(test),
      atNs: 0,
      cpuMs: null,
      waitMs,
    }
    this.#open.add(line)
    if (this.#open.size > 1) for (const each of this.#open) each.concurrent = true
    line.cpuMs = cpuNow()
    line.atNs = now()
    append(this.#context.journal, line)
    return line
  }

  end(begin: AttemptLine): AttemptLine {
    const atNs = now()
    const line: AttemptLine = { ...begin, type: 'end', atNs, cpuMs: cpuNow() }
    this.#open.delete(begin)
    append(this.#context.journal, line)
    return line
  }

  #writeFile(type: 'file' | '/file'): void {
    append(this.#context.journal, {
      type,
      projectName: this.#context.projectName,
      file: this.file,
      worker: workerName,
      pid: process.pid,
      atNs: now(),
      cpuMs: cpuNow(),
    })
  }
}
