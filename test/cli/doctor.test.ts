import { mkdirSync, writeFileSync } from 'node:fs'
import { homedir, hostname } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Check } from '../../src/cli/checks/check.ts'
import { checkMachine } from '../../src/cli/checks/machine.ts'
import { checkPermission } from '../../src/cli/checks/permission.ts'
import { checkPowerState } from '../../src/cli/checks/power-state.ts'
import { checkNeighbours } from '../../src/cli/checks/processes.ts'
import { busiest } from '../../src/programs.ts'
import { checkProject } from '../../src/cli/checks/project.ts'
import { diagnose, doctor } from '../../src/cli/doctor.ts'
import { renderDiagnosis, summarise } from '../../src/cli/doctor-text.ts'
import type { Diagnosis } from '../../src/cli/doctor-text.ts'
import { renderSudoers } from '../../src/cli/sudoers.ts'
import type { Surroundings } from '../../src/cli/surroundings.ts'
import {
  fakeSurroundings,
  macAnswers,
  placeEmulator,
  temporaryFolder,
} from './fake-surroundings.ts'
import type { Faked } from './fake-surroundings.ts'

const found = ({ checks }: Pick<Diagnosis, 'checks'>, id: string): Check | undefined =>
  checks.find((check) => check.id === id)

/** Root on a fake Mac whose powermetrics is the emulator. */
const withMeter = (config: object, given: Partial<Surroundings> = {}): Faked =>
  fakeSurroundings({
    user: { name: 'root', uid: 0 },
    env: { CI: 'true', VITEST_ENERGY_POWERMETRICS: placeEmulator(config) },
    ...given,
  })

describe('a Mac with a meter', () => {
  it('is told to measure, with evidence for every check', async () => {
    const system = withMeter({})
    const diagnosis = await diagnose(system, undefined)
    expect(diagnosis.available).toBe(true)
    expect(diagnosis.summary).toMatch(
      /^A run here would measure.*(Today: tests from .* benches ±|How finely cannot be told)/,
    )
    expect(diagnosis.checks.map(({ id }) => id)).toEqual([
      'machine',
      'permission',
      'neighbours',
      'first-record',
      'interval',
      'clock',
      'counters',
      'load',
      'quiet',
      'sampler',
      'state',
      'cores',
      'versions',
      'config',
    ])
    expect(found(diagnosis, 'machine')?.evidence).toBe(
      'Apple M4 (Mac16,10), 4 P + 6 E cores, macOS 26.1 (25B78), not a virtual machine',
    )
    expect(found(diagnosis, 'first-record')?.evidence).toContain('with cpu, gpu, ane (invented')
    expect(found(diagnosis, 'cores')?.evidence).toMatch(/E \d+ %, P \d+ %/)
    expect(found(diagnosis, 'sampler')?.evidence).toMatch(/^sampler cost /)
    expect(diagnosis.samplerCost).toMatchObject({ intervalMs: 100, costW: expect.any(Number) })
    expect(found(diagnosis, 'state')?.evidence).toBe(
      'mains, low-power mode off, thermal pressure Nominal',
    )
  })

  it('at background priority is told of ProcessType', async () => {
    const diagnosis = await diagnose(withMeter({ stretch: [1.48, 1.48] }), undefined)
    expect(diagnosis.available).toBe(true)
    expect(found(diagnosis, 'interval')).toMatchObject({
      state: 'warning',
      evidence: expect.stringMatching(
        /^samples last 24\d ms .*: this process runs at background priority$/,
      ),
      mend: "set ProcessType to Interactive in the runner's launchd plist, then reload it",
    })
  })

  it('whose meter stays at zero under load would not measure', async () => {
    const system = withMeter({ faults: [{ kind: 'zero' }] })
    expect(await doctor(system, { json: false, intervalMs: undefined })).toBe(1)
    expect(system.out()).toContain('the meter stays at zero under load')
    expect(system.out()).toContain('A run here would not measure (1 check failed)')
  })

  it('whose counters change seldom is told how often', async () => {
    const diagnosis = await diagnose(withMeter({ cadenceMs: 400 }), undefined)
    expect(found(diagnosis, 'counters')?.evidence).toMatch(/the counters change every \d+ ms only/)
    expect(diagnosis.shortestTestMs).toBeNull()
    expect(diagnosis.available).toBe(true)
    expect(found(diagnosis, 'sampler')?.state).toBe('skipped')
    expect(diagnosis.samplerCost).toBeNull()
  })

  it('without a first record is told what powermetrics said', async () => {
    const system = withMeter({
      requireRoot: false,
      faults: [{ kind: 'die', record: 0, exitCode: 9, stderr: 'no luck' }],
    })
    const diagnosis = await diagnose(system, undefined)
    expect(diagnosis.available).toBe(false)
    expect(found(diagnosis, 'meter')).toMatchObject({
      state: 'failure',
      evidence: expect.stringContaining('exit code 9: no luck'),
    })
  })
})

