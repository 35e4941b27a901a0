import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { TestProject, TestSpecification, Vitest } from 'vitest/node'
import type { WorkerContext } from './journal.ts'
import type { ResolvedOptions } from './options.ts'

const own = (file: string): string => fileURLToPath(new URL(file, import.meta.url))
// the same extension as this file: `.ts` from source, `.js` when built
const extension = import.meta.url.slice(import.meta.url.lastIndexOf('.'))
const setupFile = own(`./worker/setup${extension}`)
const providerFile = own(`./worker/provider${extension}`)

export const pluginName = 'vitest-energy'

const hasPlugin = (config: { plugins: readonly { name: string }[] }): boolean =>
  config.plugins.some(({ name }) => name === pluginName)

/** Projects that asked for energy: all of them, unless only some name the plugin. */
export function projectsOf(vitest: Vitest): TestProject[] {
  const { projects } = vitest
  const asking = projects.filter((project) => hasPlugin(project.vite.config))
  // named at the root, or no plugin at all: the reporter was named by hand
  return hasPlugin(vitest.vite.config) || asking.length === 0 ? projects : asking
}

export const isBrowser = (project: TestProject): boolean => project.config.browser.enabled

/** Puts our part into a project's workers. Idempotent. */
export function installInProject(project: TestProject): void {
  const { config } = project
  if (isBrowser(project) || config.setupFiles.includes(setupFile)) return
  // first: the outermost hook, and real clocks. A new array: projects share the old one
  config.setupFiles = [setupFile, ...config.setupFiles.filter((file) => !namedByHand(file))]
  if (config.benchmark.enabled) config.benchmark.provider ??= providerFile
}

/** The user's own `setupFiles: ['vitest-energy/setup']`, resolved. */
const namedByHand = (file: string): boolean => file.endsWith('vitest-energy/dist/worker/setup.js')

/** One test at a time, over all projects. */
export function makeSerial(vitest: Vitest, projects: readonly TestProject[]): void {
  for (const { config } of [vitest, ...projects]) {
    config.maxWorkers = 1
    config.maxConcurrency = 1
    config.sequence.concurrent = false
  }
}

/** Tests and benches that can be measured: no type tests, no browsers. */
export const measurable = (specifications: readonly TestSpecification[]): TestSpecification[] =>
  specifications.filter(({ pool, project }) => pool !== 'typecheck' && !isBrowser(project))

function mentionsBudget(path: string): boolean {
  try {
    return readFileSync(path).includes('energyBudget')
  } catch {
    return false
  }
}

/**
 * Projects in which a budget can fail a test. There the place of each test must be known, which
 * costs 56 µs a test: not for the others.
 */
export function projectsWithBudgets(
  specifications: readonly TestSpecification[],
  options: ResolvedOptions,
): Set<TestProject> {
  const found = new Set<TestProject>()
  for (const { project, moduleId } of specifications) {
    if (found.has(project)) continue
    const tags = JSON.stringify(project.config.tags)
    const any = options.budgets.length > 0 || tags.includes('energyBudget')
    if (any || mentionsBudget(moduleId)) found.add(project)
  }
  return found
}

/** Hands the workers of a project what they need to find the run. */
export function provideRun(project: TestProject, run: Omit<WorkerContext, 'projectName'>): void {
  if (!isBrowser(project)) project.provide('vitestEnergy', { ...run, projectName: project.name })
}
