import { readdirSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import type { Surroundings } from './surroundings.ts'

/** What can be seen of the sudoers folder without being root. */
export interface SudoersFolder {
  state: 'listed' | 'hidden' | 'missing'
  /** our file; `true` also where the folder is hidden and it may be there */
  hasOurs: boolean
  /** files that allow powermetrics by hand, such as `powermetrics-anna` of older instructions */
  byHand: string[]
}

export function lookIntoFolder({ sudoersFile }: Pick<Surroundings, 'sudoersFile'>): SudoersFolder {
  const folder = dirname(sudoersFile)
  try {
    const names = readdirSync(folder)
    return {
      state: 'listed',
      hasOurs: names.includes(basename(sudoersFile)),
      byHand: names
        .filter((name) => /^powermetrics(?:-|$)/.test(name))
        .map((name) => join(folder, name)),
    }
  } catch (error) {
    const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT'
    return { state: isMissing ? 'missing' : 'hidden', hasOurs: !isMissing, byHand: [] }
  }
}
