/** Where results go, so that no call can be left out as useless. */
export interface Sink {
  value: unknown
}

export type SyncLoop = (count: number) => void
export type AsyncLoop = (count: number) => Promise<void>

type Factory = (fn: () => unknown, sink: Sink) => (count: number) => Promise<void> | undefined

let compiled = 0

/**
 * A loop of its own for each case: in a shared one the call becomes megamorphic with the third case
 * and costs a few nanoseconds more, and equal source text would share V8's compilation cache.
 */
function compile(kind: 'sync' | 'async'): Factory {
  compiled += 1
  const [before, wait] = kind === 'async' ? ['async ', 'await '] : ['', '']
  const loop = `for (let i = 0; i < count; i++) sink.value = ${wait}fn()`
  try {
    // oxlint-disable-next-line no-new-func, typescript/no-implied-eval -- fixed text, nobody's input
    return new Function(
      'fn',
      'sink',
      `/* ${compiled} */ return ${before}function loop(count) { ${loop} }`,
    ) as Factory
  } catch {
    // --disallow-code-generation-from-strings
    return kind === 'async' ? sharedAsync : sharedSync
  }
}

const sharedSync: Factory = (fn, sink) => (count) => {
  for (let i = 0; i < count; i++) sink.value = fn()
  return undefined
}

const sharedAsync: Factory = (fn, sink) => async (count) => {
  for (let i = 0; i < count; i++) sink.value = await fn()
}

/** @returns calls `fn` so many times */
export const syncLoop = (fn: () => unknown, sink: Sink): SyncLoop => compile('sync')(fn, sink)

/** @returns calls `fn` so many times, each after the one before has settled */
export const asyncLoop = (fn: () => unknown, sink: Sink): AsyncLoop =>
  compile('async')(fn, sink) as AsyncLoop

/** A batch lasts about this long, so that reading the clock costs nothing beside it, ns. */
const batchNs = 1e6

/** Calls per batch, corrected while it goes. */
export class BatchSize {
  #count: number

  /** @param opNs time of one call, ns, as far as known */
  constructor(opNs: number) {
    this.#count = Math.max(1, Math.floor(batchNs / Math.max(opNs, 1)))
  }

  get count(): number {
    return this.#count
  }

  /** The last batch took `tookNs`. */
  correct(tookNs: number): void {
    if (tookNs < batchNs / 2) this.#count *= 2
    else if (tookNs > 2 * batchNs) this.#count = Math.max(1, Math.floor(this.#count / 2))
  }
}

/**
 * Time of one turn of the loop without anything in it.
 * @param clock ns
 * @returns nanoseconds, the least of several tries
 */
export function emptyLoopNs(clock: () => number): number {
  const loop = syncLoop(() => undefined, { value: undefined })
  const count = 100_000
  let least = Number.POSITIVE_INFINITY
  for (let attempt = 0; attempt < 10; attempt++) {
    const start = clock()
    loop(count)
    least = Math.min(least, (clock() - start) / count)
  }
  return least
}
