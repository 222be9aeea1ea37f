import { defineConfig } from 'vitest/config'

// Vitest reads the configuration from a default export.
export default defineConfig({
  test: { include: ['test/checks/all-signals.ts'], testTimeout: 3_600_000, maxWorkers: 1 },
})
