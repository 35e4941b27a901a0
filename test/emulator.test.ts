import { spawn, spawnSync } from 'node:child_process'
import type { ChildProcessByStdio } from 'node:child_process'
import {
  appendFileSync,
  chmodSync,
  copyFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { once } from 'node:events'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parse } from 'plist'
import { afterAll, describe, expect, test } from 'vitest'

const emulator = fileURLToPath(new URL('../fixtures/powermetrics', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'vitest-energy-emulator-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

let files = 0
const fresh = (extension: string): string => join(folder, `${++files}.${extension}`)

type Config = Record<string, unknown>
type Child = ChildProcessByStdio<null, Readable, Readable>

interface Rail {
  [key: string]: number
}

interface Document {
  is_delta: boolean
  elapsed_ns: number
  hw_model: string
  kern_bootargs: string
  timestamp: Date
  thermal_pressure?: string
  processor?: Rail
  gpu?: Rail
}

interface Truth {
  index: number
  startNs: number
  endNs: number
  elapsedNs: number
  joules: { cpu: number; gpu: number; ane: number }
  printedJ: { cpu: number; gpu: number; ane: number }
  skipped: boolean
}

interface Ended {
  stdout: string
  stderr: string
  code: number | null
  signal: NodeJS.Signals | null
}

const PLIST = ['-b', '0', '-a', '0', '-i', '100', '-f', 'plist']
const ALL = [...PLIST, '--samplers', 'cpu_power,gpu_power,ane_power,thermal']
const VIRTUAL = { virtual: true, power: { mode: 'script', cpuW: 2, gpuW: 0.5 } }

function start(args: string[], config: Config = {}): Child {
  const quick = { startupMs: 0, ...config }
  const env = { ...process.env, VITEST_ENERGY_EMULATOR: JSON.stringify(quick) }
  return spawn(process.execPath, [emulator, ...args], { stdio: ['ignore', 'pipe', 'pipe'], env })
}

async function ended(child: Child): Promise<Ended> {
  const result: Ended = { stdout: '', stderr: '', code: null, signal: null }
  child.stdout.setEncoding('latin1').on('data', (text: string) => (result.stdout += text))
  child.stderr.setEncoding('latin1').on('data', (text: string) => (result.stderr += text))
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null]
  return { ...result, code, signal }
}

const run = (args: string[], config?: Config): Promise<Ended> => ended(start(args, config))

const split = (stdout: string): string[] => stdout.split('\0')
const documents = (stdout: string): Document[] =>
  split(stdout).map((text) => parse(text) as unknown as Document)
/** numbers of `processor`, whose values stand on the next line: quicker than parsing it all */
const energies = (stdout: string, key = 'cpu_energy'): number[] =>
  split(stdout).map((text) =>
    Number(new RegExp(`<key>${key}</key>\\n<\\w+>([^<]*)<`).exec(text)?.[1]),
  )
const truths = (file: string): Truth[] =>
  readFileSync(file, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Truth)
/** waits for the record that covers `atNs` */
async function recorded(file: string, atNs: number): Promise<void> {
  while (!existsSync(file) || (truths(file).at(-1)?.endNs ?? 0) <= atNs) await sleep(10)
}
const sum = (numbers: number[]): number => numbers.reduce((total, number) => total + number, 0)
const clock = (): number => Number(process.hrtime.bigint())

/** keys, tags and line breaks; without indentation and values */
const skeleton = (text: string): string[] =>
  text.split('\n').map((line) => line.trimStart().replaceAll(/>[^<]+<(?!\/key>)/g, '><'))

const readModel = async (path: string, env: NodeJS.ProcessEnv): Promise<string | undefined> => {
  const child = spawn(path, [...ALL.slice(0, -1), 'cpu_power', '-n', '1'], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'], ...env },
  })
  return documents((await ended(child)).stdout)[0]?.hw_model
}

/** virtual time, windows of exactly 10 ms with 0.6 mJ of CPU and 10 mJ of GPU */
const steady = (config: Config, records = 40): Promise<Ended> =>
  run([...PLIST, '-i', '10', '-n', String(records), '-s', 'cpu_power'], {
    virtual: true,
    stretch: 0,
    power: { mode: 'script', cpuW: 0.06, gpuW: 1 },
    ...config,
  })

const faulty = (fault: Config, records = 3, config: Config = {}): Promise<Ended> =>
  run([...ALL, '-n', String(records)], { ...VIRTUAL, ...config, faults: [fault] })

/** a line of a script */
const line = (atNs: number, cpuW: number): string => `${JSON.stringify({ atNs, cpuW })}\n`

const HEAD = [
  'is_delta',
  'elapsed_ns',
  'hw_model',
  'kern_osversion',
  'kern_bootargs',
  'kern_boottime',
  'timestamp',
]

