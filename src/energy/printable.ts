/**
 * What a terminal would obey or a reader cannot see: controls (C0, C1, DEL), line and paragraph
 * separators, bidirectional controls (they reorder what stands after them), zero-width spaces, lone
 * surrogates. Joiners stay: emoji and several scripts need them.
 */
const invisible =
  /[\p{Control}\u061C\u200B\u200E\u200F\u2028-\u202E\u2060\u2066-\u2069\uFEFF]|\p{Surrogate}/gu

const named: Record<string, string> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }

function visible(character: string): string {
  const code = character.charCodeAt(0)
  const hex = code.toString(16)
  return (
    named[character] ?? (code < 0x100 ? `\\x${hex.padStart(2, '0')}` : `\\u${hex.padStart(4, '0')}`)
  )
}

/**
 * Foreign text on one line of a terminal or a message: what would act or hide is spelt out
 * (`\x1b`, `\n`, `\u202e`).
 */
export const printable = (text: string): string => text.replaceAll(invisible, visible)
