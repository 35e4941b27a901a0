import { expect, test } from 'vitest'
import { partiesOf } from '../../src/energy/party.ts'
import type { EnergyWindow, FileSpan } from '../../src/energy/window.ts'
import { milliseconds, nanoseconds } from '../../src/units.ts'

const at = (seconds: number) => nanoseconds(seconds * 1e9)

const windowOf = (
  testId: string,
  start: number,
  end: number,
  cpuMs: number | null,
): EnergyWindow => ({
  id: `${testId}#0.0`,
  testId,
  projectName: '',
  file: 'a.test.ts',
  retry: 0,
  repeat: 0,
  worker: '1.0',
  start: at(start),
  end: at(end),
  cpu: cpuMs === null ? null : milliseconds(cpuMs),
  concurrent: cpuMs === null,
})

/** An open file that has used 500 ms; of its two tests the second still runs when the trace ends. */
const span: FileSpan = {
  projectName: '',
  file: 'a.test.ts',
  worker: '1.0',
  start: at(0),
  end: null,
  cpu: milliseconds(500),
}
const windows = [windowOf('a', 1, 3, 400), windowOf('b', 4, 5, null)]
const parties = partiesOf({
  windows,
  spans: [span],
  parked: [],
  isSettled: () => false,
  start: at(0),
  end: at(5),
})

test('a test that still runs is taken for as busy as those before it', () => {
  expect(parties.find(({ window }) => window === 1)?.busy).toBeCloseTo(0.2, 12)
})

test('between the tests of an open file is the CPU time that its tests have not used', () => {
  const between = parties.filter(({ kind }) => kind === 'worker')
  expect(between.map(({ start, end }) => [start, end])).toEqual([
    [0, 1],
    [3, 4],
  ])
  for (const { busy } of between) expect(busy).toBeCloseTo(0.05, 12)
})
