/** Edits (insert, delete, replace) that turn `a` into `b`. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, column) => column)
  for (const [i, from] of Array.from(a).entries()) {
    let previous = i + 1
    const next = [previous]
    for (const [j, to] of Array.from(b).entries()) {
      previous = Math.min(
        previous + 1,
        (row[j + 1] ?? 0) + 1,
        (row[j] ?? 0) + (from === to ? 0 : 1),
      )
      next.push(previous)
    }
    row = next
  }
  return row.at(-1) ?? b.length
}

/**
 * The names most like `name`, best first, for "did you mean".
 * @returns at most `count`, none that differs in more than half of its letters
 */
export function nearestNames(name: string, known: Iterable<string>, count = 1): string[] {
  return [...new Set(known)]
    .map((candidate) => ({ candidate, distance: editDistance(name, candidate) }))
    .filter(({ candidate, distance }) => distance <= Math.max(name.length, candidate.length) / 2)
    .sort((a, b) => a.distance - b.distance)
    .slice(0, count)
    .map(({ candidate }) => candidate)
}