describe('records', () => {
  const sizes: Record<string, [number, number]> = {
    m1: [18_000, 20_000],
    'm1-macos12': [18_000, 20_000],
    m1pro: [27_000, 30_000],
    m2ultra: [62_000, 66_000],
    m3max: [52_000, 53_000],
    m4max: [47_000, 50_000],
    m5pro: [50_000, 60_000],
    intel: [30_000, 45_000],
    'intel-rails': [40_000, 60_000],
    vmware: [20_000, 35_000],
    vm: [500, 700],
  }

  test.for(Object.entries(sizes))(
    'of %s are property lists of the real size that name themselves emulated',
    async ([shape, [least, most]]) => {
      const { stdout, code } = await run(
        [...PLIST, '-s', 'cpu_power,gpu_power,thermal', '-n', '2'],
        { ...VIRTUAL, shape },
      )
      expect(code).toBe(0)
      for (const [index, document] of documents(stdout).entries()) {
        expect(Object.keys(document).slice(0, HEAD.length)).toEqual(HEAD)
        expect(document.is_delta).toBe(true)
        expect(document.kern_bootargs).toBe('vitest-energy-emulator')
        expect(split(stdout)[index]?.length).toBeGreaterThan(least)
        expect(split(stdout)[index]?.length).toBeLessThan(most)
      }
    },
  )

  test('of Apple silicon print whole mJ, and power that is energy ÷ elapsed', async () => {
    const { stdout } = await run([...ALL, '-n', '3'], VIRTUAL)
    for (const { processor = {}, elapsed_ns, thermal_pressure } of documents(stdout)) {
      for (const rail of ['cpu', 'gpu', 'ane']) {
        const energy = processor[`${rail}_energy`] ?? Number.NaN
        expect(Number.isInteger(energy)).toBe(true)
        expect(processor[`${rail}_power`]).toBeCloseTo((energy / elapsed_ns) * 1e9, 1)
      }
      expect(thermal_pressure).toBe('Nominal')
    }
  })

  test('of an Intel Mac have joules of the package alone', async () => {
    const { stdout } = await run([...ALL.slice(0, -1), 'cpu_power', '-n', '1'], {
      ...VIRTUAL,
      shape: 'intel',
      stretch: 0,
    })
    const [document] = documents(stdout)
    expect(document?.processor).toMatchObject({ package_joules: 0.25, package_watts: 2.5 })
    expect(document?.processor).not.toHaveProperty('cpu_energy')
    expect(document?.processor).not.toHaveProperty('cpu_joules')
  })

  test('of an Apple guest have no processor, and stderr complains twice', async () => {
    const { stdout, stderr, code } = await run([...ALL, '-n', '1'], { ...VIRTUAL, shape: 'vm' })
    expect(documents(stdout)[0]).not.toHaveProperty('processor')
    expect(documents(stdout)[0]?.hw_model).toMatch(/^VirtualMac/)
    expect(stderr).toBe(
      'ERROR: cannot find the IO registry entry for IODeviceTree:/arm-io/pmgr\n'.repeat(2),
    )
    expect(code).toBe(0)
  })

  test('are separated by a NUL and end with </plist> and a newline', async () => {
    const { stdout } = await run([...ALL, '-n', '3'], VIRTUAL)
    expect(split(stdout)).toHaveLength(3)
    for (const text of split(stdout)) expect(text).toMatch(/^<\?xml[^\0]*<\/plist>\n$/)
  })

  test('have windows 3 to 10 % longer than asked, which tile time', async () => {
    const truthFile = fresh('jsonl')
    const { stdout } = await run([...ALL, '-n', '20'], { ...VIRTUAL, truthFile })
    const elapsed = documents(stdout).map(({ elapsed_ns }) => elapsed_ns)
    expect(Math.min(...elapsed)).toBeGreaterThanOrEqual(103e6)
    expect(Math.max(...elapsed)).toBeLessThanOrEqual(110e6)
    expect(new Set(elapsed).size).toBeGreaterThan(10)
    const windows = truths(truthFile)
    expect(windows.map(({ elapsedNs }) => elapsedNs)).toEqual(elapsed)
    expect(windows.slice(1).map(({ startNs }) => startNs)).toEqual(
      windows.slice(0, -1).map(({ endNs }) => endNs),
    )
  })

  test('are stamped with the whole second in which the window ended', async () => {
    const { stdout } = await run([...ALL, '-n', '30'], { ...VIRTUAL, startupMs: 250 })
    let endMs = Date.UTC(2026, 0, 1) + 250
    for (const { elapsed_ns, timestamp } of documents(stdout)) {
      endMs += elapsed_ns / 1e6
      // the output delays of 1 to 3 ms a record are in the windows as well
      expect(timestamp.getTime()).toBe(Math.floor(endMs / 1000) * 1000)
    }
  })

  test('are the same bytes for the same seed in virtual time', async () => {
    const config = { ...VIRTUAL, noise: 0.1 }
    const [first, again, other] = await Promise.all([
      run([...ALL, '-n', '3'], config),
      run([...ALL, '-n', '3'], config),
      run([...ALL, '-n', '3'], { ...config, seed: 2 }),
    ])
    expect(again.stdout).toBe(first.stdout)
    expect(other.stdout).not.toBe(first.stdout)
  })
})

