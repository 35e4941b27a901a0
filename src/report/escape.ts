import { printable } from '../energy/printable.ts'

const entities: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** Foreign text in an HTML element or a quoted attribute. */
export const escapeHtml = (text: string): string =>
  printable(text).replaceAll(/[&<>"']/g, (character) => entities[character] ?? character)

/**
 * Foreign text in a line or a table cell of Markdown, so that it reads as it is written: no
 * emphasis, link, HTML, table border, or mention.
 */
export const escapeMarkdown = (text: string): string =>
  printable(text)
    .replaceAll(/[\\`*_{}[\]()#!|~$]/g, '\\$&')
    .replaceAll(/[&<>]/g, (character) => entities[character] ?? character)
    .replaceAll('@', '@<!-- -->')

/**
 * Foreign text as a code span of Markdown. `|` is escaped as GitHub wants it in a table, where
 * alone it could break something.
 */
export function markdownCode(text: string): string {
  const safe = printable(text).replaceAll('|', '\\|')
  const runs = safe.match(/`+/g) ?? []
  const fence = '`'.repeat(runs.reduce((longest, run) => Math.max(longest, run.length), 0) + 1)
  // a span may neither be empty nor touch a backtick of its content
  const pad = safe === '' || safe.startsWith('`') || safe.endsWith('`') ? ' ' : ''
  return `${fence}${pad}${safe}${pad}${fence}`
}

/** The text of a GitHub annotation; its line ends are kept, other controls spelt out. */
export const annotationText = (text: string): string =>
  text.split('\n').map(printable).join('\n').replaceAll('%', '%25').replaceAll('\n', '%0A')

/** A property of a GitHub annotation (`file=`, `title=`). */
export const annotationProperty = (text: string): string =>
  annotationText(printable(text)).replaceAll(':', '%3A').replaceAll(',', '%2C')
