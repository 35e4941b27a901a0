import { stripVTControlCharacters } from 'node:util'
import picocolors from 'picocolors'
import { describe, expect, test } from 'vitest'
import { visibleWidth } from '../../src/report/columns.ts'
import type { EnergyReport, TestReport } from '../../src/report/json.ts'
import { renderSummary } from '../../src/report/summary.ts'
import { renderReport } from '../../src/report/text.ts'
import { budgetOf, fullReport, reportOf, testOf, unknown } from './sample.ts'

const block = (report: EnergyReport, options = {}): string =>
  `\n${renderSummary(report, options).join('\n')}\n`

function unmeasured(unchecked: number, meter: Partial<EnergyReport['meter']>): EnergyReport {
  const { run, meter: usual } = reportOf()
  const nothing = { energyJ: null, domainsJ: {}, idlePowerW: null, attributedJ: null }
  return reportOf({
    tests: [testOf('a', { ...unknown, state: 'no-meter', reason: 'there was no meter' })],
    meter: { ...usual, domains: [], medianSampleMs: null, samples: 0, cadenceMs: null, ...meter },
    run: {
      ...run,
      ...nothing,
      unattributedJ: null,
      verdicts: { within: 0, over: 0, inconclusive: 0, unchecked },
    },
  })
}

