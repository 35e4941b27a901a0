import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import type { Check } from './check.ts'
import { failure, ok, warning } from './check.ts'

const isNewEnough = (version: string): boolean => {
  const [major = 0, minor = 0] = version.replace(/^v/, '').split('.').map(Number)
  return major === 22 ? minor >= 12 : major === 24 || major >= 26
}

function vitestVersion(folder: string): string | null {
  try {
    const manifest = createRequire(join(folder, 'package.json')).resolve('vitest/package.json')
    return (JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }).version
  } catch {
    return null
  }
}

function checkVersions(folder: string, node: string): Check {
  const vitest = vitestVersion(folder)
  const seen = `Node ${node.replace(/^v/, '')}, ${vitest === null ? 'no Vitest here' : `Vitest ${vitest}`}`
  if (!isNewEnough(node))
    return failure('versions', seen, 'install Node 24 (22.12 or newer, 24, 26)')
  if (vitest === null)
    return warning('versions', seen, 'npm install --save-dev vitest@5 vitest-energy')
  const [major = 0, minor = 0] = vitest.split('.').map(Number)
  return major === 5 && minor >= 1
    ? ok('versions', seen)
    : failure('versions', `${seen}: needs Vitest ^5.1.0`, 'npm install --save-dev vitest@5')
}

const configNames = ['vitest', 'vite'].flatMap((name) =>
  ['ts', 'mts', 'cts', 'js', 'mjs', 'cjs'].map((extension) => `${name}.config.${extension}`),
)

function checkConfig(folder: string): Check {
  const found = configNames.filter((name) => existsSync(join(folder, name)))
  const named = found.find((name) => /vitest-energy/.test(readFileSync(join(folder, name), 'utf8')))
  if (named !== undefined) return ok('config', `${named} names vitest-energy`)
  const mend = "add energy() from 'vitest-energy' to its plugins"
  const [first] = found
  return first === undefined
    ? warning('config', 'no vitest.config file in this folder', `make one, and ${mend}`)
    : warning('config', `${first} does not name vitest-energy`, mend)
}

/** Versions, and whether the project in `folder` uses the plugin. */
export const checkProject = (folder: string, node: string = process.version): Check[] => [
  checkVersions(folder, node),
  checkConfig(folder),
]
