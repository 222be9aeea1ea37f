import { readFileSync, writeFileSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import ts from 'typescript'

const root = resolve(import.meta.dirname, '../..')

/**
 * Node 20 runs no TypeScript: a child process is stripped of its types and stands on what is compiled in dist. `source`
 * is a file two folders below the root; answers the script in `folder`.
 */
export function compiledChild(source: string, folder: string): string {
  const { outputText } = ts.transpileModule(readFileSync(source, 'utf8'), {
    compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 },
  })
  const compiled = pathToFileURL(join(root, 'dist')).href
  const file = join(folder, `${basename(source, '.ts')}.mjs`)
  writeFileSync(file, outputText.replaceAll(/'..\/..\/(src\/[\w/-]+).ts'/g, `'${compiled}/$1.js'`))
  return file
}
