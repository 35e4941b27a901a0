import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { help } from '../src/cli/help.ts'
import { EnergyError } from '../src/errors.ts'
import { resolveOptions } from '../src/options.ts'
import { parseEnergyLimit } from '../src/units.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const read = (path: string): string => readFileSync(join(root, path), 'utf8')
const pages = globSync(['*.md', 'docs/**/*.md', 'fixtures/*.md'], { cwd: root })
const readme = read('README.md')

/** All matches of the first group. */
const all = (text: string, pattern: RegExp): string[] =>
  [...text.matchAll(pattern)].map(([, found = '']) => found)

/** The part of a page below a heading, up to the next one of that level. */
function sectionOf(page: string, heading: string): string {
  const level = /^#+/.exec(heading)?.[0] ?? ''
  const start = page.indexOf(`${heading}\n`)
  expect(start, heading).toBeGreaterThanOrEqual(0)
  const rest = page.slice(start + heading.length)
  const end = rest.search(new RegExp(`^#{1,${level.length}} `, 'm'))
  return end === -1 ? rest : rest.slice(0, end)
}

describe('errors.md', () => {
  const page = read('docs/errors.md')
  const codes = all(read('src/errors.ts'), /^ {2}([A-Z_]+): \[/gm)

  test('has a section for each code, and no other', () => {
    expect(codes.length).toBeGreaterThan(20)
    expect(all(page, /^### (.+)$/gm).toSorted()).toEqual(codes.toSorted())
  })

  test.for(codes)('%s: what was seen, why, and the mend', (code) => {
    const section = sectionOf(page, `### ${code}`)
    expect(section).toMatch(/^> \S/m)
    expect(section).toMatch(/^\*\*Why\*\* \S/m)
    expect(section).toMatch(/^\*\*Mend\*\* \S/m)
  })
})

/** GitHub's name for a heading. */
const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-')

describe('links', () => {
  test.for(pages)('all of %s lead somewhere', (page) => {
    const text = read(page).replaceAll(/^```[\s\S]*?^```/gm, '')
    const links = all(text, /\]\(([^)\s]+)\)/g).filter((link) => !/^[a-z]+:/.test(link))
    const broken = links.filter((link) => {
      const [path = '', anchor] = link.split('#')
      const target = path === '' ? join(root, page) : join(root, dirname(page), path)
      if (!existsSync(target) || relative(root, target).startsWith('..')) return true
      if (anchor === undefined) return false
      const headings = all(readFileSync(target, 'utf8'), /^#+ (.+)$/gm)
      return !headings.map(anchorOf).includes(anchor)
    })
    expect(broken).toEqual([])
  })
})

describe('README.md', () => {
  test('names the two commands for a fresh clone', () => {
    expect(readme).toContain('npm ci && npm run demo')
    expect(readme).toContain('npm ci && npm test')
  })

  test('its table of options has each option, and no other', () => {
    const known = (() => {
      try {
        resolveOptions({ unknown: 1 }, {})
      } catch (error) {
        return error instanceof EnergyError ? (error.message.split('Known here: ')[1] ?? '') : ''
      }
      return ''
    })()
    const section = sectionOf(readme, '## Config')
    expect(all(section, /^\| `(\w+)`/gm).toSorted()).toEqual(known.split(', ').toSorted())
  })

  test('names the environment variables that are read, and no other', () => {
    const names = (text: string): string[] =>
      [...new Set(text.match(/\bVITEST_ENERGY(?:_[A-Z]+)?\b/g))].toSorted()
    expect(names(sectionOf(readme, '## Config'))).toEqual(names(read('src/options.ts')))
  })

  test('names each command of the CLI, and no other', () => {
    const commands = Object.keys(help).filter((name) => name !== '')
    const section = sectionOf(readme, '## CLI')
    expect(all(section, /^\| `vitest-energy (\w+)/gm).toSorted()).toEqual(commands.toSorted())
  })

  test('each figure comes from the demo', () => {
    const places = all(readme, /<!-- demo:(\w+) -->\n+```text\n\$ npx vitest /g)
    expect(places.toSorted()).toEqual(['benches', 'over', 'tests'])
    const written = readme.replaceAll(/<!-- demo:[\s\S]*?<!-- \/demo -->/g, '')
    expect(written).not.toMatch(/\d ?[nµm]?J ±|Duration {2}/)
  })
})

test.for(['README.md', 'docs/budgets.md'])('budgets in the code of %s are budgets', (page) => {
  const code = all(read(page), /^```ts\n([\s\S]*?)^```/gm).join('\n')
  const texts = all(code, /(?:energyBudget|run|'): '([^']+)'/g)
  expect(texts.length).toBeGreaterThan(3)
  expect(texts.filter((text) => parseEnergyLimit(text) === undefined)).toEqual([])
})