describe('where no meter can be', () => {
  it('a virtual Mac is told so before anything but sysctl and sw_vers is run', async () => {
    const sysctl =
      'kern.hv_vmm_present: 1\nhw.model: VirtualMac2,1\nmachdep.cpu.brand_string: Apple M1 (Virtual)\nhw.physicalcpu: 3'
    const system = fakeSurroundings({}, { ...macAnswers, '/usr/sbin/sysctl': sysctl })
    expect(await doctor(system, { json: false, intervalMs: undefined })).toBe(1)
    expect(system.ran).toEqual(['/usr/sbin/sysctl', '/usr/bin/sw_vers'])
    expect(system.out().replaceAll(/\s+/g, ' ')).toContain('a virtual machine: it has no power')
  })

  it('Linux is told what goes on as before, and nothing is run', async () => {
    const system = fakeSurroundings({ platform: 'linux' })
    expect(await doctor(system, { json: false, intervalMs: undefined })).toBe(1)
    expect(system.ran).toEqual([])
    expect(system.out()).toMatch(/^ ✗ machine {3}Linux /)
    expect(system.out()).toContain('tests run here as before, without energy')
    expect(system.out()).toContain(' – meter ')
  })

  it('a wrong setting is a check like the others', async () => {
    const system = fakeSurroundings({ env: { VITEST_ENERGY_INTERVAL: '5' } })
    expect(found(await diagnose(system, undefined), 'options')).toMatchObject({
      state: 'failure',
      evidence: '`interval` is `5` (number) (from VITEST_ENERGY_INTERVAL)',
    })
    const path = fakeSurroundings({ env: { VITEST_ENERGY_POWERMETRICS: '/no/such' } })
    expect(found(await diagnose(path, undefined), 'options')?.evidence).toContain('/no/such')
  })
})

const meter = {
  meter: 'auto',
  intervalMs: 100,
  path: '/usr/bin/powermetrics',
  pathGiven: false,
  sudo: 'auto',
} as const
const pinned = renderSudoers({ users: ['anna'], intervalsMs: [] })
  .replaceAll('\\\n', '')
  .match(/\/usr\/bin\/powermetrics [^ ].*?thermal/g)
  ?.map((command) => `\t${command}`)
  .join('\n')
const rules = (commands: string): string =>
  `Sudoers entry:\n    RunAsUsers: root\n    Options: !authenticate\n    Commands:\n${commands}\n`
const sudo = (listing: string): Surroundings => {
  const folder = temporaryFolder()
  writeFileSync(join(folder, 'powermetrics-anna'), '')
  return fakeSurroundings(
    { sudoersFile: join(folder, 'vitest-energy') },
    { sudo: (args) => ({ stdout: args.includes('-V') ? 'Sudo version 1.9.13p2\n' : listing }) },
  )
}