describe('the shape of real records', () => {
  const captures = fileURLToPath(new URL('../../shared/captures/', import.meta.url))

  test.skipIf(!existsSync(captures)).for([
    ['m1', 'm1-macos13.3-cpu_power-thermal-gpu_power-i500.pretty.plist'],
    ['m1', 'm1-macos13.3-cpu_power-thermal-gpu_power-i2000.pretty.plist'],
    ['m3max', 'm3max-macos26-25G83-cpu_power-gpu_power-ane_power-thermal-first-sample.plist'],
  ] as const)('%s has every key, tag and line break of %s', async ([shape, file]) => {
    const args = [...PLIST, '-s', 'cpu_power,gpu_power,thermal', '-n', '1']
    const { stdout } = await run(args, { ...VIRTUAL, shape })
    expect(skeleton(stdout)).toEqual(skeleton(readFileSync(join(captures, file), 'utf8')))
  })
})

describe('fixtures/captures', () => {
  const busy = [
    [0, 0.06, 0.01],
    [60e6, 4.2, 0.3],
    [170e6, 0.5, 0.02],
  ]
  test.for([
    ['m1', 2],
    ['m1-macos12', 1],
    ['m2ultra', 1],
    ['m3max', 2],
    ['m5pro', 1],
    ['intel', 1],
    ['vm', 1],
  ] as const)('%s.plist (%i) is what the emulator writes', async ([shape, records]) => {
    const args = [...PLIST, '-s', 'cpu_power,gpu_power,thermal', '-n', String(records)]
    const power = { mode: 'script', segments: busy }
    const { stdout } = await run(args, { virtual: true, shape, power })
    await expect(stdout).toMatchFileSnapshot(`../fixtures/captures/${shape}.plist`)
  })
})

