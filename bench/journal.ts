/** What an hour of samples takes: `node --expose-gc bench/journal.ts`. */
import { RunState } from '../src/run-state.ts'
import { parseLines, sampleLine } from '../src/journal.ts'
import { joules, nanoseconds } from '../src/units.ts'

// one hour at the 107.9 ms that 100 ms become (docs/method.md)
const count = 33_364
const lengthNs = 107_900_000

const line = (k: number): string => {
  const reading = {
    arrival: nanoseconds(2e14 + k * lengthNs + Math.random() * 1e6),
    elapsed: nanoseconds(lengthNs + Math.round(Math.random() * 1e6)),
    energy: {
      cpu: joules(Math.round(Math.random() * 400) / 1000),
      gpu: joules(Math.round(Math.random() * 4) / 1000),
      ane: joules(0),
    },
    stampSeconds: 1_800_000_000 + Math.floor(k / 9.3),
    thermalPressure: 'Nominal',
    systemCpuMs: Math.round(Math.random() * 100),
    ownCpuMs: Math.round(Math.random() * 1000) / 1000,
  }
  return `${JSON.stringify(sampleLine(reading))}\n`
}

const collect = (): number => {
  globalThis.gc?.()
  return process.memoryUsage().heapUsed
}

const before = collect()
const state = new RunState()
let bytes = 0
for (let k = 0; k < count; k++) {
  const text = line(k)
  bytes += Buffer.byteLength(text)
  for (const each of parseLines(text)) state.take(each)
}
const after = collect()
const mb = (size: number): string => (size / 1e6).toFixed(1)
console.log(`${count} samples: ${mb(bytes)} MB on disk, ${mb(after - before)} MB in memory`)
console.log(`last sample ends at ${state.samples.at(-1)?.end ?? 0} ns`)
