import type { BenchEnergy } from '../energy/result.ts'
import { formatDuration, formatOperationTime, formatSignificant, toMilliseconds } from '../units.ts'
import type { Nanoseconds } from '../units.ts'
import { emptyLoopNs } from './batch.ts'
import type { CaseRunner } from './blocks.ts'
import { now } from './now.ts'
import type { MeasurableCase } from './rounds.ts'
import type { MeterPace } from './scene.ts'

/** Part of an operation that the loop may be without a word. */
const loopShare = 0.05

/** tinybench reads the clock twice a call: below this its latency is mostly that, ns. */
const timerNs = 500

/** Times per operation further apart than this are worth a word. */
const farApart = 1.5

let emptyLoop: number | undefined

function loopNote({ timePerOpNs }: BenchEnergy, runner: CaseRunner): string | null {
  if (timePerOpNs === null || !runner.tight || timePerOpNs > 100) return null
  emptyLoop ??= emptyLoopNs(now)
  if (emptyLoop < loopShare * timePerOpNs) return null
  return `the loop around it takes ${formatSignificant(emptyLoop, 2)} ns of its ${formatSignificant(timePerOpNs, 2)} ns`
}

function timeNote(
  { timePerOpNs, hooksIncluded }: BenchEnergy,
  { opNs }: MeasurableCase,
): string | null {
  if (timePerOpNs === null || hooksIncluded) return null
  const ratio = timePerOpNs / opNs
  const far = ratio > farApart || (ratio < 1 / farApart && opNs > timerNs)
  if (!far) return null
  const [here, there] = [timePerOpNs, opNs].map((ns) => formatOperationTime(ns as Nanoseconds))
  return `one operation took ${here} here, ${there} in the latency phase`
}

const paceNote = ({ slow, sampleNs }: MeterPace): string | null =>
  slow
    ? `blocks of ${formatDuration(toMilliseconds(sampleNs))}: the meter's counters advance no more often`
    : null

/** What the reader of a row should know besides the figures. */
export function notesOf(
  energy: BenchEnergy,
  one: MeasurableCase,
  runner: CaseRunner,
  pace: MeterPace,
): string[] {
  const notes = [paceNote(pace), loopNote(energy, runner), timeNote(energy, one)]
  return notes.filter((note) => note !== null)
}
