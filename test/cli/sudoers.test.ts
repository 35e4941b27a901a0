import { describe, expect, it } from 'vitest'
import { parseGrants } from '../../src/cli/grants.ts'
import { parseSudoers, pinnedCommand, renderSudoers, sudoersUser } from '../../src/cli/sudoers.ts'

const meter = '/usr/bin/powermetrics'
const long = 'cpu_power,gpu_power,ane_power,thermal'

describe('the sudoers file', () => {
  it('spells every command out, with commas escaped and no wildcard', () => {
    expect(renderSudoers({ users: ['anna', 'runner'], intervalsMs: [200] })).toMatchInlineSnapshot(`
      "# vitest-energy, rules version 1. Remove with: npx vitest-energy disable
      # The users below may start the power meter as root without a password, with exactly these
      # words. Every argument is pinned: a rule for powermetrics alone would let them write any
      # file as root (powermetrics -o FILE).
      Cmnd_Alias VITEST_ENERGY = \\
          /usr/bin/powermetrics -b 0 -a 0 -i 50 -f plist --samplers cpu_power\\,gpu_power\\,ane_power\\,thermal, \\
          /usr/bin/powermetrics -b 0 -a 0 -i 50 -f plist --samplers cpu_power\\,gpu_power\\,thermal, \\
          /usr/bin/powermetrics -b 0 -a 0 -i 100 -f plist --samplers cpu_power\\,gpu_power\\,ane_power\\,thermal, \\
          /usr/bin/powermetrics -b 0 -a 0 -i 100 -f plist --samplers cpu_power\\,gpu_power\\,thermal, \\
          /usr/bin/powermetrics -b 0 -a 0 -i 200 -f plist --samplers cpu_power\\,gpu_power\\,ane_power\\,thermal, \\
          /usr/bin/powermetrics -b 0 -a 0 -i 200 -f plist --samplers cpu_power\\,gpu_power\\,thermal, \\
          /usr/bin/powermetrics -b 0 -a 0 -i 250 -f plist --samplers cpu_power\\,gpu_power\\,ane_power\\,thermal, \\
          /usr/bin/powermetrics -b 0 -a 0 -i 250 -f plist --samplers cpu_power\\,gpu_power\\,thermal, \\
          /usr/bin/powermetrics -b 0 -a 0 -i 500 -f plist --samplers cpu_power\\,gpu_power\\,ane_power\\,thermal, \\
          /usr/bin/powermetrics -b 0 -a 0 -i 500 -f plist --samplers cpu_power\\,gpu_power\\,thermal, \\
          /usr/bin/powermetrics -b 0 -a 0 -i 1000 -f plist --samplers cpu_power\\,gpu_power\\,ane_power\\,thermal, \\
          /usr/bin/powermetrics -b 0 -a 0 -i 1000 -f plist --samplers cpu_power\\,gpu_power\\,thermal
      # CI runners have no terminal; signals and output go straight to the meter.
      Defaults!VITEST_ENERGY !requiretty, !use_pty
      anna ALL=(root) NOPASSWD: VITEST_ENERGY
      runner ALL=(root) NOPASSWD: VITEST_ENERGY
      "
    `)
  })

  it('holds an asterisk, a question mark or a bracket nowhere but in comments', () => {
    const rules = renderSudoers({ users: ['anna'], intervalsMs: [] }).replace(/^#.*$/gm, '')
    expect(rules.replace('=(root)', '')).not.toMatch(/[*?[\]^$]/)
  })

  it('is read back as it was written', () => {
    const text = renderSudoers({ users: ['anna', '#501'], intervalsMs: [75] })
    expect(parseSudoers(text)).toEqual({
      users: ['anna', '#501'],
      intervalsMs: [50, 75, 100, 250, 500, 1000],
      version: 1,
      broad: false,
    })
  })

  it.each([meter, `${meter} *`, `${meter} -i *`, `${meter} ""`])(
    'is broad when it allows %s, whoever wrote it',
    (rule) => {
      const found = parseSudoers(`anna ALL=(ALL) NOPASSWD: ${rule}\n`)
      expect(found).toMatchObject({ users: ['anna'], version: 0, broad: true })
    },
  )

  it.each([
    'anna ALL=(ALL) NOPASSWD: /usr/bin/id',
    `anna ALL=(ALL) NOPASSWD: ${meter}, /bin/sh`,
    'anna ALL=(ALL) ALL',
    'Defaults env_keep += PATH',
    '@includedir /etc/other.d',
    'User_Alias PEOPLE = anna, bob',
  ])('is not taken for ours with %s in it', (line) => {
    expect(parseSudoers(`${line}\n`)).toBeNull()
  })

  it('names a user by number where the name would mean something else to sudo', () => {
    const names = [
      'anna',
      '_runner',
      'a.b-c',
      'ALL',
      'RUNNER',
      '%wheel',
      '+net',
      'a b',
      'DOM\\x',
      '#0',
    ]
    expect(names.map((name) => sudoersUser({ name, uid: 501 }))).toEqual([
      'anna',
      '_runner',
      'a.b-c',
      ...Array.from({ length: 7 }, () => '#501'),
    ])
  })

  it('escapes what sudo would read as its own', () => {
    expect(pinnedCommand(100, long)).toBe(
      String.raw`/usr/bin/powermetrics -b 0 -a 0 -i 100 -f plist --samplers cpu_power\,gpu_power\,ane_power\,thermal`,
    )
  })
})

const listed = (rules: string): string => `Matching Defaults entries for anna on mac:
    env_reset

User anna may run the following commands on mac:
${rules}`

// as sudo 1.9.13 prints it: wrapped at 80 columns with or without a terminal
const pinned = (
  interval: number,
): string => `	/usr/bin/powermetrics -b 0 -a 0 -i ${interval} -f plist --samplers
        cpu_power\\,gpu_power\\,ane_power\\,thermal
	/usr/bin/powermetrics -b 0 -a 0 -i ${interval} -f plist --samplers
        cpu_power\\,gpu_power\\,thermal
`
const entry = (commands: string, options = '!authenticate'): string => `
Sudoers entry:
    RunAsUsers: root
    Options: ${options}
    Commands:
${commands}`

const read = (rules: string): ReturnType<typeof parseGrants> =>
  parseGrants({ stdout: listed(rules) }, meter)

describe('what sudo -ll lists', () => {
  it('is a pinned rule for an interval when both sampler lists are there', () => {
    expect(read(entry(pinned(50) + pinned(100)))).toEqual({
      intervalsMs: [50, 100],
      broad: [],
      everything: false,
    })
    const half = pinned(100).split('\n').slice(0, 2).join('\n')
    expect(read(entry(half)).intervalsMs).toEqual([])
  })

  it('counts nothing that needs a password', () => {
    const rules = entry('	ALL\n', 'authenticate') + entry(pinned(100), 'setenv')
    expect(read(rules)).toEqual({ intervalsMs: [], broad: [], everything: false })
  })

  it.each(['', ' *', ' -i * -f plist', ' ^.*$', ' -i 100 -o /tmp/x', ' -u /tmp/x'])(
    'is broad for powermetrics with the words "%s"',
    (words) => {
      expect(read(entry(`\t${meter}${words}\n`)).broad).toHaveLength(1)
    },
  )

  it.each([' -n 1 -i 1000 --samplers thermal', ' ^-i [1-9][0-9]* -f plist$'])(
    'is not broad for somebody else’s exact words "%s"',
    (words) => {
      expect(read(entry(`\t${meter}${words}\n`)).broad).toEqual([])
    },
  )

  it('is everything where ALL needs no password', () => {
    expect(read(entry('	ALL\n')).everything).toBe(true)
  })

  it('is nothing when sudo refused to list', () => {
    expect(parseGrants({ stdout: '' }, meter)).toEqual({
      intervalsMs: [],
      broad: [],
      everything: false,
    })
  })
})
