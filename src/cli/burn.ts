import { Worker } from 'node:worker_threads'

/** A stretch of load, ns on `process.hrtime`. */
export interface Pulse {
  startNs: number
  endNs: number
}

export interface PulseTrain {
  count: number
  /** quiet before each, ms */
  pauseMs: number
  /** length of each, ms */
  burnMs: number
}

// one thread for all: starting one is a load of its own
const source = `
const { parentPort, workerData } = require('node:worker_threads')
const { count, pauseMs, burnMs } = workerData
const cell = new Int32Array(new SharedArrayBuffer(4))
const now = () => Number(process.hrtime.bigint())
const pulses = []
let x = 1.1
for (let i = 0; i < count; i++) {
  Atomics.wait(cell, 0, 0, pauseMs)
  const startNs = now()
  while (now() < startNs + burnMs * 1e6) for (let k = 0; k < 1e4; k++) x = Math.sqrt(x + k)
  pulses.push({ startNs, endNs: now() })
}
parentPort.postMessage({ pulses, x })`

/** Keeps one core busy now and then, in a thread of its own, so that readings are taken meanwhile. */
export function burnPulses(train: PulseTrain): Promise<Pulse[]> {
  const worker = new Worker(source, { eval: true, workerData: train })
  return new Promise((resolve, reject) => {
    worker.once('message', ({ pulses }: { pulses: Pulse[] }) => resolve(pulses))
    worker.once('error', reject)
  })
}

/** Keeps one core busy for so long. */
export async function burnCore(burnMs: number): Promise<Pulse> {
  const [pulse] = await burnPulses({ count: 1, pauseMs: 0, burnMs })
  return pulse ?? { startNs: 0, endNs: 0 }
}