describe('permission', () => {
  it('is a pinned rule with its intervals', async () => {
    expect(await checkPermission(sudo(rules(pinned ?? '')), meter)).toMatchObject([
      { id: 'sudo', state: 'ok', evidence: 'sudo 1.9.13p2' },
      { id: 'permission', state: 'ok', evidence: 'pinned rule for 50, 100, 250, 500, 1000 ms' },
    ])
  })

  it('for another interval names the two ways out', async () => {
    const checks = await checkPermission(sudo(rules(pinned ?? '')), { ...meter, intervalMs: 60 })
    expect(checks[1]).toMatchObject({
      state: 'failure',
      evidence: 'the rules allow 50, 100, 250, 500, 1000 ms, not 60 ms',
      mend: 'npx vitest-energy setup --interval 60, or set `interval` to one of 50, 100, 250, 500, 1000',
    })
  })

  it('that is too broad comes with the command that removes it, without the name', async () => {
    const checks = await checkPermission(sudo(rules('\t/usr/bin/powermetrics')), meter)
    expect(checks[2]).toMatchObject({
      state: 'warning',
      evidence: 'another rule allows powermetrics with ANY arguments: a root file write (-o)',
      mend: expect.stringMatching(/^sudo rm .*\/powermetrics-\$\(whoami\)$/),
    })
  })

  it('is missing where sudo lists nothing, and where there is no sudo', async () => {
    expect((await checkPermission(sudo(''), meter))[1]).toMatchObject({
      state: 'failure',
      mend: 'npx vitest-energy setup',
    })
    expect(await checkPermission(fakeSurroundings(), meter)).toMatchObject([
      { id: 'sudo', state: 'failure', evidence: 'there is no sudo here' },
    ])
  })
})

describe('what disturbs', () => {
  it('is another powermetrics', () => {
    const programs = [{ pid: 7, parent: 1, cpu: 0, name: 'powermetrics' }]
    expect(checkNeighbours({ env: {} }, programs)).toMatchObject([
      { id: 'other-meter', state: 'warning' },
    ])
  })

  it('is a CI agent, unless we run in its job', () => {
    const programs = [{ pid: 7, parent: 1, cpu: 0, name: 'Runner.Listener' }]
    expect(checkNeighbours({ env: {} }, programs)).toMatchObject([
      { id: 'runner', state: 'warning' },
    ])
    expect(checkNeighbours({ env: { CI: 'true' } }, programs)).toMatchObject([{ state: 'ok' }])
  })

  it('is Spotlight by its name, with the command that ends it', () => {
    expect(busiest([{ pid: 7, parent: 1, cpu: 84, name: 'mds_stores' }])).toEqual({
      who: 'mds_stores uses 84 % of a core (Spotlight)',
      mend: 'wait, or turn indexing off on this runner: sudo mdutil -a -i off',
    })
  })

  it('is a battery, low-power mode and heat', async () => {
    const system = fakeSurroundings(
      {},
      {
        '/usr/bin/pmset': (args) => ({
          stdout: args.includes('batt')
            ? "Now drawing from 'Battery Power'"
            : ' lowpowermode         1\n',
        }),
      },
    )
    expect(await checkPowerState(system, 'Heavy')).toEqual({
      id: 'state',
      state: 'warning',
      evidence: 'on battery, low-power mode on, thermal pressure Heavy',
      mend: 'plug the charger in; sudo pmset -a lowpowermode 0; let it cool down',
    })
  })

  it('an Intel Mac has cores of one kind', async () => {
    const sysctl =
      'kern.hv_vmm_present: 0\nhw.model: MacBookPro16,1\nmachdep.cpu.brand_string: Intel(R) Core(TM) i7\nhw.physicalcpu: 6'
    const system = fakeSurroundings({}, { ...macAnswers, '/usr/sbin/sysctl': sysctl })
    expect((await checkMachine(system, false)).evidence).toContain(
      '(MacBookPro16,1), 6 cores, macOS',
    )
  })
})

