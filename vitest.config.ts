import { defineConfig } from 'vitest/config'
import type { ViteUserConfig } from 'vitest/config'

const config: ViteUserConfig = defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    typecheck: { enabled: true, include: ['test/types/*.test-d.ts'], checker: 'tsc' },
    testTimeout: 30_000,
    // most of them wait for a meter most of the time
    maxWorkers: 4,
  },
})

export default config