describe('the command line', () => {
  test('takes attached, separate, equated and shortened options', async () => {
    const forms = [
      ['-i50', '-n1', '-fplist', '-sthermal'],
      ['-i', '50', '-n', '1', '-f', 'plist', '-s', 'thermal'],
      ['--sample-rate=50', '--sample-count=1', '--format=plist', '--samplers=thermal'],
      ['--sample-rate', '50', '--sample-c', '1', '--form', 'plist', '--samplers', 'thermal'],
    ]
    const outputs = await Promise.all(forms.map((args) => run(args, VIRTUAL)))
    expect(new Set(outputs.map(({ stdout }) => stdout)).size).toBe(1)
    expect(documents(outputs[0]?.stdout ?? '')[0]?.elapsed_ns).toBeLessThan(55e6)
  })

  test('accepts the flags that change nothing here', async () => {
    const flags = ['--handle-invalid-values', '--hide-cpu-duty-cycle', '--show-extra-power-info']
    const { stdout, code } = await run([...ALL, ...flags, '-r', 'pid', '-n', '1'], VIRTUAL)
    expect([documents(stdout).length, code]).toEqual([1, 0])
  })

  test('-n 0 ends at once', async () => {
    expect(await run([...ALL, '-n', '0'])).toEqual({
      stdout: '',
      stderr: '',
      code: 0,
      signal: null,
    })
  })

  test('an unknown sampler ends it with its name', async () => {
    const { stdout, stderr, code } = await run(['-s', 'cpu_power,bandwidth'])
    expect([stdout, stderr, code]).toEqual([
      '',
      'powermetrics: unrecognized sampler: bandwidth\n',
      1,
    ])
  })

  test('ane_power is unknown to macOS 12', async () => {
    const { stderr } = await run(ALL, { shape: 'm1-macos12' })
    expect(stderr).toBe('powermetrics: unrecognized sampler: ane_power\n')
  })

  test('an unknown option prints the usage', async () => {
    const { stderr, code } = await run(['--frobnicate'])
    expect(stderr).toMatch(/^powermetrics: unrecognized option .*frobnicate'\nUsage: powermetrics /)
    expect(code).toBe(1)
  })

  test('-h lists the options and samplers', async () => {
    const { stdout, code } = await run(['-h'], { requireRoot: true })
    expect(stdout).toContain('-i | --sample-rate')
    expect(stdout).toContain('    ane_power\n')
    expect(code).toBe(0)
  })

  test('-o writes the file and nothing else', async () => {
    const file = fresh('plist')
    const { stdout } = await run([...ALL, '-n', '2', '-o', file], VIRTUAL)
    expect(stdout).toBe('')
    expect(documents(readFileSync(file, 'latin1'))).toHaveLength(2)
  })

  test('up to macOS 11, -u is the file and -o the order', async () => {
    const file = fresh('plist')
    const old = { ...VIRTUAL, macos: 11 }
    await run([...PLIST, '-s', 'cpu_power', '-n', '1', '-u', file], old)
    expect(documents(readFileSync(file, 'latin1'))).toHaveLength(1)
    const { stderr } = await run([...PLIST, '-o', file], old)
    expect(stderr).toBe(
      `powermetrics: unrecognized order: ${file}\n` +
        'Usage: powermetrics [-d] [-i sample_interval] [-o order] [-t wakeup_cost]\n',
    )
  })

  test.for([[], ['-f', 'text'], ['--format', 'csv']])('text is the default: %j', async (format) => {
    const { stdout } = await run(['-i', '100', '-n', '2', ...format, '-s', 'cpu_power'], {
      ...VIRTUAL,
      stretch: 0,
      outputDelayMs: 0,
    })
    expect(stdout).toMatch(/^Machine model: Mac15,9\nOS version: 25G83\n/)
    expect(
      stdout.match(/^\*\*\* Sampled system activity \(.*\) \(100\.00ms elapsed\) \*\*\*$/gm),
    ).toHaveLength(2)
    expect(stdout).toContain('CPU Power: 2000 mW\nGPU Power: 500 mW\nANE Power: 0 mW\n')
    expect(stdout).toContain('Combined Power (CPU + GPU + ANE): 2500 mW\n')
  })

  test('--show-usage-summary closes with a document of the whole run', async () => {
    const { stdout } = await run([...ALL, '-n', '3', '--show-usage-summary'], VIRTUAL)
    const all = documents(stdout)
    const summary = all.at(-1)
    expect(all.map(({ is_delta }) => is_delta)).toEqual([true, true, true, false])
    expect(summary?.elapsed_ns).toBeGreaterThanOrEqual(
      sum(all.slice(0, 3).map(({ elapsed_ns }) => elapsed_ns)),
    )
    expect(summary?.processor?.['cpu_energy']).toBe(Math.round((summary?.elapsed_ns ?? 0) / 5e5))
  })

  test('--show-initial-usage opens with a document that is no delta', async () => {
    const { stdout } = await run([...ALL, '-n', '1', '--show-initial-usage'], VIRTUAL)
    expect(documents(stdout).map(({ is_delta }) => is_delta)).toEqual([false, true])
  })

  const nobody = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {}
  const isReachable = spawnSync(process.execPath, ['-v'], { ...nobody, cwd: '/' }).status === 0

  test.runIf(isReachable)('requireRoot refuses everybody but root', async () => {
    const config = JSON.stringify({ requireRoot: true, ...VIRTUAL })
    const place = mkdtempSync(join(tmpdir(), 'vitest-energy-root-'))
    const copy = join(place, 'powermetrics')
    copyFileSync(emulator, copy)
    chmodSync(place, 0o755)
    const refused = spawn(process.execPath, [copy, ...ALL, '-n', '1'], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { VITEST_ENERGY_EMULATOR: config },
      ...nobody,
    })
    const { stdout, stderr, code } = await ended(refused)
    rmSync(place, { recursive: true })
    expect([stdout, stderr, code]).toEqual([
      '',
      'powermetrics must be invoked as the superuser\n',
      1,
    ])
  })
})

describe('configuration', () => {
  test.for(['copy', 'link'] as const)('is read from beside a %s of the executable', async (how) => {
    const place = mkdtempSync(join(folder, how))
    const path = join(place, 'powermetrics')
    if (how === 'copy') copyFileSync(emulator, path)
    else symlinkSync(emulator, path)
    writeFileSync(`${path}.json`, JSON.stringify({ ...VIRTUAL, shape: 'm1pro' }))
    expect(await readModel(path, {})).toBe('MacBookPro18,3')
    const inline = JSON.stringify({ ...VIRTUAL, shape: 'm2ultra' })
    expect(await readModel(path, { VITEST_ENERGY_EMULATOR: inline })).toBe('Mac14,14')
  })

  test('is read from the file that the environment names', async () => {
    const file = fresh('json')
    writeFileSync(file, JSON.stringify({ ...VIRTUAL, shape: 'm4max' }))
    expect(await readModel(emulator, { VITEST_ENERGY_EMULATOR: file })).toBe('Mac16,6')
  })

  test.for([
    [{ shapes: 'm1' }, 'no such key in the configuration: shapes'],
    [{ shape: 'm9' }, 'no such shape: m9'],
    [{ faults: [{ kind: 'fire' }] }, 'no such fault: fire'],
  ] as const)('with a mistake is refused: %j', async ([config, message]) => {
    const { stderr, code } = await run(ALL, config)
    expect([stderr, code]).toEqual([`vitest-energy-emulator: ${message}\n`, 70])
  })
})

