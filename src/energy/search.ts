/**
 * The first position at which `is` holds, in a list where it holds for all that follow.
 * @returns the length of the list where it holds for none
 */
export function firstWhere<T>(sorted: readonly T[], is: (value: T) => boolean): number {
  let [low, high] = [0, sorted.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    const value = sorted[middle]
    if (value === undefined || is(value)) high = middle
    else low = middle + 1
  }
  return low
}
