import { appendFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { EnergyError } from '../errors.ts'
import { append, sampleLine } from '../journal.ts'
import type { AttemptLine, FileLine, MeterLine, RunLine, TestLine } from '../journal.ts'
import type { MeterEvents, MeterIdentity, MeterProblem } from '../meters/meter.ts'
import { testClock, wallOffsetMs } from '../test-clock.ts'
import { version } from './version.ts'

/** Begins a file, so that it is clear before anything is measured whether it can be written. */
export function beginFile(path: string, text: string): void {
  try {
    appendFileSync(path, text, { flag: 'w', mode: 0o600 })
  } catch (error) {
    throw EnergyError.of('CLI_FILE', path, (error as Error).message)
  }
}

/** A journal outside of Vitest: the readings, and a command as if it were a test. */
export class Recording {
  readonly path: string

  /** @throws {EnergyError} `CLI_FILE` */
  constructor(path: string, intervalMs: number, idleMs: number) {
    this.path = path
    const run: RunLine = {
      type: 'run',
      schema: 'vitest-energy-journal/1',
      startTime: new Date().toISOString(),
      atNs: testClock(),
      wallOffsetMs: wallOffsetMs(),
      versions: { vitestEnergy: version(), vitest: 'none', node: process.version },
      // no folder of the user's goes into a bug report
      root: '/',
      pid: process.pid,
      intervalMs,
      idleMs,
      required: false,
      serial: true,
      bench: { rounds: 0, samplesPerBlock: 0, precision: 0, maxTimeMs: 0, quick: false, seed: 0 },
      budgets: [],
      runBudget: null,
      cpus: availableParallelism(),
      workers: 1,
    }
    beginFile(path, `${JSON.stringify(run)}\n`)
  }

  /** What the meter says goes into the journal; `also` is told some of it. */
  events(also: Pick<MeterEvents, 'problem' | 'bytes'>): MeterEvents {
    return {
      ...also,
      identity: (identity) => append(this.path, identityLine(identity)),
      reading: (reading) => append(this.path, sampleLine(reading)),
      problem: (problem) => {
        append(this.path, problemLine(problem))
        also.problem(problem)
      },
      restarted: (reason) =>
        append(this.path, meterLine({ event: 'restarted', state: 'ok', reason, mend: null })),
    }
  }

  beginCommand(): void {
    append(this.path, fileLine('file'))
    append(this.path, attemptLine('begin'))
  }

  /** @param name the command as written */
  endCommand(name: string, isFine: boolean, durationMs: number): void {
    append(this.path, attemptLine('end'))
    append(this.path, fileLine('/file'))
    const test: TestLine = {
      type: 'test',
      ...command,
      name,
      result: isFine ? 'passed' : 'failed',
      durationMs,
      budget: null,
      unchecked: null,
      holdsBenches: false,
    }
    append(this.path, test)
  }

  end(warnings: { code: string; message: string }[]): void {
    append(this.path, { type: '/run', atNs: testClock(), overheadCpuMs: 0, warnings })
  }
}

const command = { testId: 'command', projectName: '', file: 'command' } as const
const worker = `${process.pid}.0`

const fileLine = (type: FileLine['type']): FileLine => ({
  type,
  projectName: command.projectName,
  file: command.file,
  worker,
  pid: process.pid,
  atNs: testClock(),
  cpuMs: null,
})

const attemptLine = (type: AttemptLine['type']): AttemptLine => ({
  type,
  ...command,
  worker,
  retry: 0,
  repeat: 0,
  atNs: testClock(),
  cpuMs: null,
  waitMs: 0,
})

const meterLine = (line: Pick<MeterLine, 'event' | 'state' | 'reason' | 'mend'>): MeterLine => ({
  type: 'meter',
  atNs: testClock(),
  name: 'powermetrics',
  domains: [],
  model: null,
  os: null,
  source: 'live',
  ...line,
})

const problemLine = ({ state, reason, mend }: MeterProblem): MeterLine =>
  meterLine({ event: 'problem', state, reason, mend })

const identityLine = ({ domains, model, os, emulated }: MeterIdentity): MeterLine => ({
  ...meterLine({ event: 'identity', state: 'ok', reason: null, mend: null }),
  domains,
  model,
  os,
  source: emulated ? 'emulated' : 'live',
})
