import { execFileSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import type { AvroField, AvroType } from '../../schemas/record.ts'
import { allSchemas, publishedSchema } from '../../src/wire/index.ts'
import { root } from './source-files.ts'

interface Published {
  readonly name: string
  readonly fields: readonly AvroField[]
}

const git = (...words: readonly string[]): string => execFileSync('git', [...words], { cwd: root, encoding: 'utf8' })

/** The files as they were committed last, so that a change is not compared with itself. */
const released = git('ls-tree', '--name-only', 'HEAD', 'schemas/published/')
  .split('\n')
  .filter((file) => file.endsWith('.v1.avsc'))
  .map((file) => JSON.parse(git('show', `HEAD:${file}`)) as Published)

const current = allSchemas.map((schema) => JSON.parse(publishedSchema(schema)) as Published)

/** What makes `now` unreadable to those who know `then`. */
function broken(place: string, then: AvroType, now: AvroType): string[] {
  if (typeof then === 'string' || typeof now === 'string') return then === now ? [] : [`${place}: type`]
  if (then.type === 'array' && now.type === 'array') return broken(`${place}[]`, then.items, now.items)
  if (then.type !== 'record' || now.type !== 'record' || then.name !== now.name) return [`${place}: type`]
  return brokenFields(`${place}.${then.name}`, then.fields, now.fields)
}

function brokenFields(place: string, then: readonly AvroField[], now: readonly AvroField[]): string[] {
  const kept = now.filter(({ name }) => then.some((field) => field.name === name))
  if (kept.map(({ name }) => name).join() !== then.map(({ name }) => name).join())
    return [`${place}: a field is gone, renamed or moved`]
  const gained = now.filter((field) => !kept.includes(field) && field.default === undefined)
  return [
    ...gained.map(({ name }) => `${place}.${name}: new and without a default`),
    ...then.flatMap((field, i) => {
      const attributes = (['column', 'unit', 'stride', 'default'] as const).filter(
        (key) => JSON.stringify(field[key]) !== JSON.stringify(kept[i][key]),
      )
      return [
        ...attributes.map((key) => `${place}.${field.name}: ${key}`),
        ...broken(`${place}.${field.name}`, field.type, kept[i].type),
      ]
    }),
  ]
}

describe('schemas/published', () => {
  it('released schemas only gain fields with a default', () => {
    expect(released.length).toBeGreaterThan(0)
    for (const then of released) {
      const now = current.find(({ name }) => name === then.name)
      expect([then.name, now === undefined ? 'gone' : brokenFields(then.name, then.fields, now.fields)]).toEqual([
        then.name,
        [],
      ])
    }
  })

  it('holds every schema as it is now', () => {
    const files = new Map(
      git('ls-files', 'schemas/published')
        .split('\n')
        .filter((file) => file !== '')
        .map((file) => [file, git('show', `:${file}`)]),
    )
    expect([...files.keys()].sort()).toEqual(allSchemas.map(({ name }) => `schemas/published/${name}.v1.avsc`).sort())
    for (const schema of allSchemas)
      expect(files.get(`schemas/published/${schema.name}.v1.avsc`)).toBe(publishedSchema(schema))
  })

  it('sees what would break a reader', () => {
    const [then] = released.filter(({ name }) => name === 'TickBatch')
    const change = (edit: (fields: AvroField[]) => AvroField[]): number =>
      brokenFields('TickBatch', then.fields, edit([...then.fields])).length
    const count = then.fields.findIndex(({ name }) => name === 'quantity')
    const extra: AvroField = { name: 'venue', type: 'string', doc: '' }
    expect(change((fields) => fields)).toBe(0)
    expect(change((fields) => fields.toSpliced(count, 1))).toBe(1)
    expect(change((fields) => [...fields, extra])).toBe(1)
    expect(change((fields) => [...fields, { ...extra, default: '' }])).toBe(0)
    expect(change((fields) => fields.with(count, { ...fields[count], unit: 'lots' }))).toBe(1)
    expect(change((fields) => fields.with(count, { ...fields[count], column: 'f32' }))).toBe(1)
    expect(change((fields) => fields.with(0, { ...fields[0], type: 'int' }))).toBe(1)
  })
})
