import { setTimeout as delay } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import type { TestCase } from 'vitest/node'
import { decorateReporters } from '../src/decorate.ts'
import type { Additions } from '../src/decorate.ts'

/** A terminal reporter that tells what it is told, and what is asked of the additions meanwhile. */
function scene(coveredUntil = Infinity) {
  const told: string[] = []
  const settled = Promise.withResolvers<void>()
  const state = { coveredUntil }
  const additions: Additions = {
    get coveredUntil() {
      return state.coveredUntil
    },
    settled: settled.promise,
    settle: (tests) => void told.push(`settle ${tests.map(({ name }) => name).join(' ')}`),
    testSuffix: () => '',
    moduleSuffix: () => '',
    benchTable: (lines) => [...lines],
    live: () => '',
    summary: () => [],
  }
  const reporter = {
    log: () => {},
    getStateSymbol: () => '',
    getTestCaseSuffix: () => '',
    onTestCaseResult: (one: TestCase) => void told.push(one.name),
    onUserConsoleLog: (log: string) => void told.push(log),
    onTestRunEnd: (): unknown => told.push('end'),
  }
  decorateReporters([reporter], additions)
  const end = async () => {
    settled.resolve()
    await reporter.onTestRunEnd()
  }
  onTestFinished(end)
  const result = (name: string) => reporter.onTestCaseResult({ name } as TestCase)
  return { told, state, reporter, result, end }
}

test('all tests that the samples cover are settled at once', async () => {
  const { told, result } = scene()
  for (const name of ['a', 'b', 'c']) result(name)
  await expect.poll(() => told).toEqual(['settle a b c', 'a', 'b', 'c'])
})

test('what the samples do not cover is held back until the run is over', async () => {
  const { told, result, reporter, end } = scene(0)
  result('a')
  reporter.onUserConsoleLog('a log')
  await delay(60)
  expect(told).toEqual([])
  await end()
  expect(told).toEqual(['settle a', 'a', 'a log', 'end'])
})

test('output of a test overtakes nothing that is held back, and waits for nothing else', async () => {
  const { told, state, result, reporter } = scene(0)
  reporter.onUserConsoleLog('early')
  expect(told).toEqual(['early'])
  result('a')
  reporter.onUserConsoleLog('late')
  state.coveredUntil = Infinity
  await expect.poll(() => told).toEqual(['early', 'settle a', 'a', 'late'])
})
