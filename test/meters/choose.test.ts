import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { EnergyError } from '../../src/errors.ts'
import { chooseMeter } from '../../src/meters/choose.ts'
import type { MeterSystem } from '../../src/meters/choose.ts'
import type { MeterOptions } from '../../src/meters/meter.ts'

const mac: MeterSystem = {
  platform: 'darwin',
  isRoot: false,
  isVirtualMachine: () => false,
  whyNotExecutable: () => null,
}
const linux: MeterSystem = { ...mac, platform: 'linux' }
const defaults: MeterOptions = {
  meter: 'auto',
  intervalMs: 100,
  path: '/usr/bin/powermetrics',
  pathGiven: false,
  sudo: 'auto',
}
const canStart = { start: expect.any(Function) }

describe('which meter', () => {
  test('a Mac has powermetrics', () => {
    expect(chooseMeter(defaults, mac)).toEqual(canStart)
  })

  test('none is off', () => {
    expect(chooseMeter({ ...defaults, meter: 'none' }, mac)).toMatchObject({ state: 'off' })
  })

  test('another system has none', () => {
    expect(chooseMeter(defaults, linux)).toEqual({
      state: 'missing',
      reason: 'powermetrics is a part of macOS, this is Linux',
      mend: null,
    })
  })

  test('a path that the user gave is tried on any system', () => {
    expect(chooseMeter({ ...defaults, pathGiven: true }, linux)).toEqual(canStart)
  })

  test('powermetrics by name is tried on any system', () => {
    const absent = { ...linux, whyNotExecutable: () => 'which does not exist' }
    expect(chooseMeter({ ...defaults, meter: 'powermetrics' }, linux)).toEqual(canStart)
    expect(chooseMeter({ ...defaults, meter: 'powermetrics' }, absent)).toMatchObject({
      state: 'missing',
      reason: 'there is no `/usr/bin/powermetrics`',
    })
  })

  test('a virtual machine is known before anything is looked for', () => {
    const guest: MeterSystem = {
      ...mac,
      isVirtualMachine: () => true,
      whyNotExecutable: () => expect.unreachable(),
    }
    expect(chooseMeter(defaults, guest)).toMatchObject({ state: 'virtual-machine' })
  })

  test('an emulator runs in a virtual machine too', () => {
    const guest = { ...mac, isVirtualMachine: () => true }
    expect(chooseMeter({ ...defaults, pathGiven: true }, guest)).toEqual(canStart)
  })

  test('without root and with sudo switched off nothing is tried', () => {
    const choice = chooseMeter({ ...defaults, sudo: false }, mac)
    expect(choice).toMatchObject({ state: 'not-permitted', mend: 'leave `powermetrics.sudo` out' })
    expect(chooseMeter({ ...defaults, sudo: false }, { ...mac, isRoot: true })).toEqual(canStart)
  })
})

const chosen = (path: string) => () => chooseMeter({ ...defaults, path, pathGiven: true })

describe('a path that the user gave', () => {
  test('must be an executable file', () => {
    const folder = mkdtempSync(join(tmpdir(), 'choose-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const plain = join(folder, 'plain')
    const program = join(folder, 'program')
    writeFileSync(plain, '', { mode: 0o644 })
    writeFileSync(program, '', { mode: 0o755 })
    expect(chosen(program)()).toEqual(canStart)
    expect(chosen(join(folder, 'no'))).toThrow(/`.*no`, which does not exist\n/)
    expect(chosen(folder)).toThrow(/which is no file\n/)
    expect(chosen(plain)).toThrow(/which is not executable\n/)
    expect(chosen(plain)).toThrow(EnergyError)
    expect(chosen(plain)).toThrow(expect.objectContaining({ code: 'METER_PATH' }))
  })
})
