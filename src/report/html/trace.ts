import type { FigureState } from '../../energy/result.ts'
import {
  columnScale,
  formatDuration,
  formatPower,
  formatScaled,
  milliseconds,
} from '../../units.ts'
import { escapeHtml } from '../escape.ts'

/** Power over time, for the picture; ms are since the start of the run. */
export interface PowerTrace {
  /** in order of time; power `null` where it is unknown */
  samples: readonly { startMs: number; endMs: number; powerW: number | null }[]
  /** when tests and bench blocks ran */
  windows: readonly { startMs: number; endMs: number; name: string; state: FigureState }[]
}

const box = { left: 48, right: 990, top: 12, bottom: 200, lane: 208, laneHeight: 14, height: 246 }
// more steps than pixels cannot be seen; more windows would only make the page heavy
const mostSteps = 900
const mostWindows = 1500

interface Step {
  startMs: number
  endMs: number
  powerW: number | null
}

/** Neighbours together, weighted by time, until at most {@link mostSteps} are left; holes stay. */
export function thin(samples: PowerTrace['samples']): Step[] {
  const size = Math.ceil(samples.length / mostSteps)
  const steps: Step[] = []
  let count = 0
  for (const { startMs, endMs, powerW } of samples) {
    const last = steps.at(-1)
    const joins = last !== undefined && count < size && (last.powerW === null) === (powerW === null)
    if (!joins) {
      steps.push({ startMs, endMs, powerW })
      count = 1
      continue
    }
    const [before, now] = [last.endMs - last.startMs, endMs - startMs]
    if (last.powerW !== null && powerW !== null && before + now > 0) {
      last.powerW = (last.powerW * before + powerW * now) / (before + now)
    }
    last.endMs = endMs
    count++
  }
  return steps
}

/** A round step that divides `most` into about four. */
function tickStep(most: number): number {
  const rough = most / 4
  const power = 10 ** Math.floor(Math.log10(rough))
  return ([1, 2, 2.5, 5].find((n) => n * power >= rough) ?? 10) * power
}

function ticks(most: number): number[] {
  const step = tickStep(most)
  return Array.from({ length: Math.floor(most / step + 1e-9) + 1 }, (_, i) => i * step)
}

interface Axes {
  x: (ms: number) => string
  y: (watts: number) => string
  /** right and upper ends */
  spanMs: number
  topW: number
}

const clamp = (part: number): number => Math.min(1, Math.max(0, part))

function axesOf({ samples, windows }: PowerTrace): Axes {
  const ends = [...samples, ...windows].map(({ endMs }) => endMs)
  const spanMs = ends.reduce((a, b) => Math.max(a, b), 1)
  const most = samples.reduce((a, { powerW }) => Math.max(a, powerW ?? 0), 0)
  const topW = (most > 0 ? most : 1) * 1.05
  const { left, right, top, bottom } = box
  return {
    x: (ms) => (left + clamp(ms / spanMs) * (right - left)).toFixed(1),
    y: (watts) => (bottom - clamp(watts / topW) * (bottom - top)).toFixed(1),
    spanMs,
    topW,
  }
}

/** One closed area for each stretch without a hole. */
function powerPath(steps: readonly Step[], { x, y }: Axes): string {
  let path = ''
  let open: Step | undefined
  for (const step of steps) {
    const joined = open !== undefined && Math.abs(step.startMs - open.endMs) < 1
    if (open !== undefined && (step.powerW === null || !joined)) {
      path += `V${box.bottom}Z`
      open = undefined
    }
    if (step.powerW === null) continue
    if (open === undefined) path += `M${x(step.startMs)} ${box.bottom}`
    path += `V${y(step.powerW)}H${x(step.endMs)}`
    open = step
  }
  return open === undefined ? path : `${path}V${box.bottom}Z`
}

function grid({ x, y, spanMs, topW }: Axes): string {
  const scale = columnScale([topW], 'W')
  const horizontal = ticks(topW).map((watts) => {
    const label = watts === 0 ? '0' : formatScaled(watts, scale, 2)
    return `<path class="grid" d="M${box.left} ${y(watts)}H${box.right}"/><text x="${box.left - 6}" y="${y(watts)}" dy=".32em" text-anchor="end">${label}</text>`
  })
  const vertical = ticks(spanMs).map((ms) => {
    const label = ms === 0 ? '0' : formatDuration(milliseconds(ms))
    return `<text x="${x(ms)}" y="${box.height - 6}" text-anchor="middle">${label}</text>`
  })
  return [...horizontal, ...vertical].join('')
}

function windowMarks({ windows }: PowerTrace, { x }: Axes): string {
  const longest = [...windows]
    .sort((a, b) => b.endMs - b.startMs - (a.endMs - a.startMs))
    .slice(0, mostWindows)
  return longest
    .map(({ startMs, endMs, name, state }) => {
      const width = Math.max(1, Number(x(endMs)) - Number(x(startMs)) - 0.5).toFixed(1)
      const length = formatDuration(milliseconds(endMs - startMs))
      return `<rect class="w ${state}" x="${x(startMs)}" y="${box.lane}" width="${width}" height="${box.laneHeight}" rx="1.5"><title>${escapeHtml(name)}, ${length}</title></rect>`
    })
    .join('')
}

/**
 * Power over time with the windows below it, as an SVG figure.
 * @param idlePowerW drawn as a dashed line; `null` when it is not known
 * @returns `''` without samples
 */
export function renderTrace(trace: PowerTrace, idlePowerW: number | null): string {
  if (trace.samples.length === 0) return ''
  const axes = axesOf(trace)
  const steps = thin(trace.samples)
  const most = trace.samples.reduce((a, { powerW }) => Math.max(a, powerW ?? 0), 0)
  const text = `Power over ${formatDuration(milliseconds(axes.spanMs))}, at most ${formatPower(most)}`
  const idle =
    idlePowerW === null
      ? ''
      : `<path class="idle" d="M${box.left} ${axes.y(idlePowerW)}H${box.right}"/>`
  const thinned =
    steps.length < trace.samples.length / 1.5
      ? ` Each step is the mean of about ${Math.round(trace.samples.length / steps.length)} samples.`
      : ''
  return `<figure><svg viewBox="0 0 1000 ${box.height}" role="img" aria-label="${escapeHtml(text)}">${grid(axes)}<path class="power" d="${powerPath(steps, axes)}"/>${idle}${windowMarks(trace, axes)}</svg><figcaption>Power of the whole chip; below, when tests and benches ran (green: measured). Dashed: idle.${thinned}</figcaption></figure>`
}
