import { defineConfig } from 'vitest/config'

// Vitest reads the configuration from a default export.
export default defineConfig({ test: { include: ['test/browser/pictures.ts'], testTimeout: 180_000 } })
