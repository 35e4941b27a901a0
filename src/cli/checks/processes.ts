import type { RunningProgram } from '../../programs.ts'
import type { Surroundings } from '../surroundings.ts'
import type { Check } from './check.ts'
import { ok, warning } from './check.ts'

const agents =
  /^(Runner\.(Listener|Worker)|buildkite-agent|gitlab-runner|cirrus|tart|orka|actions-runner|TeamCity)/

/** Looks for what would share the meter or the machine with a run. Call it before our own meter starts. */
export function checkNeighbours(
  { env }: Pick<Surroundings, 'env'>,
  programs: readonly RunningProgram[],
): Check[] {
  const found: Check[] = []
  const meters = programs.filter(({ name }) => name === 'powermetrics').length
  if (meters > 0) {
    const mend = 'sudo killall powermetrics, if nobody needs it'
    found.push(
      warning(
        'other-meter',
        `powermetrics is running already (${meters}): its work is measured too`,
        mend,
      ),
    )
  }
  const agent = programs.find(({ name }) => agents.test(name))
  if (agent !== undefined && env['CI'] === undefined) {
    const mend = 'stop it, or give it no job, while you measure'
    found.push(
      warning('runner', `a CI agent is running (${agent.name}): a job of it would disturb`, mend),
    )
  }
  return found.length === 0 ? [ok('neighbours', 'no other powermetrics, no idle CI agent')] : found
}
