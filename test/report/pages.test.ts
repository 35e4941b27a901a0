import { createHash } from 'node:crypto'
import { Script } from 'node:vm'
import { describe, expect, test } from 'vitest'
import { renderAnnotations } from '../../src/report/ci.ts'
import { renderHtml } from '../../src/report/html/page.ts'
import { script } from '../../src/report/html/script.ts'
import { renderTrace, thin } from '../../src/report/html/trace.ts'
import type { EnergyReport } from '../../src/report/json.ts'
import { renderMarkdown } from '../../src/report/markdown.ts'
import { budgetOf, fullReport, reportOf, testOf, unknown } from './sample.ts'

const pulses = {
  samples: [
    { startMs: 0, endMs: 100, powerW: 1 },
    { startMs: 100, endMs: 200, powerW: 4 },
    { startMs: 200, endMs: 300, powerW: null },
    { startMs: 300, endMs: 400, powerW: 2 },
  ],
  windows: [{ startMs: 50, endMs: 150, name: 'a test', state: 'measured' as const }],
}

/** Tags that are opened and not closed, or closed and not opened. */
function unbalanced(page: string): string[] {
  const open: string[] = []
  const bare = page.replace(/<(style|script)>[\s\S]*?<\/\1>/g, '')
  for (const [, closing, name = '', , empty] of bare.matchAll(
    /<(\/?)([a-z0-9]+)((?:"[^"]*"|[^>"])*?)(\/?)>/g,
  )) {
    if (empty === '/' || ['meta', 'br', 'input'].includes(name)) continue
    if (closing === '') open.push(name)
    else if (open.pop() !== name) return [`</${name}>`]
  }
  return open
}

function uncheckedReport(count: number): EnergyReport {
  const reason = 'there was no meter'
  const tests = Array.from({ length: count }, (_, i) =>
    testOf(`t${i}`, {
      ...unknown,
      state: 'no-meter',
      budget: budgetOf('5 J', 5, 'unchecked', reason),
    }),
  )
  return reportOf({ tests })
}

describe('annotations', () => {
  test('close calls and unchecked budgets warn; what fails as a test is left to Vitest', () => {
    expect(renderAnnotations(fullReport())).toMatchInlineSnapshot(`
      [
        "::warning file=test/photo.test.ts,title=Energy budget not checked::thumbnail: not checked against its budget of 1 J: the figure is too rough to compare with the limit",
        "::warning file=bench/parse.bench.ts,title=Energy budget too close to call::parsers > hand parser: 5.51 µJ/op (5.45–5.57) is too close to its budget of 5.5 µJ/op to call after 10 rounds",
      ]
    `)
  })

  test('with `required` they are errors', () => {
    for (const line of renderAnnotations(fullReport(), { required: true })) {
      expect(line).toMatch(/^::error /)
    }
  })

  test('one line says that no budget was checked, however many there are', () => {
    expect(renderAnnotations(uncheckedReport(3))).toEqual([
      '::warning title=Energy budget not checked::3 budgets not checked: there was no meter (t0, t1, t2)',
    ])
  })

  test('a run over its budget is an error', () => {
    const { run } = reportOf()
    const report = reportOf({ run: { ...run, budget: budgetOf('40 J', 40, 'over') } })
    expect(renderAnnotations(report)).toEqual([
      expect.stringMatching(
        /^::error title=Energy budget exceeded::the run uses 41\.8 J, .*%0A {2}measured/,
      ),
    ])
  })

  test('nothing to say gives no line', () => {
    expect(renderAnnotations(reportOf())).toEqual([])
  })
})

