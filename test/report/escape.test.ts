import { describe, expect, test } from 'vitest'
import { printable } from '../../src/energy/printable.ts'
import { renderAnnotations } from '../../src/report/ci.ts'
import {
  annotationProperty,
  annotationText,
  escapeHtml,
  escapeMarkdown,
  markdownCode,
} from '../../src/report/escape.ts'
import { renderHtml } from '../../src/report/html/page.ts'
import { renderMarkdown } from '../../src/report/markdown.ts'
import { renderReport } from '../../src/report/text.ts'
import { benchOf, budgetOf, reportOf, testOf } from './sample.ts'

describe('terminal', () => {
  test('what a terminal would obey is spelt out', () => {
    expect(printable('a\u001B[31mb\u0007\r\n\tc\u009B2Jd\u007F')).toBe(
      String.raw`a\x1b[31mb\x07\r\n\tc\x9b2Jd\x7f`,
    )
  })

  test('what reorders or hides text is spelt out', () => {
    expect(printable('a\u202Eb\u2066c\u200Bd\uFEFFe\u2028f')).toBe(
      String.raw`a\u202eb\u2066c\u200bd\ufeffe\u2028f`,
    )
  })

  test('half a surrogate pair is spelt out, a whole one is kept', () => {
    expect(printable('\uD83D x 😀')).toBe(String.raw`\ud83d x 😀`)
  })

  test('ordinary text of any script is kept', () => {
    const text = '写真を縮小 – größer 👩‍👩‍👧 नमस्ते "x" \\ <b>'
    expect(printable(text)).toBe(text)
  })
})

describe('HTML and Markdown', () => {
  test('HTML neither opens a tag nor ends an attribute', () => {
    expect(escapeHtml(`<img src="x" onerror='y'>&amp;\n`)).toBe(
      String.raw`&lt;img src=&quot;x&quot; onerror=&#39;y&#39;&gt;&amp;amp;\n`,
    )
  })

  test('Markdown shows its own marks as text', () => {
    expect(escapeMarkdown('a|b *c* `d` [e](f) <b> @me')).toBe(
      'a\\|b \\*c\\* \\`d\\` \\[e\\]\\(f\\) &lt;b&gt; @<!-- -->me',
    )
  })

  test('a code span is longer than the backticks in it', () => {
    expect(markdownCode('plain')).toBe('`plain`')
    expect(markdownCode('a `b` c')).toBe('``a `b` c``')
    expect(markdownCode('``')).toBe('``` `` ```')
    expect(markdownCode('a|b')).toBe('`a\\|b`')
    expect(markdownCode('')).toBe('`  `')
  })
})

describe('GitHub annotations', () => {
  test('line ends and percent signs are encoded, other controls spelt out', () => {
    expect(annotationText('50 %\na\rb\u001B')).toBe(String.raw`50 %25%0Aa\rb\x1b`)
  })

  test('a property can neither begin another nor end the list', () => {
    expect(annotationProperty('a,b::c\nd')).toBe(String.raw`a%2Cb%3A%3Ac\nd`)
  })
})

const hostile = 'x\n::error::owned \u001B[2J\u202E</script><script>alert(1)</script> | `` " \' <b>'

const hostileReport = () =>
  reportOf({
    versions: { vitestEnergy: hostile, vitest: hostile, node: hostile },
    tests: [
      testOf(hostile, {
        projectName: hostile,
        file: hostile,
        reason: hostile,
        budget: budgetOf(hostile, 1, 'unchecked', hostile),
      }),
    ],
    benches: [benchOf(hostile, 1e-6, { test: hostile, file: hostile, reason: hostile })],
    run: {
      ...reportOf().run,
      budget: { ...budgetOf('1 J', 1, 'over'), source: hostile },
      verdicts: { within: 0, over: 1, inconclusive: 0, unchecked: 1 },
    },
    meter: { ...reportOf().meter, state: 'died', reason: hostile, mend: hostile },
    warnings: [{ code: 'X', message: hostile }],
  })

// every control but the line end
const controls = /[^\P{Control}\n]|[\u202A-\u202E\u2066-\u2069]/u

describe('a hostile name, everywhere at once', () => {
  test('the terminal gets no control and no line that begins with it', () => {
    const text = renderReport(hostileReport())
    expect(text).not.toMatch(controls)
    expect(text).toContain(String.raw`x\n::error::owned \x1b[2J\u202e`)
  })

  test('the log has one line for each annotation, and only ours', () => {
    const lines = renderAnnotations(hostileReport()).join('\n').split('\n')
    expect(lines).toHaveLength(2)
    for (const line of lines) {
      expect(line).toMatch(/^::(?:error|warning) [^:]*::/)
      expect(line).not.toMatch(controls)
    }
  })

  test('the page has one script, its own', () => {
    const page = renderHtml(hostileReport(), {
      samples: [{ startMs: 0, endMs: 100, powerW: 1 }],
      windows: [{ startMs: 0, endMs: 100, name: hostile, state: 'measured' }],
    })
    expect(page.match(/<script/g)).toHaveLength(1)
    expect(page).not.toContain('<b>')
    expect(page).not.toMatch(controls)
  })

  test('the Markdown page has no tag outside its block of text', () => {
    const page = renderMarkdown(hostileReport())
    const [, , outside = ''] = page.split(/^```+(?:text)?$/m)
    expect(outside).toContain('### Tests')
    expect(outside.replaceAll(/(`+)(?!`).*?(?<!`)\1(?!`)/g, '')).not.toMatch(/<(?!!-- -->)/)
    expect(page).not.toMatch(controls)
  })
})