describe('summary', () => {
  test('a run with tests, benches and budgets of every verdict', () => {
    expect(block(fullReport())).toMatchInlineSnapshot(`
      "
           Energy  41.8 J in 13.1 s, 3.19 W on average (idle 31 mW) · CPU 41.2 J, GPU 0.6 J, ANE 0 J
                   tests and benches 36.9 J · between them 4.90 J (imports, hooks, waiting)
                   2 tests measured, 1 rough, 2 too short to tell apart (30.0 mJ together)
        Costliest  9.00 J ±2%    test/upload.test.ts > uploads
                   4.00 J ±2%    test/photo.test.ts > resizes 12 MP
                   ≈ 1.0 J ±30%  test/photo.test.ts > thumbnail
          Budgets  1 within, 1 over, 1 too close to call, 1 not checked
                   bench/parse.bench.ts > parsers > hand parser: 5.51 µJ/op (5.45–5.57) is too close to
                   its budget of 5.5 µJ/op to call after 10 rounds
                   not checked: the figure is too rough to compare with the limit (test/photo.test.ts >
                   thumbnail)
                   budgets in doubt pass; to fail here set \`required: true\`
            Meter  powermetrics every 108 ms, Mac16,10 (25B78), CPU+GPU+ANE as Apple's model estimates
         Own cost  12 ms CPU for 121 samples
         Warnings  idle power moved from 0.03 W to 0.05 W
      "
    `)
  })

  test('titles end where those of Vitest end', () => {
    const [first = ''] = renderSummary(reportOf())
    expect(first.indexOf('Energy') + 'Energy'.length).toBe(11)
    expect(first.indexOf('41.8')).toBe(13)
  })

  test('an emulated run says so first', () => {
    const lines = renderSummary(reportOf({ source: 'emulated' }))
    expect(lines[0]).toContain('joules invented')
    expect(lines.join('\n')).not.toContain("Apple's model")
  })

  test('parallel tests: why there are no joules, what would give some, who used the CPU', () => {
    const tests = [
      testOf('a', { state: 'shared', file: 'photo.test.ts', cpuMs: 6200, durationMs: 7000 }),
      testOf('b', { state: 'shared', file: 'zip.test.ts', cpuMs: 2200, durationMs: 3000 }),
      testOf('c', { state: 'shared', file: 'none.test.ts', cpuMs: null, durationMs: 1000 }),
    ]
    expect(block(reportOf({ tests }), { workers: 7 })).toMatchInlineSnapshot(`
      "
           Energy  41.8 J in 13.1 s, 3.19 W on average (idle 31 mW) · CPU 41.2 J, GPU 0.6 J, ANE 0 J
                   tests 36.9 J · between them 4.90 J (imports, hooks, waiting)
                   7 workers ran at once, so no joules for 3 single tests
                   to see them:  npx vitest run --no-file-parallelism    (tests take 11.0 s then)
                   most CPU time: photo.test.ts 6.20 s · zip.test.ts 2.20 s
            Meter  powermetrics every 108 ms, Mac16,10 (25B78), CPU+GPU+ANE as Apple's model estimates
         Own cost  12 ms CPU for 121 samples
      "
    `)
  })

  test('no permission: the reason and the command that mends it', () => {
    const report = unmeasured(0, {
      state: 'not-permitted',
      reason: 'only root may read the power meter on macOS',
      mend: 'npx vitest-energy setup',
    })
    expect(block(report)).toMatchInlineSnapshot(`
      "
           Energy  not measured: only root may read the power meter on macOS. Tests are unaffected.
                   to mend it:  npx vitest-energy setup
      "
    `)
    expect(block(report, { hints: false })).not.toContain('npx')
  })

  test('a virtual machine: budgets that were not checked are counted', () => {
    const report = unmeasured(7, {
      state: 'virtual-machine',
      reason: 'this Mac is a virtual machine and has no power meter',
      mend: null,
    })
    expect(block(report)).toMatchInlineSnapshot(`
      "
           Energy  not measured: this Mac is a virtual machine and has no power meter. Tests are
                   unaffected.
                   7 budgets NOT checked
      "
    `)
  })

  test('a meter that is off has no reason of its own', () => {
    const report = unmeasured(0, { name: null, state: 'off' })
    expect(block(report)).toContain('not measured: the meter is off.')
  })

  test('a meter that died keeps what it measured, and says when values come slowly', () => {
    const { meter } = reportOf()
    const died = { ...meter, state: 'died' as const, reason: 'it ended', gaps: 1, cadenceMs: 2100 }
    const lines = block(reportOf({ meter: { ...died, medianSampleMs: 248 } }))
    expect(lines).toContain('every 248 ms (asked: 100 ms), values change every 2.10 s, silent once')
    expect(lines).toContain('died: it ended')
    expect(lines).toContain('41.8 J in 13.1 s')
  })

  test('its own cost is told from 1 ms on, where something was measured', () => {
    const { run, meter } = reportOf()
    const ownCost = (overheadCpuMs: number | null, samples: number): string | undefined =>
      renderSummary(
        reportOf({ run: { ...run, overheadCpuMs }, meter: { ...meter, samples } }),
      ).find((line) => line.includes('Own cost'))
    expect(ownCost(12.4, 812)).toBe('   Own cost  12 ms CPU for 812 samples')
    expect(ownCost(2345, 1)).toBe('   Own cost  2.35 s CPU for 1 sample')
    expect([ownCost(0.9, 812), ownCost(null, 812), ownCost(3, 0)]).toEqual([
      undefined,
      undefined,
      undefined,
    ])
  })

  test('the costliest tests are named, costliest first', () => {
    const tests = [1, 9, 4, 2].map((energyJ) => testOf(`uses ${energyJ} J`, { energyJ }))
    const lines = renderSummary(reportOf({ tests }), { costliest: 2 })
    const named = lines.filter((line) => line.includes('> uses'))
    expect(named.map((line) => line.replace(/.*> /, ''))).toEqual(['uses 9 J', 'uses 4 J'])
  })

  test('an unchecked reason is said once for all its budgets', () => {
    const reason = 'other tests ran at the same time'
    const tests: TestReport[] = Array.from({ length: 9 }, (_, i) =>
      testOf(`t${i}`, { budget: budgetOf('5 J', 5, 'unchecked', reason) }),
    )
    const { run } = reportOf()
    const verdicts = { within: 0, over: 0, inconclusive: 0, unchecked: 9 }
    const text = block(reportOf({ tests, run: { ...run, verdicts } }))
    expect(text.match(/other tests ran/g)).toHaveLength(1)
    expect(text).toContain('… and 4 more')
  })

  test('a run over its budget shows limit, value and where the limit was written', () => {
    const { run } = reportOf()
    const verdicts = { within: 0, over: 1, inconclusive: 0, unchecked: 0 }
    const budget = budgetOf('40 J', 40, 'over')
    expect(block(reportOf({ run: { ...run, budget, verdicts } }))).toMatchInlineSnapshot(`
      "
           Energy  41.8 J in 13.1 s, 3.19 W on average (idle 31 mW) · CPU 41.2 J, GPU 0.6 J, ANE 0 J
                   benches 36.9 J · between them 4.90 J (imports, hooks, waiting)
          Budgets  0 within, 1 over, 0 too close to call, 0 not checked
                   the run uses 41.8 J, at least 4.5 % over its budget of 40 J
                     measured  41.8 J
                     budget    40 J, set in vitest.config.ts: budgets['x']
                     to fix    make it cheaper, or write '43 J' there
            Meter  powermetrics every 108 ms, Mac16,10 (25B78), CPU+GPU+ANE as Apple's model estimates
         Own cost  12 ms CPU for 121 samples
      "
    `)
  })

  test('with `required` budgets in doubt are said to fail', () => {
    expect(block(fullReport(), { required: true })).toContain('fail this run')
  })

  test.each([60, 80, 100, 200])('no line is wider than %d columns', (width) => {
    const report = fullReport()
    report.tests.push(testOf('long '.repeat(40), { energyJ: 20 }))
    const lines = renderSummary(report, { width })
    for (const line of lines) expect(visibleWidth(line)).toBeLessThanOrEqual(width)
  })

  test('colours change no letter', () => {
    const coloured = renderSummary(fullReport(), { colors: picocolors.createColors(true) })
    expect(coloured.join('')).toContain('\u001B[')
    expect(coloured.map((line) => stripVTControlCharacters(line))).toEqual(
      renderSummary(fullReport()),
    )
  })
})

