import { expect, test } from 'vitest'
import {
  commandFor,
  grantedIntervals,
  powermetricsArguments,
  samplerLists,
} from '../../src/meters/powermetrics/command.ts'

test('the arguments are the words that a grant pins, in their order', () => {
  expect(powermetricsArguments(100, samplerLists[0]).join(' ')).toBe(
    '-b 0 -a 0 -i 100 -f plist --samplers cpu_power,gpu_power,ane_power,thermal',
  )
  expect(powermetricsArguments(250, samplerLists[1]).join(' ')).toBe(
    '-b 0 -a 0 -i 250 -f plist --samplers cpu_power,gpu_power,thermal',
  )
})

test('no granted command can write a file', () => {
  const words = grantedIntervals.flatMap((interval) =>
    samplerLists.flatMap((samplers) => powermetricsArguments(interval, samplers)),
  )
  expect(words.filter((word) => /^(-o|-u|--output-file)/.test(word))).toEqual([])
})

const path = '/usr/bin/powermetrics'
const args = ['-i', '100']

test('root runs it directly', () => {
  const command = commandFor({ path, sudo: 'auto', isRoot: true }, args)
  expect(command).toEqual({ file: path, args })
})

test('others run it through sudo, which must not ask', () => {
  const command = commandFor({ path, sudo: 'auto', isRoot: false }, args)
  expect(command).toEqual({ file: 'sudo', args: ['-n', path, '-i', '100'] })
})

test('what the user says about sudo wins', () => {
  expect(commandFor({ path, sudo: true, isRoot: true }, args).file).toBe('sudo')
  expect(commandFor({ path, sudo: false, isRoot: false }, args).file).toBe(path)
})
