import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { stripVTControlCharacters } from 'node:util'
import { execa } from 'execa'
import { describe, expect, onTestFinished, test } from 'vitest'
import { runs } from '../fixtures/demo/runs.ts'
import { drawTerminal, screenOf, textOf } from '../fixtures/demo/terminal.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
// the suite's other tests would be seen, rightly, as programs that disturb the figures
const quiet = `--import ${new URL('../fixtures/quiet-machine.mjs', import.meta.url).href}`
const escape = '\u001B['

test(
  'the demo ends well, and says first where its joules come from',
  { timeout: 120_000 },
  async () => {
    // a folder of its own: other runs of the suite must not count as neighbours on the machine
    const temporary = mkdtempSync(join(tmpdir(), 'vitest-energy-demo-'))
    onTestFinished(() => rmSync(temporary, { recursive: true, force: true }))
    const { PATH = '', HOME = '' } = process.env
    const { exitCode, all } = await execa(process.execPath, ['fixtures/demo/demo.ts', '--quick'], {
      cwd: root,
      env: {
        PATH: `${dirname(process.execPath)}:${PATH}`,
        HOME,
        TMPDIR: temporary,
        NO_COLOR: '1',
        NODE_OPTIONS: quiet,
      },
      extendEnv: false,
      reject: false,
      all: true,
      stdin: 'ignore',
    })
    const output = stripVTControlCharacters(all)
    expect(exitCode, output).toBe(0)
    expect(output).toMatch(/^(?:Emulated: the joules below are invented from CPU load|Measured: )/)
    for (const { args } of Object.values(runs))
      expect(output).toContain(`npx vitest ${args.join(' ')}`)
    expect(output).toMatch(/Budgets {2}\d+ within, 0 over/)
    expect(output).toMatch(/^ +name .* energy\/op .* power +energy$/m)
    expect(output).toMatch(/EnergyBudgetError: .* its budget of 500 mJ/)
  },
)

describe('the screen', () => {
  const linesOf = (output: string): string[] => screenOf(output).map(textOf)

  test('shows what is written, without escapes', () => {
    expect(linesOf(`a ${escape}1mb${escape}22m\nc`)).toEqual(['a b', 'c'])
  })

  test('cursor up and erase let lines be written again', () => {
    expect(linesOf(`one\ntwo\n${escape}1A${escape}K${escape}1A${escape}Kthree\n`)).toEqual([
      'three',
      '',
      '',
    ])
  })

  test('modes of the terminal are not shown', () => {
    expect(linesOf(`${escape}?25la${escape}?2026h`)).toEqual(['a'])
  })

  test('a colour holds until it is taken back', () => {
    const [cells = []] = screenOf(`${escape}31ma${escape}39mb`)
    expect(cells.map(({ style }) => style.color)).toEqual([1, null])
  })
})

describe('the picture', () => {
  test('foreign text is escaped', () => {
    expect(drawTerminal(screenOf('a < b & c'), 'x')).toContain('>a &lt; b &amp; c</text>')
  })

  test('it holds the lines of the README', () => {
    const picture = readFileSync(join(root, 'docs/demo.svg'), 'utf8')
    const shown = picture
      .replaceAll(/<[^>]*>|\s/g, '')
      .replaceAll('&lt;', '<')
      .replaceAll('&gt;', '>')
      .replaceAll('&amp;', '&')
    const readme = readFileSync(join(root, 'README.md'), 'utf8')
    const text = /<!-- demo:benches -->\n\n```text\n([\s\S]*?)\n```/.exec(readme)?.[1] ?? ''
    const lines = text.split('\n').filter((line) => line !== '')
    expect(lines.length).toBeGreaterThan(10)
    expect(lines.filter((line) => !shown.includes(line.replaceAll(/\s/g, '')))).toEqual([])
  })
})
