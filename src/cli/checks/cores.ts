import { parse } from 'plist'
import type { PlistValue } from 'plist'
import type { Check } from './check.ts'
import { ok, skipped, warning } from './check.ts'

type Dictionary = Record<string, PlistValue | undefined>

const dictionary = (value: PlistValue | undefined): Dictionary =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Dictionary) : {}

const list = (value: PlistValue | undefined): Dictionary[] =>
  Array.isArray(value) ? value.map(dictionary) : []

const number = (value: PlistValue | undefined): number => (typeof value === 'number' ? value : 0)

/** CPUs' busy time in a record, by the first letter of their cluster (`E`, `P`, `M`). */
function busyByKind(record: string): Map<string, number> {
  const root = dictionary(parse(record))
  const elapsed = number(root['elapsed_ns'])
  const busy = new Map<string, number>()
  for (const cluster of list(dictionary(root['processor'])['clusters'])) {
    const { name } = cluster
    const kind = typeof name === 'string' ? name.charAt(0) : '?'
    for (const cpu of list(cluster['cpus'])) {
      // the clusters' own residencies are wrong on several chips, those of their CPUs are right
      const used = Math.max(0, elapsed - number(cpu['idle_ns']) - number(cpu['down_ns']))
      busy.set(kind, (busy.get(kind) ?? 0) + used)
    }
  }
  return busy
}

/**
 * Says on which kind of core a busy thread ran: the same work costs several times more on a
 * performance core.
 * @param record taken while one thread was busy
 */
export function checkCores(record: string | undefined): Check {
  const busy = record === undefined ? new Map<string, number>() : busyByKind(record)
  const total = [...busy.values()].reduce((sum, value) => sum + value, 0)
  if (total === 0 || busy.size < 2) return skipped('cores', 'one kind of core')
  const shares = [...busy].map(([kind, value]) => `${kind} ${Math.round((100 * value) / total)} %`)
  const evidence = `busy time of a loop by kind of core: ${shares.join(', ')}`
  return (busy.get('E') ?? 0) > 0.5 * total
    ? warning(
        'cores',
        `${evidence}: it ran on efficiency cores`,
        'start the run from a terminal, not from a background job',
      )
    : ok('cores', evidence)
}
