import type { Nanoseconds } from '../../units.ts'

/** What stood between two cuts of the stream. */
export interface CutRecord {
  /** valid during the call only: the memory is used again */
  bytes: Buffer
  /** `false`: a piece of a record, or one with a NUL inside */
  whole: boolean
  /** when its last byte was read */
  arrival: Nanoseconds
}

const recordEnd = Buffer.from('</plist>')
// without its `<`, which is so frequent that it slows the search down
const startBody = Buffer.from('?xml')
const startMark = Buffer.from('<?xml')
const keyMark = Buffer.from('<key>')
const overlap = recordEnd.length - 1
const lessThan = 0x3c

/** Longest step in which a chunk is taken: what a pipe yields at once. */
const stepBytes = 65_536
/** Eight times the longest record seen, 490 KB with every sampler (M1 Pro, macOS 15.3). */
const defaultLimit = 4 * 1024 * 1024

/**
 * Cuts the byte stream into records, however it was chunked. A record ends with `</plist>`; the NUL
 * comes before the next one, so that waiting for it would delay every record by an interval.
 * After bytes that are no record the stream is in step again at the next `<?xml` or `</plist>`.
 * An unfinished tail is never handed out.
 */
export class RecordCutter {
  readonly #onRecord: (record: CutRecord) => void
  readonly #limit: number
  #buffer = Buffer.allocUnsafe(2 * stepBytes)
  #length = 0
  /** everything before it holds no mark that has not been dealt with */
  #searched = 0
  #arrivalBefore = 0 as Nanoseconds
  /** the rest of a record that was too long and has been handed out as damaged */
  #skipping = false

  /** @param limit bytes after which a record without an end is given up */
  constructor(onRecord: (record: CutRecord) => void, limit: number = defaultLimit) {
    this.#onRecord = onRecord
    this.#limit = limit
  }

  /** @param arrival when the chunk was read */
  push(chunk: Uint8Array, arrival: Nanoseconds): void {
    for (let at = 0; at < chunk.length; at += stepBytes) {
      this.#take(chunk.subarray(at, at + stepBytes), arrival)
      this.#arrivalBefore = arrival
    }
  }

  #take(bytes: Uint8Array, arrival: Nanoseconds): void {
    const before = this.#length
    this.#append(bytes)
    const view = this.#buffer.subarray(0, this.#length)
    let begin = 0
    let from = Math.max(0, this.#searched - overlap)
    for (;;) {
      const end = view.indexOf(recordEnd, from)
      const start = startIn(view, from, end)
      if (end === -1 && start === -1) break
      const cut = start === -1 ? end + recordEnd.length : start
      const piece = trimmed(view.subarray(begin, cut))
      // its last byte may have come with the chunk before
      const early = start !== -1 && begin + piece.end <= before
      this.#hand(piece.bytes, start === -1, early ? this.#arrivalBefore : arrival)
      begin = cut
      from = start === -1 ? cut : cut + 1
    }
    this.#keep(begin)
    if (this.#length > this.#limit) this.#giveUp(arrival)
  }

  #append(bytes: Uint8Array): void {
    const needed = this.#length + bytes.length
    if (needed > this.#buffer.length) {
      const larger = Buffer.allocUnsafe(Math.max(needed, 2 * this.#buffer.length))
      this.#buffer.copy(larger, 0, 0, this.#length)
      this.#buffer = larger
    }
    this.#buffer.set(bytes, this.#length)
    this.#length = needed
  }

  #hand(bytes: Buffer, ended: boolean, arrival: Nanoseconds): void {
    if (bytes.length === 0) return
    const skipped = this.#skipping
    this.#skipping = false
    const started = bytes.subarray(0, startMark.length).equals(startMark)
    // other programs' words between two records: nothing is lost
    const foreign = !started && !ended && !bytes.includes(keyMark)
    if (skipped || foreign) return
    this.#onRecord({ bytes, whole: started && ended && !bytes.includes(0), arrival })
  }

  /** Moves what has not been cut off to the front. */
  #keep(begin: number): void {
    this.#buffer.copyWithin(0, begin, this.#length)
    this.#length -= begin
    this.#searched = this.#length
  }

  #giveUp(arrival: Nanoseconds): void {
    const bytes = this.#buffer.subarray(0, this.#length)
    if (!this.#skipping) this.#onRecord({ bytes, whole: false, arrival })
    this.#skipping = true
    this.#keep(this.#length - overlap)
  }
}

/** @returns where a `<?xml` begins in `view` before `end`, else -1 */
function startIn(view: Buffer, from: number, end: number): number {
  const scope = end === -1 ? view : view.subarray(0, end)
  let at = scope.indexOf(startBody, from)
  while (at !== -1 && (at <= from || scope[at - 1] !== lessThan)) {
    at = scope.indexOf(startBody, at + 1)
  }
  return at === -1 ? -1 : at - 1
}

/** Without the NULs and white space around it. */
function trimmed(piece: Buffer): { bytes: Buffer; end: number } {
  let begin = 0
  let end = piece.length
  while (end > 0 && isBlank(piece[end - 1])) end--
  while (begin < end && isBlank(piece[begin])) begin++
  return { bytes: piece.subarray(begin, end), end }
}

const isBlank = (byte = 0): boolean => byte === 0 || (byte >= 9 && byte <= 13) || byte === 32
