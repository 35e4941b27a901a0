/**
 * What it costs to read the meter: CPU time of the reading process per second, at 10 records of
 * 51 KB a second, through a real pipe from a real process. Beside it what a property list parser
 * would cost. `npm run bench:self [-- SECONDS]`; most of the figure is the pipe, so run it quiet.
 */
import { fileURLToPath } from 'node:url'
import { parse } from 'plist'
import { startChild } from '../src/meters/powermetrics/child.ts'
import { powermetricsArguments, samplerLists } from '../src/meters/powermetrics/command.ts'
import { startPowermetrics } from '../src/meters/powermetrics/process.ts'
import { RecordReader } from '../src/meters/powermetrics/reader.ts'
import { RecordCutter } from '../src/meters/powermetrics/records.ts'
import { nanoseconds } from '../src/units.ts'

const path = fileURLToPath(new URL('../fixtures/powermetrics', import.meta.url))
const seconds = Number(process.argv[2] ?? 10)
const warmUpMs = 1500

/** @param splitWrites largest write in bytes; `false`: each record at once */
function emulate(splitWrites: number | false): void {
  const config = { shape: 'm3max', stretch: [0, 0], startupMs: 50, splitWrites }
  process.env['VITEST_ENERGY_EMULATOR'] = JSON.stringify(config)
}

interface Tally {
  records: number
  bytes: number
}

interface Method {
  name: string
  splitWrites: number | false
  /** @returns how to end it */
  begin(tally: Tally): () => unknown
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

function beginChild(tally: Tally, onRecord?: (bytes: Buffer) => unknown): () => void {
  const cutter = new RecordCutter(({ bytes }) => {
    tally.records++
    onRecord?.(bytes)
  })
  const child = startChild(
    { file: path, args: powermetricsArguments(100, samplerLists[0]) },
    (chunk, arrival) => {
      tally.bytes += chunk.length
      if (onRecord !== undefined) cutter.push(chunk, arrival)
    },
  )
  return () => child.terminate()
}

function ignore(): void {}

function beginMeter(tally: Tally): () => Promise<unknown> {
  const reading = (): void => void tally.records++
  const options = { path, intervalMs: 100, sudo: false, isRoot: true, platform: 'linux' } as const
  const events = { identity: ignore, reading, problem: ignore, restarted: ignore }
  const meter = startPowermetrics(options, events)
  return () => meter.stop()
}

const methods: Method[] = [
  { name: 'bytes thrown away', splitWrites: false, begin: (tally) => beginChild(tally) },
  { name: 'the meter: cut, search, CPU time', splitWrites: false, begin: beginMeter },
  { name: 'the meter, writes up to 4 KB', splitWrites: 4096, begin: beginMeter },
  {
    name: 'cut, `plist.parse` on every record',
    splitWrites: false,
    begin: (tally) => beginChild(tally, (bytes) => parse(bytes.toString())),
  },
]

/** ms of CPU time per second, user and system. */
async function costOf(method: Method): Promise<{ cost: number; tally: Tally }> {
  emulate(method.splitWrites)
  const tally: Tally = { records: 0, bytes: 0 }
  const end = method.begin(tally)
  await pause(warmUpMs)
  Object.assign(tally, { records: 0, bytes: 0 })
  const before = process.cpuUsage()
  const started = performance.now()
  await pause(seconds * 1000)
  const { user, system } = process.cpuUsage(before)
  const elapsed = (performance.now() - started) / 1000
  await end()
  await pause(300)
  return { cost: (user + system) / 1000 / elapsed, tally }
}

/** ms of one call, the second time round. */
function timeOf(repeats: number, fn: () => unknown): number {
  for (let i = 0; i < repeats; i++) fn()
  const started = performance.now()
  for (let i = 0; i < repeats; i++) fn()
  return (performance.now() - started) / repeats
}

/** Without the pipe: one record in memory, read again and again. */
function inMemory(record: Buffer): [name: string, ms: number][] {
  const reader = new RecordReader()
  const cutter = new RecordCutter((cut) => reader.read(cut))
  const read = (): void => cutter.push(record, nanoseconds(1))
  const text = record.toString()
  return [
    ['cut and search', timeOf(2000, read)],
    ['plist.parse', timeOf(20, () => parse(text))],
  ]
}

async function oneRecord(): Promise<Buffer> {
  emulate(false)
  const records: Buffer[] = []
  const end = beginChild({ records: 0, bytes: 0 }, (bytes) => records.push(Buffer.from(bytes)))
  // the child does not keep this program alive, the timer does
  for (;;) {
    await pause(50)
    const [first] = records
    if (first === undefined) continue
    end()
    return first
  }
}

const record = await oneRecord()
console.log(`one record of ${Math.round(record.length / 1024)} KB, in memory`)
for (const [name, ms] of inMemory(record)) {
  console.log(`  ${name.padEnd(36)} ${ms.toFixed(3).padStart(8)} ms`)
}
console.log(`10 records a second through a pipe, ${seconds} s each`)
for (const method of methods) {
  const { cost, tally } = await costOf(method)
  const rate = tally.records === 0 ? '' : `  ${(tally.records / seconds).toFixed(1)} records/s`
  console.log(`  ${method.name.padEnd(36)} ${cost.toFixed(1).padStart(8)} ms CPU/s${rate}`)
}
