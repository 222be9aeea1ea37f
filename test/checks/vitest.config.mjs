import { defineConfig } from 'vitest/config'

const checks = ['all-signals', 'six-factors', 'real-years']

// Vitest reads the configuration from a default export.
export default defineConfig({
  test: { include: checks.map((name) => `test/checks/${name}.ts`), testTimeout: 7_200_000, maxWorkers: 1 },
})
