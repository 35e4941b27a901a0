import { describe, expect, it } from 'vitest'
import {
  againstSummary,
  briefOf,
  outputDelayMs,
  withoutIdentity,
} from '../../src/cli/evidence-answers.ts'
import type { BriefReading } from '../../src/cli/evidence-answers.ts'
import { writeEvidence } from '../../src/cli/evidence.ts'
import type { Sample } from '../../src/energy/sample.ts'
import { joules, nanoseconds } from '../../src/units.ts'
import { fakeSurroundings, placeEmulator } from './fake-surroundings.ts'

const record = (isDelta: boolean, energy: number): string =>
  `<?xml version="1.0"?><plist version="1.0"><dict>
<key>is_delta</key><${isDelta}/>
<key>elapsed_ns</key><integer>100000000</integer>
<key>kern_bootargs</key><string>debug=0x14e serial=1</string>
<key>kern_boottime</key><integer>1795370000</integer>
<key>timestamp</key><date>2026-11-22T20:00:00Z</date>
<key>processor</key><dict><key>cpu_energy</key>
<integer>${energy}</integer><key>gpu_energy</key>
<integer>0</integer></dict></dict></plist>`

describe('the evidence pack', () => {
  it('finds how much later the samples show the load', () => {
    // 1 W idle, 5 W busy; samples of 50 ms; the load is seen 20 ms late
    const pulses = [200, 531, 877].map((at) => ({ startNs: at * 1e6, endNs: (at + 150) * 1e6 }))
    const samples = Array.from({ length: 24 }, (_, index): Sample => {
      const [start, end] = [index * 50, (index + 1) * 50]
      const busyMs = pulses.reduce((sum, { startNs, endNs }) => {
        const [from, to] = [startNs / 1e6 + 20, endNs / 1e6 + 20]
        return sum + Math.max(0, Math.min(end, to) - Math.max(start, from))
      }, 0)
      return {
        index,
        start: nanoseconds(start * 1e6),
        end: nanoseconds(end * 1e6),
        energy: { cpu: joules(0.05 + 0.004 * busyMs) },
        segment: 0,
        certain: true,
      }
    })
    expect(outputDelayMs(samples, pulses)).toBe(20)
    expect(outputDelayMs(samples, [])).toBeNull()
  })

  it('sets the samples against the meter’s own summary', () => {
    const readings = [record(true, 100), record(true, 200), record(false, 310)].map((text) =>
      briefOf({ text, arrivalNs: 0 }),
    )
    expect(againstSummary(readings)).toEqual({
      samplesJ: expect.closeTo(0.3, 9) as number,
      summaryJ: 0.31,
      samplesNs: 2e8,
      summaryNs: 1e8,
    })
    expect(againstSummary(readings.slice(0, 2))).toBeNull()
  })

  it('keeps what is needed of each record', () => {
    expect(briefOf({ text: record(true, 100), arrivalNs: 7 })).toEqual<BriefReading>({
      arrivalNs: 7,
      elapsedNs: 1e8,
      stampSeconds: Date.parse('2026-11-22T20:00:00Z') / 1000,
      energyJ: { cpu: joules(0.1), gpu: joules(0) },
      isDelta: true,
    })
  })

  it('leaves boot time and boot arguments out', () => {
    const clean = withoutIdentity(record(true, 1))
    expect(clean).not.toMatch(/1795370000|debug/)
    expect(clean).toContain('<key>cpu_energy</key>')
  })

  it('is not begun without a terminal, nor against a no', async () => {
    const env = { VITEST_ENERGY_POWERMETRICS: placeEmulator() }
    const file = 'evidence.json'
    await expect(writeEvidence(fakeSurroundings({ env }), { file, yes: false })).rejects.toThrow(
      'there is no terminal to ask in',
    )
    const asked = fakeSurroundings({ env, interactive: true })
    expect(await writeEvidence(asked, { file, yes: false })).toBe(1)
    expect(asked.err()).toContain('sudo will ask for your password')
    expect(asked.ran).toEqual([])
  })

  it('needs a powermetrics', async () => {
    const env = { VITEST_ENERGY_POWERMETRICS: '/no/powermetrics' }
    await expect(
      writeEvidence(fakeSurroundings({ env }), { file: 'x', yes: true }),
    ).rejects.toThrow('nothing can be measured')
  })
})
