import { expect, test } from 'vitest'
import { restW, runAnnounced } from './scripted-run.ts'
import { configWith } from './vitest-run.ts'

const watts = [4, 1, 8, 2, 0.5, 6]

/** What the machine drew in a window of which `announcedMs` were announced, J. */
const truth = (power: number, durationMs: number, announcedMs: number): number =>
  (power * announcedMs + restW * (durationMs - announcedMs)) / 1000

test('each isolated test of 1 s is within 5 % of what was scripted', async () => {
  const run = await runAnnounced(
    {
      'vitest.config.js': configWith('{ report: { json: true } }', '{ maxWorkers: 1 }'),
      ...Object.fromEntries(
        [0, 1].map((file) => [
          `${file}.test.js`,
          `
import { test } from 'vitest'
import { draw } from './power.js'
for (const watts of ${JSON.stringify(watts.slice(3 * file, 3 * file + 3))}) {
  test(String(watts), () => draw(watts, 1000))
}
`,
        ]),
      ),
    },
    { emulator: { jitterMs: 3 } },
  )
  expect(run.exitCode).toBe(0)
  const { tests, run: whole } = run.report()
  expect(tests.map(({ name }) => Number(name)).sort()).toEqual(watts.toSorted())
  for (const { name, energyJ, durationMs, lowJ, highJ } of tests) {
    const drawn = truth(Number(name), durationMs, 1000)
    expect(Math.abs((energyJ ?? 0) / drawn - 1), `${name} W`).toBeLessThan(0.05)
    expect((highJ ?? 0) - (lowJ ?? 0), `${name} W`).toBeLessThan(0.2 * drawn)
  }
  // all of it is booked somewhere
  expect((whole.attributedJ ?? 0) + (whole.unattributedJ ?? 0)).toBeCloseTo(whole.energyJ ?? 0, 6)
  expect(whole.energyJ).toBeGreaterThan(watts.reduce((sum, each) => sum + each, 0))
})

test('each bench case is within 3 % of what was scripted', async () => {
  const powers = { light: 3, heavy: 7 }
  const run = await runAnnounced(
    {
      'vitest.config.js': configWith(
        '{ report: { json: true }, interval: 50, bench: { rounds: 8, samplesPerBlock: 4, maxTime: 6000 } }',
      ),
      'a.bench.js': `
import { test } from 'vitest'
import { announce } from './power.js'
const now = () => Number(process.hrtime.bigint())
// draws for exactly 5 ms an operation
const drawing = (watts) => () => {
  const start = now()
  const end = start + 5e6
  announce(watts, start)
  announce(${restW}, end)
  while (now() < end);
}
test('powers', async ({ bench }) => {
  await bench.compare(
    bench('light', drawing(${powers.light})),
    bench('heavy', drawing(${powers.heavy})),
    { time: 50, warmupTime: 10, iterations: 5, warmupIterations: 2 },
  )
})
`,
    },
    { args: ['bench', '--run'] },
  )
  expect(run.exitCode).toBe(0)
  const { benches, comparisons } = run.report('bench')
  expect(benches).toHaveLength(2)
  for (const { name, energyPerOpJ } of benches) {
    const drawn = (powers[name as keyof typeof powers] - restW) * 0.005
    expect(Math.abs((energyPerOpJ ?? 0) / drawn - 1), name).toBeLessThan(0.03)
  }
  expect(comparisons).toMatchObject([{ different: true }])
})
