/**
 * What outlives the module that made it: without isolation the modules of a worker are evaluated
 * again for each file.
 * @param name of one thing in the whole worker, whichever copy of this package asks
 */
export function kept<T>(name: string, make: () => T): T {
  const holder = globalThis as unknown as Record<symbol, T | undefined>
  return (holder[Symbol.for(`vitest-energy.${name}`)] ??= make())
}