describe('scripted power', () => {
  const segments = [
    [0, 0.1],
    [130e6, 5, 0.5],
    [155e6, 1, 0, 0.25],
    [480e6, 0.1, 0, 0],
  ]

  test('is integrated exactly over each window', async () => {
    const truthFile = fresh('jsonl')
    const { stdout } = await run([...ALL, '-n', '6'], {
      virtual: true,
      stretch: 0,
      power: { mode: 'script', segments },
      truthFile,
    })
    // 100 ms windows: 10 mJ; 3 + 125 + 45; 100; 100; 80 + 2; 10
    expect(energies(stdout)).toEqual([10, 173, 100, 100, 82, 10])
    expect(energies(stdout, 'gpu_energy')).toEqual([0, 13, 0, 0, 0, 0])
    // 0.25 W from 155 to 480 ms is 81.25 mJ in all
    expect(sum(energies(stdout, 'ane_energy'))).toBe(81)
    expect(truths(truthFile).map(({ joules }) => joules.cpu)).toEqual(
      [0.01, 0.173, 0.1, 0.1, 0.082, 0.01].map((joules) => expect.closeTo(joules, 9)),
    )
  })

  test('agrees with the truth to 1 mJ a record and over the run, noise of timers and all', async () => {
    const truthFile = fresh('jsonl')
    const power = { mode: 'script', segments }
    const { stdout } = await run([...PLIST, '-i', '50', '-n', '10', '-s', 'cpu_power'], {
      power,
      truthFile,
    })
    const lines = truths(truthFile)
    expect(energies(stdout)).toEqual(lines.map(({ printedJ }) => Math.round(printedJ.cpu * 1000)))
    for (const { joules, printedJ, startNs, endNs, elapsedNs } of lines) {
      expect(Math.abs(joules.cpu - printedJ.cpu)).toBeLessThanOrEqual(0.001)
      expect(elapsedNs).toBe(endNs - startNs)
    }
    const [first] = lines
    const spanS = ((lines.at(-1)?.endNs ?? 0) - (first?.startNs ?? 0)) / 1e9
    // 0.1 W × 130 ms + 5 W × 25 ms + 1 W × 325 ms, then 0.1 W
    const exact = 0.013 + 0.125 + 0.325 + 0.1 * (spanS - 0.48)
    expect(Math.abs(sum(energies(stdout)) / 1000 - exact)).toBeLessThanOrEqual(0.001)
  })

  test('may be announced by other processes while it runs, on the test clock', async () => {
    const file = fresh('jsonl')
    const truthFile = fresh('jsonl')
    const child = start([...PLIST, '-i', '50', '-s', 'cpu_power'], {
      power: { mode: 'script', cpuW: 1, file },
      truthFile,
    })
    const done = ended(child)
    await once(child.stdout, 'data')
    const from = clock()
    appendFileSync(file, `${JSON.stringify({ atNs: from, cpuW: 10 })}\n`)
    const half = clock()
    appendFileSync(file, `${JSON.stringify({ atNs: half, cpuW: 2, id: 'another' })}\n`)
    await sleep(120)
    const to = clock()
    appendFileSync(file, `{"atNs":${to},"cpuW":1}\n{"atNs":${to},"cp`)
    appendFileSync(file, 'uW":0,"id":"another"}\n')
    await recorded(truthFile, to)
    child.kill('SIGTERM')
    const { stdout } = await done
    const lines = truths(truthFile)
    const spanNs = (lines.at(-1)?.endNs ?? 0) - (lines[0]?.startNs ?? 0)
    const exact = (spanNs + 9 * (to - from) + 2 * (to - half)) / 1e9
    expect(Math.abs(sum(energies(stdout)) / 1000 - exact)).toBeLessThanOrEqual(0.001)
  })

  test('that is announced late counts in the next record', async () => {
    const file = fresh('jsonl')
    const child = start([...PLIST, '-i', '50', '-n', '8', '-s', 'cpu_power'], {
      power: { mode: 'script', file },
    })
    const done = ended(child)
    const early = clock()
    await once(child.stdout, 'data')
    const now = clock()
    // before the first window nothing is measured; 50 W for 1 ms of a past one is not lost
    appendFileSync(file, line(early - 2e9, 5e6) + line(early - 1e9, 0))
    appendFileSync(file, line(now - 21e6, 50) + line(now - 20e6, 0))
    const [first, ...later] = energies((await done).stdout)
    expect(first).toBe(0)
    expect(sum(later)).toBe(50)
  })
})