const project = (vitest: string, config?: string): string => {
  const folder = temporaryFolder()
  mkdirSync(join(folder, 'node_modules/vitest'), { recursive: true })
  writeFileSync(
    join(folder, 'node_modules/vitest/package.json'),
    JSON.stringify({ name: 'vitest', version: vitest }),
  )
  if (config !== undefined) writeFileSync(join(folder, 'vitest.config.mts'), config)
  return folder
}

describe('the project', () => {
  it('with the plugin and the right versions is fine', () => {
    expect(
      checkProject(project('5.1.1', "import energy from 'vitest-energy'"), 'v24.1.0'),
    ).toMatchObject([
      { state: 'ok', evidence: 'Node 24.1.0, Vitest 5.1.1' },
      { state: 'ok', evidence: 'vitest.config.mts names vitest-energy' },
    ])
  })

  it('with an older Vitest, or an older Node, would not measure', () => {
    expect(checkProject(project('4.2.0'), 'v24.1.0')[0]?.state).toBe('failure')
    expect(checkProject(project('5.0.9'), 'v24.1.0')[0]?.state).toBe('failure')
    expect(checkProject(project('5.1.0'), 'v20.20.2')[0]?.state).toBe('failure')
    expect(checkProject(project('5.1.0'), 'v23.1.0')[0]?.state).toBe('failure')
  })

  it('without the plugin is told how to add it', () => {
    expect(checkProject(project('5.1.1', 'export default {}'))[1]).toMatchObject({
      state: 'warning',
      evidence: 'vitest.config.mts does not name vitest-energy',
    })
  })
})

describe('the text', () => {
  it('puts the mend below the evidence and one sentence last', () => {
    const checks: Check[] = [
      { id: 'machine', state: 'ok', evidence: 'Apple M4', mend: null },
      { id: 'quiet', state: 'warning', evidence: 'mds uses \u001b[31m84 %', mend: 'wait' },
      { id: 'load', state: 'failure', evidence: 'zero', mend: 'update macOS' },
      { id: 'meter', state: 'skipped', evidence: 'not tried', mend: null },
    ]
    const summary = summarise(checks, false, null)
    const text = renderDiagnosis(
      {
        schema: 'vitest-energy-doctor/1',
        version: '0',
        available: false,
        summary,
        shortestTestMs: null,
        benchPrecision: null,
        samplerCost: null,
        checks,
      },
      { color: false, width: 80 },
    )
    expect(text).toMatchInlineSnapshot(`
      " ✓ machine  Apple M4
       ! quiet    mds uses \\x1b[31m84 %
                  wait
       ✗ load     zero
                  update macOS
       – meter    not tried
      A run here would not measure (1 check failed). Tests run as before, without energy.
      "
    `)
  })

  it('rounds how finely up, and counts warnings', () => {
    const fine = { testMs: 321, bench: 0.012 }
    expect(summarise([], true, fine)).toBe(
      'A run here would measure. Today: tests from 330 ms, benches ±1 %',
    )
    const one: Check[] = [{ id: 'a', state: 'warning', evidence: '', mend: null }]
    expect(summarise(one, true, fine)).toContain('but coarsely (1 warning)')
  })

  it('as JSON names no user, host, home or folder', async () => {
    const system = withMeter(
      {
        faults: [
          {
            kind: 'die',
            record: 0,
            exitCode: 1,
            stderr: `Sorry, user anna on ${hostname()} in ${homedir()}/x`,
          },
        ],
      },
      { user: { name: 'anna', uid: 0 } },
    )
    await doctor(system, { json: true, intervalMs: undefined })
    const text = system.out()
    expect(JSON.parse(text)).toMatchObject({ schema: 'vitest-energy-doctor/1', available: false })
    const secrets = [/\banna\b/, new RegExp(`\\b${hostname()}\\b`), `${homedir()}/`, system.cwd]
    for (const secret of secrets) expect(text).not.toMatch(secret)
  })
})
