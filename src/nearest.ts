/**
 * Edits (insert, delete, replace) that turn `a` into `b`.
 * @returns ∞ where there are more than `most`: a name among ten thousand is soon known to be far off
 */
function editDistance(a: readonly string[], b: readonly string[], most: number): number {
  if (Math.abs(a.length - b.length) > most) return Infinity
  let row = Array.from({ length: b.length + 1 }, (_, column) => column)
  for (const [i, from] of a.entries()) {
    const next = Array.from(row, () => Infinity)
    const first = Math.max(0, i - most)
    let least = i + 1
    if (first === 0) next[0] = i + 1
    for (let j = first; j < Math.min(b.length, i + most + 1); j += 1) {
      const replaced = (row[j] ?? Infinity) + (from === b[j] ? 0 : 1)
      const edits = Math.min(replaced, (row[j + 1] ?? Infinity) + 1, (next[j] ?? Infinity) + 1)
      next[j + 1] = edits
      least = Math.min(least, edits)
    }
    if (least > most) return Infinity
    row = next
  }
  return row.at(-1) ?? b.length
}

/**
 * The names most like `name`, best first, for "did you mean".
 * @returns at most `count`, none that differs in more than half of its letters
 */
export function nearestNames(name: string, known: Iterable<string>, count = 1): string[] {
  const letters = Array.from(name)
  const nearest: { candidate: string; distance: number }[] = []
  for (const candidate of new Set(known)) {
    const half = Math.max(name.length, candidate.length) / 2
    const worst = nearest[count - 1]?.distance ?? Infinity
    const most = Math.floor(Math.min(half, worst - 1))
    const distance = editDistance(letters, Array.from(candidate), most)
    if (distance > most) continue
    nearest.push({ candidate, distance })
    nearest.sort((a, b) => a.distance - b.distance).splice(count)
  }
  return nearest.map(({ candidate }) => candidate)
}