describe('power that follows the load', () => {
  test('charges the CPU time that was used, and no more than the machine has', async () => {
    const truthFile = fresh('jsonl')
    const child = start([...PLIST, '-s', 'cpu_power'], {
      power: { mode: 'load', idleW: 0.1, wattsPerCore: 4 },
      truthFile,
    })
    const done = ended(child)
    await once(child.stdout, 'data')
    const before = process.cpuUsage()
    const until = clock() + 300e6
    while (clock() < until);
    const { user, system } = process.cpuUsage(before)
    await recorded(truthFile, clock())
    child.kill('SIGTERM')
    const { stdout } = await done
    const usedJ = sum(energies(stdout)) / 1000
    const spanS = sum(documents(stdout).map(({ elapsed_ns }) => elapsed_ns)) / 1e9
    expect(usedJ).toBeGreaterThan(((user + system) / 1e6) * 4 * 0.9)
    expect(usedJ).toBeLessThan(spanS * (0.1 + 4 * cpus().length) * 1.1)
  })
})

describe('quirks of the counters', () => {
  test('rounding the counter keeps the sum, truncating each difference loses it', async () => {
    // 40 records of 0.6 mJ
    const [telescope, round, truncate] = await Promise.all(
      ['telescope', 'round', 'truncate'].map((quantise) => steady({ quantise })),
    )
    expect(sum(energies(telescope?.stdout ?? ''))).toBe(24)
    expect(sum(energies(round?.stdout ?? ''))).toBe(40)
    expect(sum(energies(truncate?.stdout ?? ''))).toBe(0)
  })

  test('a slow counter yields zeros and then a lump', async () => {
    const { stdout } = await steady({ cadenceMs: { gpu: 100 } })
    const gpu = energies(stdout, 'gpu_energy')
    expect(gpu.filter((energy) => energy === 0)).toHaveLength(36)
    expect(gpu.filter((energy) => energy === 100)).toHaveLength(4)
    expect(energies(stdout).filter((energy) => energy === 0).length).toBeLessThan(20)
  })

  test('skew moves energy into the next record', async () => {
    const power = {
      mode: 'script',
      segments: [
        [5e6, 10],
        [10e6, 0],
      ],
    }
    const { stdout } = await steady({ power, counterSkewMs: 2 }, 3)
    expect(energies(stdout)).toEqual([30, 20, 0])
  })

  test('noise scatters single records about the truth', async () => {
    const { stdout } = await steady({ noise: 0.2 }, 200)
    const gpu = energies(stdout, 'gpu_energy')
    expect(new Set(gpu).size).toBeGreaterThan(5)
    expect(sum(gpu) / 200).toBeGreaterThan(9.5)
    expect(sum(gpu) / 200).toBeLessThan(10.5)
  })
})

describe('output', () => {
  test('without -b the end of a record waits for the next', async () => {
    const child = start(['-i', '100', '-f', 'plist', '-s', 'cpu_power'], { shape: 'm1' })
    const [first] = (await once(child.stdout, 'data')) as [Buffer]
    expect(first.length % 4096).toBe(0)
    expect(first.includes('</plist>')).toBe(false)
    const done = ended(child)
    child.kill('SIGTERM')
    expect((await done).stdout.endsWith('</plist>\n')).toBe(true)
  })

  test('SIGIO flushes what is held back', async () => {
    const child = start([...ALL, '-i', '500'], { bufferTail: true, shape: 'm1' })
    const done = ended(child)
    await once(child.stdout, 'data')
    let more = 0
    child.stdout.on('data', (text: string) => (more += text.length))
    child.kill('SIGIO')
    await once(child.stdout, 'data')
    expect(more).toBeLessThan(4096)
    child.kill('SIGTERM')
    expect((await done).stdout.endsWith('</plist>\n')).toBe(true)
  })

  test('in pieces is the same output', async () => {
    const whole = run([...ALL, '-n', '2', '-s', 'thermal'], { ...VIRTUAL, stretch: 0 })
    const child = start([...ALL, '-n', '2', '-s', 'thermal'], {
      ...VIRTUAL,
      stretch: 0,
      splitWrites: { bytes: 200, pauseMs: 20 },
    })
    let pieces = 0
    child.stdout.on('data', () => (pieces += 1))
    expect((await ended(child)).stdout).toBe((await whole).stdout)
    expect(pieces).toBeGreaterThan(2)
  })
})

