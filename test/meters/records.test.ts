import { describe, expect, test } from 'vitest'
import { RecordCutter } from '../../src/meters/powermetrics/records.ts'
import { nanoseconds } from '../../src/units.ts'
import { madeRecord, streamOf } from './made-record.ts'

interface Piece {
  text: string
  whole: boolean
  arrival: number
}

/** Feeds chunk by chunk; the n-th arrives at n. */
function cut(chunks: Iterable<Uint8Array>, limit?: number): Piece[] {
  const pieces: Piece[] = []
  const cutter = new RecordCutter(({ bytes, whole, arrival }) => {
    pieces.push({ text: bytes.toString('latin1'), whole, arrival })
  }, limit)
  let n = 0
  for (const chunk of chunks) cutter.push(chunk, nanoseconds(n++))
  return pieces
}

const first = madeRecord({ cpu: 100 })
const second = madeRecord({ cpu: 200 })
const third = madeRecord({ cpu: 400 })
const body = (record: string): string => record.trimEnd()
const wholes = [first, second, third].map((record) => ({ text: body(record), whole: true }))
const withoutArrival = (pieces: Piece[]) => pieces.map(({ text, whole }) => ({ text, whole }))

describe('an unharmed stream', () => {
  const stream = streamOf(first, second, third)

  test('records are handed out without the NUL and the white space around them', () => {
    expect(withoutArrival(cut([stream]))).toEqual(wholes)
  })

  test('the same records come out when the stream is cut in two at any byte', () => {
    for (let at = 0; at <= stream.length; at++) {
      const pieces = cut([stream.subarray(0, at), stream.subarray(at)])
      expect(withoutArrival(pieces), `cut at ${at}`).toEqual(wholes)
    }
  })

  test('the same records come out byte by byte', () => {
    const bytes = Array.from({ length: stream.length }, (_, at) => stream.subarray(at, at + 1))
    expect(withoutArrival(cut(bytes))).toEqual(wholes)
  })

  test('a record arrives with the chunk that brings its last `>`, not with the NUL after it', () => {
    const one = Buffer.from(first)
    const end = one.lastIndexOf('>')
    const rest = Buffer.concat([one.subarray(end + 1), Buffer.from([0]), Buffer.from(second)])
    const pieces = cut([one.subarray(0, end), one.subarray(end, end + 1), rest])
    expect(pieces.map(({ arrival }) => arrival)).toEqual([1, 2])
  })

  test('an unfinished tail is dropped silently', () => {
    const pieces = cut([stream.subarray(0, stream.length - 20)])
    expect(withoutArrival(pieces)).toEqual(wholes.slice(0, 2))
  })

  test('records far longer than a chunk come out whole', () => {
    const long = madeRecord({ more: '<key>x</key><integer>1</integer>\n'.repeat(20_000) })
    const stream = streamOf(long, second)
    expect(stream.length).toBeGreaterThan(600_000)
    expect(withoutArrival(cut([stream]))).toEqual([
      { text: body(long), whole: true },
      { text: body(second), whole: true },
    ])
  })
})

describe('a harmed stream', () => {
  test('a NUL put in at any byte of a record makes that record damaged, and no other', () => {
    const before = first.length + 1
    const stream = streamOf(first, second, third)
    for (let at = before + 1; at < before + body(second).length; at++) {
      const harmed = Buffer.concat([stream.subarray(0, at), Buffer.from([0]), stream.subarray(at)])
      const pieces = cut([harmed.subarray(0, at), harmed.subarray(at)])
      expect(
        pieces.map(({ whole }) => whole),
        `NUL at ${at}`,
      ).toEqual([true, false, true])
      expect(pieces[2]?.text).toBe(body(third))
    }
  })

  test('a record cut off at any byte does not harm the next one', () => {
    for (let at = 0; at < body(second).length; at++) {
      const pieces = cut([streamOf(first, second.slice(0, at), third)])
      const whole = pieces.filter((piece) => piece.whole)
      expect(withoutArrival(whole), `cut at ${at}`).toEqual([wholes[0], wholes[2]])
      // nothing of it is left to tell when not even `<?xml` was written
      expect(pieces.length, `cut at ${at}`).toBe(at < 5 ? 2 : 3)
    }
  })

  test('a record whose beginning is lost does not harm the next one', () => {
    const pieces = cut([streamOf(first, second.slice(400), third)])
    expect(pieces.map(({ whole }) => whole)).toEqual([true, false, true])
  })

  test('words of other programs between two records cost nothing', () => {
    const noise = 'dyld[411]: <garbage> & ÿ</dict>\n'
    expect(withoutArrival(cut([streamOf(first, noise + second, noise, third)]))).toEqual(wholes)
  })

  test('a cut-off record keeps the arrival of its last byte, though the next one reveals it', () => {
    const half = Buffer.from(first.slice(0, 500))
    const pieces = cut([half, Buffer.from(`\0${second}`)])
    expect(pieces.map(({ whole, arrival }) => [whole, arrival])).toEqual([
      [false, 0],
      [true, 1],
    ])
  })

  test('a record without an end is given up at the limit, once, and the next ones come through', () => {
    const more = Buffer.from('x'.repeat(100_000))
    const chunks = [Buffer.from(first.slice(0, 500)), more, more, streamOf('', second, third)]
    const pieces = cut(chunks, 50_000)
    expect(pieces.map(({ whole }) => whole)).toEqual([false, true, true])
    expect(withoutArrival(pieces.slice(1))).toEqual(wholes.slice(1))
  })
})
