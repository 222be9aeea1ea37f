import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import ts from 'typescript'

export const root = resolve(import.meta.dirname, '../..')

/** Folders whose code the product runs. */
export const layers = ['schemas', 'streams', 'models', 'src'] as const

/** Files that git tracks or would track, by path from the root. */
export const repositoryFiles: readonly string[] = execFileSync(
  'git',
  ['ls-files', '--cached', '--others', '--exclude-standard', '-z'],
  { cwd: root, encoding: 'utf8' },
)
  .split('\0')
  .filter((file) => file !== '' && existsSync(join(root, file)) && statSync(join(root, file)).isFile())

export const textOf = (file: string): string => readFileSync(join(root, file), 'utf8')

export const inLayers = (file: string): boolean => layers.some((layer) => file.startsWith(`${layer}/`))

export const typescriptFiles: readonly string[] = repositoryFiles.filter(
  (file) => file.endsWith('.ts') && (inLayers(file) || file.startsWith('test/')),
)

export interface Source {
  readonly file: string
  readonly text: string
  readonly tree: ts.SourceFile
}

export const parse = (file: string, text: string): Source => ({
  file,
  text,
  tree: ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true),
})

export const sources: readonly Source[] = typescriptFiles.map((file) => parse(file, textOf(file)))

/** Every node of a file, parents first. */
export function* nodesOf(node: ts.Node): Generator<ts.Node> {
  yield node
  const children: ts.Node[] = []
  ts.forEachChild(node, (child) => void children.push(child))
  for (const child of children) yield* nodesOf(child)
}

/** `file:line`, as an editor opens it. */
export const placeOf = ({ file, tree }: Source, at: number): string =>
  `${file}:${tree.getLineAndCharacterOfPosition(at).line + 1}`

/** Comments of a file, with where they begin. */
export function commentsOf({ tree, text }: Source): { at: number; text: string }[] {
  const found = new Map<number, string>()
  const collect = (ranges: readonly ts.CommentRange[] | undefined): void => {
    for (const { pos, end } of ranges ?? []) found.set(pos, text.slice(pos, end))
  }
  for (const node of nodesOf(tree)) {
    collect(ts.getLeadingCommentRanges(text, node.getFullStart()))
    collect(ts.getTrailingCommentRanges(text, node.getEnd()))
  }
  return [...found].map(([at, comment]) => ({ at, text: comment }))
}
