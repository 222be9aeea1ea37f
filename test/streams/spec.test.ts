import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import ts from 'typescript'
import { describe, expect, it } from 'vitest'
import { catalogue } from '../../schemas/catalogue/index.ts'
import { specText } from '../../streams/spec.ts'

const testFolder = resolve(import.meta.dirname, '..')

/** The name at the root of a callee: `it` of `it.each(cases)('title')`. */
function rootName(node: ts.Expression): string {
  if (ts.isIdentifier(node)) return node.text
  if (ts.isPropertyAccessExpression(node) || ts.isCallExpression(node)) return rootName(node.expression)
  return ''
}

/** Titles of the tests of a file. */
function titlesOf(file: string): string[] {
  const titles: string[] = []
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && ['it', 'test', 'describe'].includes(rootName(node.expression))) {
      const title = node.arguments[0] as ts.Expression | undefined
      if (title !== undefined && ts.isStringLiteralLike(title)) titles.push(title.text)
    }
    ts.forEachChild(node, visit)
  }
  visit(ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest))
  return titles
}

/** Rule IDs that a title quotes in brackets: `[HF-02]`, `[C-01..04]`, `[PV-01, PV-05..06]`. */
function quotedRules(title: string): string[] {
  return [...title.matchAll(/\[([A-Z]+-\d+[^\]]*)\]/g)].flatMap(([, list]) =>
    list.split(',').flatMap((part) => {
      const [, set, from, to] = /^\s*([A-Z]+)-(\d+)(?:\.\.(\d+))?\s*$/.exec(part) ?? []
      if (set === undefined) return [part]
      const count = Number(to ?? from) - Number(from) + 1
      return Array.from({ length: count }, (_, i) => `${set}-${String(Number(from) + i).padStart(2, '0')}`)
    }),
  )
}

const titles = readdirSync(testFolder, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.test.ts'))
  .flatMap((file) => titlesOf(join(testFolder, file)))

describe('SPEC.md', () => {
  it('is what the catalogue says', async () => {
    await expect(specText()).toMatchFileSnapshot('../../streams/SPEC.md')
  })

  it('has a test for every rule', () => {
    const quoted = new Set(titles.flatMap(quotedRules))
    expect(catalogue.map(({ rule }) => rule).filter((rule) => !quoted.has(rule))).toEqual([])
  })

  it('knows every rule that a test quotes', () => {
    const known = new Set(catalogue.map(({ rule }) => rule))
    expect(titles.flatMap(quotedRules).filter((rule) => !known.has(rule))).toEqual([])
  })

  it('gives every rule and id once', () => {
    for (const names of [catalogue.map(({ rule }) => rule), catalogue.map(({ id }) => id)])
      expect(new Set(names).size).toBe(names.length)
  })

  it('reads ranges and lists of IDs', () => {
    expect(quotedRules('[C-01..03, C-09] and [HF-02]')).toEqual(['C-01', 'C-02', 'C-03', 'C-09', 'HF-02'])
  })
})
