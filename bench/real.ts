/**
 * The part of the truth bench with the emulator's own process and real Vitest runs. It takes
 * minutes of real time, so that it runs only when asked for: `npm run bench:truth -- --real`.
 * @returns lines of a markdown table
 */
export async function realRuns(): Promise<string[]> {
  return Promise.resolve(['No real runs yet.'])
}