test('the whole report as text', () => {
  expect(`\n${renderReport(fullReport())}`).toMatchInlineSnapshot(`
    "
    vitest-energy 0.1.0 · vitest 5.1.1 · node 24.0.0 · 2026-01-02T03:04:05.000Z

     test/photo.test.ts · 5.05 J
       ✓ resizes 12 MP     1.00 s  4.00 J ±2%  (budget 5 J)
       ✓ thumbnail         318 ms  ≈ 1.0 J ±30%  (rough, budget 1 J not checked)
       ✓ reads a header    4.0 ms
       ✓ reads a footer    3.0 ms

     test/upload.test.ts · 9.00 J
       × uploads    1.00 s  9.00 J ±2%  (over budget 8 J)

     bench/parse.bench.ts
       parsers
         name             energy/op   ±95%   power  energy
         JSON.parse         5.46 µJ  ±1.0%  3.34 W  cheapest
         hand parser        5.51 µJ  ±1.0%  3.33 W  tie, too close to its budget of 5.5 µJ/op
         structuredClone    17.9 µJ  ±1.0%  3.37 W  3.28× (3.24–3.32) dearest
         10 rounds of 5 samples · idle 31 mW taken off

         Energy  41.8 J in 13.1 s, 3.19 W on average (idle 31 mW) · CPU 41.2 J, GPU 0.6 J, ANE 0 J
                 tests and benches 36.9 J · between them 4.90 J (imports, hooks, waiting)
                 2 tests measured, 1 rough, 2 too short to tell apart (30.0 mJ together)
      Costliest  9.00 J ±2%    test/upload.test.ts > uploads
                 4.00 J ±2%    test/photo.test.ts > resizes 12 MP
                 ≈ 1.0 J ±30%  test/photo.test.ts > thumbnail
        Budgets  1 within, 1 over, 1 too close to call, 1 not checked
                 bench/parse.bench.ts > parsers > hand parser: 5.51 µJ/op (5.45–5.57) is too close to
                 its budget of 5.5 µJ/op to call after 10 rounds
                 not checked: the figure is too rough to compare with the limit (test/photo.test.ts >
                 thumbnail)
                 budgets in doubt pass; to fail here set \`required: true\`
          Meter  powermetrics every 108 ms, Mac16,10 (25B78), CPU+GPU+ANE as Apple's model estimates
       Own cost  12 ms CPU for 121 samples
       Warnings  idle power moved from 0.03 W to 0.05 W
    "
  `)
})