describe('ending', () => {
  test.for(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)(
    '%s stops it with status 0',
    async (signal) => {
      const child = start(ALL)
      const done = ended(child)
      await once(child.stdout, 'data')
      child.kill(signal)
      const { stdout, code } = await done
      expect(code).toBe(0)
      for (const text of split(stdout)) expect(text).toMatch(/<\/plist>\n$/)
    },
  )

  test('SIGUSR2 takes a sample at once, with -i 0 the only ones', async () => {
    const child = start([...PLIST, '-i', '0', '-s', 'thermal', '--show-initial-usage'])
    const done = ended(child)
    await once(child.stdout, 'data')
    for (const _ of [1, 2]) {
      child.kill('SIGUSR2')
      await once(child.stdout, 'data')
    }
    await sleep(100)
    child.kill('SIGTERM')
    const all = documents((await done).stdout)
    expect(all.map(({ is_delta }) => is_delta)).toEqual([false, true, true])
  })

  test('a reader that has gone ends it at its next write', async () => {
    const child = start(ALL)
    await once(child.stdout, 'data')
    child.stdout.destroy()
    const [code] = await once(child, 'exit')
    expect(code).toBe(141)
  })

  test('a reader that does not read does not keep it from stopping', async () => {
    const child = start([...ALL, '-i', '20'])
    await once(child.stdout, 'readable')
    await sleep(400)
    child.kill('SIGTERM')
    const [code] = await once(child, 'exit')
    expect(code).toBe(0)
    child.stdout.destroy()
  })
})

