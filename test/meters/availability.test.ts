import { describe, expect, it } from 'vitest'
import { isAvailable } from '../../src/meters/availability.ts'
import { placeEmulator } from '../cli/fake-surroundings.ts'

const sudo = process.getuid?.() === 0 ? 'auto' : false

describe('isAvailable', () => {
  it('is true once the first record came', async () => {
    const powermetrics = { path: placeEmulator(), sudo } as const
    expect(await isAvailable({ powermetrics }, {})).toEqual({ available: true })
  })

  it('says the reason, and what mends it', async () => {
    const path = placeEmulator({ shape: 'vm' })
    expect(await isAvailable({ powermetrics: { path, sudo } }, {})).toMatchObject({
      available: false,
      state: 'virtual-machine',
      mend: 'run on a real Mac, your own or a rented whole machine',
    })
    expect(await isAvailable({ meter: 'none' }, {})).toMatchObject({
      available: false,
      state: 'off',
    })
    expect(await isAvailable({}, { VITEST_ENERGY: '0' })).toMatchObject({ state: 'off' })
  })

  it('is a mistake of the user’s when the path he gave is wrong', async () => {
    await expect(isAvailable({ powermetrics: { path: '/no/such' } }, {})).rejects.toThrow(
      '/no/such',
    )
  })

  it.runIf(process.platform === 'linux')('on Linux names the system', async () => {
    expect(await isAvailable({}, {})).toMatchObject({
      state: 'missing',
      reason: 'powermetrics is a part of macOS, this is Linux',
    })
  })
})
