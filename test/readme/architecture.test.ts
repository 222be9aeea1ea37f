import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'

const root = new URL('../../', import.meta.url)
const text = readFileSync(new URL('ARCHITECTURE.md', root), 'utf8')
/** `name` (path/to/file.ts) */
const steps = [...text.matchAll(/`(\w+)` \(([\w/.-]+\.ts)\)/g)].map(([, name, file]) => ({ name, file }))

describe('ARCHITECTURE.md', () => {
  it('names steps of a trade and of a close', () => {
    expect(steps.length).toBeGreaterThan(30)
  })

  it.each(steps)('$name is declared in $file', ({ name, file }) => {
    const source = readFileSync(new URL(file as string, root), 'utf8')
    expect(source).toMatch(new RegExp(`(function\\*?|class|const) ${name}\\b`))
  })
})
