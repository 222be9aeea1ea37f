/** The seed of this run's drawn cases; `SEED=<n> npx vitest run <file>` draws the same ones again. */
export const seed = Number(process.env['SEED'] ?? Math.floor(Math.random() * 2 ** 31))

console.info(`SEED=${seed}`)
