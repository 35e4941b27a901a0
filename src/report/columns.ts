import { stripVTControlCharacters } from 'node:util'
import picocolors from 'picocolors'

/** The colours that reports use; picocolors' `createColors()` gives them. */
export type Colors = Pick<
  ReturnType<typeof picocolors.createColors>,
  'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan' | 'gray' | 'blue'
>

/** No colour at all. */
export const plain: Colors = picocolors.createColors(false)

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' })
// ranges of Unicode's East Asian Width W and F (EastAsianWidth.txt), without the unassigned ends
const wide =
  /[\u1100-\u115F\u2E80-\u303E\u3041-\u33FF\u3400-\u4DBF\u4E00-\u9FFF\uA000-\uA4CF\uA960-\uA97F\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE6F\uFF00-\uFF60\uFFE0-\uFFE6\u{17000}-\u{18D08}\u{1B000}-\u{1B2FB}\u{20000}-\u{3FFFD}]|\p{Emoji_Presentation}|\uFE0F/u
const withoutWidth = /^[\p{Mark}\p{Format}]+$/u
const oneColumnEach = /^[\u0020-\u007E\u00A0-\u00AC\u00AE-\u02FF\u2010-\u2027\u2190-\u21FF]*$/

/** Columns that `text` takes in a terminal; ANSI colours take none, East Asian characters two. */
export function visibleWidth(text: string): number {
  const bare = stripVTControlCharacters(text)
  if (oneColumnEach.test(bare)) return bare.length
  let width = 0
  for (const { segment } of graphemes.segment(bare)) {
    if (!withoutWidth.test(segment)) width += wide.test(segment) ? 2 : 1
  }
  return width
}

/** `text` with spaces before it, up to `width` columns. */
export const alignRight = (text: string, width: number): string =>
  ' '.repeat(Math.max(0, width - visibleWidth(text))) + text

/** `text` with spaces behind it, up to `width` columns. */
export const alignLeft = (text: string, width: number): string =>
  text + ' '.repeat(Math.max(0, width - visibleWidth(text)))

/** Uncoloured `text` cut to `width` columns, with `…` for what is missing. */
export function shorten(text: string, width: number): string {
  if (visibleWidth(text) <= width) return text
  let kept = ''
  let used = 1
  for (const { segment } of graphemes.segment(text)) {
    used += visibleWidth(segment)
    if (used > width) break
    kept += segment
  }
  return `${kept}…`
}

/** Widest of `cells`, columns. */
export const widestOf = (cells: readonly string[]): number =>
  cells.reduce((widest, cell) => Math.max(widest, visibleWidth(cell)), 0)

/**
 * Parts with `separator` between them, broken between parts where a line would be longer than
 * `width`. A part that is too long alone keeps a line of its own.
 */
export function flow(parts: readonly string[], width: number, separator = ' · '): string[] {
  const lines: string[] = []
  for (const part of parts) {
    const last = lines.at(-1)
    const joined = last === undefined ? part : `${last}${separator}${part}`
    if (last !== undefined && visibleWidth(joined) <= width) lines[lines.length - 1] = joined
    else lines.push(part)
  }
  return lines
}

/**
 * A sentence broken between words where a line would be longer than `width`. No line begins with
 * `::`: GitHub would take a name for a command of its own, however far it is indented.
 */
export const wrapWords = (text: string, width: number): string[] =>
  flow(text.split(/ (?!::)/), width, ' ')
