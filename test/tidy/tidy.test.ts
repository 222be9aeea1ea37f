import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { banned, foreignComments, impurities, tooLong } from './rules.ts'
import { inLayers, layers, parse, repositoryFiles, root, sources, textOf, typescriptFiles } from './source-files.ts'

/** Where the outside world comes in: everything else gets its clock, chance and settings as arguments. */
const doors = [
  'src/cli/',
  'src/compose/',
  'src/services/',
  // The page runs in a browser, with the window's clock; it is tested there.
  'src/monitor/page/',
  // TensorFlow reads its settings from the environment when its library is loaded.
  'src/engine/tensorflow/binding.ts',
  'src/engine/tensorflow/setup-command.ts',
]

const isDoor = (file: string): boolean => doors.some((door) => file.startsWith(door))

describe('code', () => {
  it('reads no clock, chance, environment or console but at its doors', () => {
    expect(sources.filter(({ file }) => inLayers(file) && !isDoor(file)).flatMap(impurities)).toEqual([])
  })

  it('keeps streams, schemas and models free of input and output', () => {
    const pure = sources.filter(({ file }) => /^(schemas|streams|models)\//.test(file))
    const imports = pure.flatMap(({ file, text }) =>
      [...text.matchAll(/from '((?:node:)?[^.'][^']*)'/g)].map(([, name]) => `${file} ${name}`),
    )
    expect(imports).toEqual(imports.filter((line) => / (zod|node:crypto|node:zlib)$/.test(line)))
  })

  it('has named exports only, no enum, no any, and nothing that silences the compiler or the linter', () => {
    expect(sources.flatMap(banned)).toEqual([])
  })

  it('has functions of up to 70 lines, files of up to 400 and lines of up to 120 columns', () => {
    expect(sources.flatMap(tooLong)).toEqual([])
  })

  it('has comments that a reader of this repository can follow', () => {
    expect(sources.flatMap(foreignComments)).toEqual([])
  })

  it('has file names in kebab-case that say what is in them', () => {
    const names = typescriptFiles.map((file) => file.split('/').at(-1) as string)
    expect(names.filter((name) => !/^[a-z0-9]+(-[a-z0-9]+)*(\.test|\.d)?\.ts$/.test(name))).toEqual([])
    expect(names.filter((name) => /^(utils?|helpers?|common|manager|misc)\b/.test(name))).toEqual([])
  })
})

describe('layers', () => {
  const projects = repositoryFiles.filter((file) => inLayers(file) && file.endsWith('/tsconfig.json')).map(dirname)

  it('hold every file in a project, whose references the compiler enforces', () => {
    const isHeld = (folder: string): boolean => folder !== '.' && (projects.includes(folder) || isHeld(dirname(folder)))
    expect(typescriptFiles.filter((file) => inLayers(file) && !isHeld(dirname(file)))).toEqual([])
  })

  it('are all built', () => {
    const built = JSON.parse(textOf('tsconfig.json')) as { references: { path: string }[] }
    expect(built.references.map(({ path }) => path).sort()).toEqual([...projects].sort())
  })

  it('look downwards: schemas at nothing, streams and models at schemas', () => {
    const seen = (layer: string): string[] => {
      const config = JSON.parse(textOf(`${layer}/tsconfig.json`)) as { references?: { path: string }[] }
      return (config.references ?? []).map(({ path }) => join(layer, path))
    }
    expect(layers.slice(0, 3).map(seen)).toEqual([[], ['schemas'], ['schemas']])
    const adapters = projects.filter((project) => /^src\/(bus|store|engine|feeds)\//.test(project))
    for (const adapter of adapters) {
      const allowed = ['schemas', 'models', 'src/ports', 'src/wire']
      expect([adapter, seen(adapter).filter((layer) => !allowed.includes(layer))]).toEqual([adapter, []])
    }
  })
})

describe('tracked files', () => {
  const isText = (file: string): boolean => !/\.(png|jpg|gz|parquet|avro|bin|f32|wasm)$/.test(file)
  const lines = repositoryFiles
    .filter((file) => isText(file) && file !== 'package-lock.json')
    .flatMap((file) =>
      textOf(file)
        .split('\n')
        .map((line, i) => ({ place: `${file}:${i + 1}`, line })),
    )

  it('carry no note to do later', () => {
    const words = new RegExp(`\\b(${['TO' + 'DO', 'FIX' + 'ME', 'X' + 'XX'].join('|')})\\b`)
    expect(lines.filter(({ line }) => words.test(line)).map(({ place }) => place)).toEqual([])
  })

  it('name no path of a machine', () => {
    const paths = new RegExp(`(?<![\\w.*~-])/(${['work', 'tmp', 'root', 'home', 'Users'].join('|')})/`)
    expect(lines.filter(({ line }) => paths.test(line)).map(({ place }) => place)).toEqual([])
  })

  it('take packages from the public registry, at exact versions', () => {
    const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
      packages: Record<string, { resolved?: string }>
    }
    const hosts = Object.values(lock.packages).map(({ resolved }) => resolved?.split('/')[2] ?? 'registry.npmjs.org')
    expect([...new Set(hosts)]).toEqual(['registry.npmjs.org'])
    const { dependencies, devDependencies } = JSON.parse(textOf('package.json')) as Record<string, object>
    const versions = Object.entries({ ...dependencies, ...devDependencies })
    expect(versions.filter(([, version]) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version as string))).toEqual([])
    expect(existsSync(join(root, '.npmrc'))).toBe(false)
  })
})

describe('the rules themselves', () => {
  const found = (rule: (source: ReturnType<typeof parse>) => string[], text: string): number =>
    rule(parse('planted.ts', text)).length

  it('see what they are for', () => {
    expect(found(impurities, 'const at = Date.now()\nconst day = new Date()\nconst u = Math.random()')).toBe(3)
    expect(
      found(impurities, "import { setTimeout as sleep } from 'node:timers/promises'\nconsole.log(process.env)"),
    ).toBe(3)
    expect(found(impurities, 'const day = new Date(0).toISOString()\nconst n = Math.floor(1.5)')).toBe(0)
    expect(found(banned, "export default 1\nenum A { b }\nconst c: any = 1\nexport * from './a.ts'")).toBe(4)
    expect(found(banned, `export default function f() {}\n// @ts-${'ignore'}\nf()`)).toBe(2)
    expect(found(tooLong, `function f() {\n${'  g()\n'.repeat(69)}}\n`)).toBe(1)
    expect(found(tooLong, `function f() {\n${'  g()\n'.repeat(68)}}\n`)).toBe(0)
    expect(found(tooLong, `${'a'.repeat(121)}\n${'\n'.repeat(400)}`)).toBe(2)
    expect(found(foreignComments, '/** See DESIGN §2. */\nconst a = 1 // issue 4')).toBe(2)
  })
})