describe('faults', () => {
  test('die: aborts with the assertion of a beta', async () => {
    const { stdout, stderr, signal } = await faulty({ kind: 'die', record: 3 })
    expect(documents(stdout)).toHaveLength(2)
    expect(stderr).toMatch(/^Assertion failed: \(num_resids == .* line 245\.\n/)
    expect(signal).toBe('SIGABRT')
  })

  test('die: with a status and words of its own, at the start', async () => {
    const fault = { kind: 'die', record: 0, exitCode: 3, stderr: 'no luck\n' }
    const { stdout, stderr, code } = await faulty(fault)
    expect([stdout, stderr, code]).toEqual(['', 'no luck\n', 3])
  })

  test('half: the last record is torn', async () => {
    const { stdout, code } = await faulty({ kind: 'half', record: 2, exitCode: 1 })
    const [first, second] = split(stdout)
    expect(first).toMatch(/<\/plist>\n$/)
    expect(second?.length).toBeGreaterThan(20_000)
    expect(second).not.toContain('</plist>')
    expect(code).toBe(1)
  })

  test('tornStop: a stop leaves a part of a record', async () => {
    const child = start(ALL, { faults: [{ kind: 'tornStop' }] })
    const done = ended(child)
    await once(child.stdout, 'data')
    child.kill('SIGTERM')
    expect(split((await done).stdout).at(-1)).not.toContain('</plist>')
  })

  test('stall: one window is long and holds its energy', async () => {
    const { stdout } = await faulty({ kind: 'stall', record: 2, ms: 1000 }, 3, { stretch: 0 })
    const elapsed = documents(stdout).map(({ elapsed_ns }) => Math.round(elapsed_ns / 1e6))
    expect(elapsed).toEqual([100, 1100, 100])
    expect(energies(stdout)).toEqual([200, 2200, 200])
  })

  test('hold: records arrive late and together, their windows as ever', async () => {
    const child = start([...ALL, '-n', '3'], { faults: [{ kind: 'hold', record: 1, ms: 400 }] })
    const from = performance.now()
    const done = ended(child)
    await once(child.stdout, 'data')
    expect(performance.now() - from).toBeGreaterThan(480)
    expect(documents((await done).stdout)[1]?.elapsed_ns).toBeLessThan(400e6)
  })

  test('skip: the stamps run ahead of the sum of the windows', async () => {
    const truthFile = fresh('jsonl')
    const fault = { kind: 'skip', record: 2, records: 10 }
    const { stdout } = await faulty(fault, 12, { truthFile, stretch: 0 })
    const [first, second, ...rest] = documents(stdout)
    expect(rest).toHaveLength(0)
    expect(Number(second?.timestamp) - Number(first?.timestamp)).toBe(1000)
    expect(second?.elapsed_ns).toBe(100e6)
    expect(split(stdout)[1]).toMatch(/^<\?xml/)
    expect(truths(truthFile).filter(({ skipped }) => skipped)).toHaveLength(10)
  })

  test('sleep: elapsed and stamps jump without energy', async () => {
    const { stdout } = await faulty({ kind: 'sleep', record: 2, ms: 5000 }, 3, { stretch: 0 })
    const [first, second] = documents(stdout)
    expect(second?.elapsed_ns).toBe(5100e6)
    expect(Number(second?.timestamp) - Number(first?.timestamp)).toBe(5000)
    expect(energies(stdout)).toEqual([200, 200, 200])
  })

  test('clockJump: the stamps alone jump', async () => {
    const { stdout } = await faulty({ kind: 'clockJump', record: 2, ms: -5000 }, 3, { stretch: 0 })
    const [first, second] = documents(stdout)
    expect(second?.elapsed_ns).toBe(100e6)
    expect(Number(second?.timestamp) - Number(first?.timestamp)).toBe(-5000)
  })

  test('garbage and a NUL break the framing where they are told to', async () => {
    const garbage = await faulty({ kind: 'garbage', record: 2, text: 'oops & <\n' })
    expect(garbage.stdout).toContain('</plist>\noops & <\n\0<?xml')
    const nul = await faulty({ kind: 'nul', record: 1, fraction: 0.25 }, 1)
    expect(split(nul.stdout)).toHaveLength(2)
    expect(nul.stdout.indexOf('\0')).toBe(Math.floor((nul.stdout.length - 1) / 4))
  })

  test('stderr: noise that changes nothing', async () => {
    const { stdout, stderr, code } = await faulty({ kind: 'stderr', record: 2 })
    expect(stderr).toBe('Second underflow occured.\n')
    expect([documents(stdout).length, code]).toEqual([3, 0])
  })

  test('zero: one domain reads 0 for some records, the sum follows', async () => {
    const fault = { kind: 'zero', domain: 'cpu', record: 2, records: 2 }
    const { stdout } = await faulty(fault, 4, { stretch: 0 })
    expect(energies(stdout)).toEqual([200, 0, 0, 200])
    expect(energies(stdout, 'combined_power')).toEqual([2500, 500, 500, 2500])
  })

  test('frozen: a reading repeats', async () => {
    const power = {
      mode: 'script',
      segments: [
        [0, 1],
        [100e6, 3],
      ],
    }
    const fault = { kind: 'frozen', domain: 'cpu', record: 2 }
    const { stdout } = await faulty(fault, 3, { stretch: 0, power })
    expect(energies(stdout)).toEqual([100, 100, 300])
  })

  test.for([
    [{ kind: 'negative', domain: 'cpu' }, '<key>cpu_energy</key>\n<integer>-17</integer>'],
    [{ kind: 'nan', domain: 'gpu' }, '<key>gpu_power</key>\n<real>nan</real>'],
    [{ kind: 'absurd', domain: 'cpu' }, '<key>cpu_power</key>\n<real>5e+06</real>'],
    [{ kind: 'contradiction', domain: 'cpu' }, '<key>cpu_power</key>\n<real>6000</real>'],
    [{ kind: 'invalid' }, '<key>invalid</key><true/>\n'],
    [{ kind: 'thermal' }, '<key>thermal_pressure</key><string>Heavy</string>'],
  ] as const)('%j', async ([fault, text]) => {
    const { stdout } = await faulty({ ...fault, record: 2 }, 2, { stretch: 0 })
    const [first, second] = split(stdout)
    expect(first).not.toContain(text)
    expect(second).toContain(text)
  })

  test('missing: a domain disappears', async () => {
    const { stdout } = await faulty({ kind: 'missing', domain: 'ane', record: 2 })
    const [first, second] = documents(stdout)
    expect(first?.processor).toHaveProperty('ane_energy')
    expect(second?.processor).not.toHaveProperty('ane_energy')
    expect(second?.processor).not.toHaveProperty('ane_power')
  })

  test('noProcessor: the processor disappears, the rest stays', async () => {
    const { stdout } = await faulty({ kind: 'noProcessor', record: 2 }, 2)
    const [first, second] = documents(stdout)
    expect(first).toHaveProperty('processor')
    expect(second).not.toHaveProperty('processor')
    expect(second).toHaveProperty('gpu')
  })

  test('unknownSampler: refuses ane_power, not the rest', async () => {
    const fault = { kind: 'unknownSampler' }
    const { stderr, code } = await faulty(fault)
    expect([stderr, code]).toEqual(['powermetrics: unrecognized sampler: ane_power\n', 1])
    const rest = await run([...PLIST, '-n', '1', '-s', 'cpu_power,gpu_power,thermal'], {
      ...VIRTUAL,
      faults: [fault],
    })
    expect(documents(rest.stdout)).toHaveLength(1)
  })

  test('ignoreTerm and ignorePipe outlive a SIGTERM and the reader, but not maxLifeMs', async () => {
    const child = start(ALL, {
      maxLifeMs: 1500,
      faults: [{ kind: 'ignoreTerm' }, { kind: 'ignorePipe' }],
    })
    await once(child.stdout, 'data')
    child.kill('SIGTERM')
    child.stdout.destroy()
    const [code] = await once(child, 'exit')
    expect(code).toBe(75)
  })

  test('by time: a state holds from then on', async () => {
    const fault = { kind: 'zero', domain: 'cpu', afterMs: 250 }
    const { stdout } = await faulty(fault, 4, { stretch: 0, outputDelayMs: 0 })
    expect(energies(stdout)).toEqual([200, 200, 0, 0])
  })
})
