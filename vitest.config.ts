import { defineConfig } from 'vitest/config'
import type { ViteUserConfig } from 'vitest/config'

const config: ViteUserConfig = defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    typecheck: { enabled: true, include: ['test/types/*.test-d.ts'], checker: 'tsc' },
    testTimeout: 30_000,
    // the suites start real Vitest runs with a meter: more at once than cores would starve it
    maxWorkers: 2,
  },
})

export default config