describe('Markdown', () => {
  test('a run', () => {
    expect(`\n${renderMarkdown(fullReport())}`).toMatchInlineSnapshot(`
      "
      ## Energy

      \`\`\`text
           Energy  41.8 J in 13.1 s, 3.19 W on average (idle 31 mW) · CPU 41.2 J, GPU 0.6 J, ANE 0 J
                   tests and benches 36.9 J · between them 4.90 J (imports, hooks, waiting)
                   2 tests measured, 1 rough, 2 too short to tell apart (30.0 mJ together)
          Budgets  1 within, 1 over, 1 too close to call, 1 not checked
                   bench/parse.bench.ts > parsers > hand parser: 5.51 µJ/op (5.45–5.57) is too close to
                   its budget of 5.5 µJ/op to call after 10 rounds
                   not checked: the figure is too rough to compare with the limit (test/photo.test.ts >
                   thumbnail)
                   budgets in doubt pass; to fail here set \`required: true\`
            Meter  powermetrics every 108 ms, Mac16,10 (25B78), CPU+GPU+ANE as Apple's model estimates
         Own cost  12 ms CPU for 121 samples
         Warnings  idle power moved from 0.03 W to 0.05 W
      \`\`\`

      ### Over budget

      - uploads uses 9.00 J, at least 10 % over its budget of 8 J
        - measured  9.00 J \\(95 % interval 8.80–9.20\\)
        - budget    8 J, set in vitest.config.ts: budgets\\['x'\\]
        - to fix    make it cheaper, or write '9.4 J' there

      ### \`bench/parse.bench.ts\` > \`parsers\`

      | case | energy/op | ±95% | power | energy |
      | :-- | --: | --: | --: | --: |
      | \`JSON.parse\` | 5.46 µJ | ±1.0% | 3.34 W | cheapest |
      | \`hand parser\` | 5.51 µJ | ±1.0% | 3.33 W | tie, too close to its budget of 5.5 µJ/op |
      | \`structuredClone\` | 17.9 µJ | ±1.0% | 3.37 W | 3.28× \\(3.24–3.32\\) dearest |

      10 rounds of 5 samples · idle 31 mW taken off

      ### Tests

      | test | energy | time | state | budget |
      | :-- | --: | --: | --: | --: |
      | \`test/upload.test.ts\` > \`uploads\` | 9.00 J ±2% | 1.00 s |  | ❌ over 8 J |
      | \`test/photo.test.ts\` > \`resizes 12 MP\` | 4.00 J ±2% | 1.00 s |  | ✅ within 5 J |
      | \`test/photo.test.ts\` > \`thumbnail\` | ≈ 1.0 J ±30% | 318 ms | rough | ⚠️ not checked: 1 J |
      "
    `)
  })

  test('an emulated run says so in its title', () => {
    expect(renderMarkdown(reportOf({ source: 'emulated' }))).toMatch(/^## Energy \(emulated/)
  })

  test('rows of tests end where a step summary would be cut', () => {
    const tests = Array.from({ length: 250 }, (_, i) => testOf(`t${i}`))
    expect(renderMarkdown(reportOf({ tests }))).toContain('… and 50 more in the JSON report.')
  })
})

describe('page', () => {
  test('it loads nothing and closes every tag', () => {
    const page = renderHtml(fullReport(), pulses)
    expect(page).not.toMatch(/(?:src|href)=|url\(|@import|https?:/)
    expect(unbalanced(page)).toEqual([])
    expect(unbalanced('<p><b></p>')).not.toEqual([])
  })

  test('only its own script may run', () => {
    const hash = createHash('sha256').update(script).digest('base64')
    const page = renderHtml(reportOf())
    expect(page).toContain(`script-src 'sha256-${hash}'`)
    expect(page).toContain(`<script>${script}</script>`)
  })

  test('its script parses', () => {
    expect(() => new Script(script)).not.toThrow()
  })

  test('an emulated run says so before its figures', () => {
    const page = renderHtml(reportOf({ source: 'emulated' }))
    expect(page.indexOf('Emulated:')).toBeGreaterThan(0)
    expect(page.indexOf('Emulated:')).toBeLessThan(page.indexOf('41.8 J'))
  })

  test('a test without a figure shows its upper bound and sorts last', () => {
    const tests = [
      testOf('short', { state: 'below-resolution', energyJ: 0.1, boundsJ: [0, 0.5] }),
      testOf('long'),
    ]
    const page = renderHtml(reportOf({ tests }))
    expect(page).toContain('<td data-v="">≤ 500 mJ</td>')
    expect(page.indexOf('>long<')).toBeLessThan(page.indexOf('>short<'))
  })

  test('states and verdicts are words, not colours alone', () => {
    const page = renderHtml(fullReport())
    for (const words of ['>rough<', '>too short<', '✗ over 8 J', '✓ within 5 J']) {
      expect(page).toContain(words)
    }
  })

  test('without a meter it says why and what mends it', () => {
    const { meter, run } = reportOf()
    const page = renderHtml(
      reportOf({
        meter: { ...meter, state: 'missing', reason: 'no powermetrics here', mend: 'use a Mac' },
        run: { ...run, energyJ: null },
      }),
    )
    expect(page).toContain('no powermetrics here<br>To mend it: <code>use a Mac</code>')
  })
})

describe('picture', () => {
  test('a hole in the samples is a hole in the area', () => {
    const path = /class="power" d="([^"]*)"/.exec(renderTrace(pulses, 0.1))?.[1] ?? ''
    expect(path.match(/M/g)).toHaveLength(2)
    expect(path.match(/Z/g)).toHaveLength(2)
  })

  test('many samples become few steps of the same energy', () => {
    const samples = Array.from({ length: 5000 }, (_, i) => ({
      startMs: i * 100,
      endMs: (i + 1) * 100,
      powerW: i % 7,
    }))
    const steps = thin(samples)
    const energy = (all: typeof samples | typeof steps) =>
      all.reduce((sum, { startMs, endMs, powerW }) => sum + (powerW ?? 0) * (endMs - startMs), 0)
    expect(steps.length).toBeLessThanOrEqual(900)
    expect(energy(steps)).toBeCloseTo(energy(samples), 3)
    expect(steps.at(-1)?.endMs).toBe(500_000)
  })

  test('a silent or idle meter makes no broken number', () => {
    expect(renderTrace({ samples: [], windows: [] }, null)).toBe('')
    const idle = [{ startMs: 0, endMs: 100, powerW: 0 }]
    expect(renderTrace({ samples: idle, windows: [] }, null)).not.toMatch(/NaN|Infinity/)
  })
})
