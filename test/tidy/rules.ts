import ts from 'typescript'
import { commentsOf, nodesOf, placeOf, type Source } from './source-files.ts'

/** What the compiler and the linter cannot see; every rule answers the places that break it. */

const functionLinesMax = 70
const fileLinesMax = 400
const lineLengthMax = 120

const lineOf = (tree: ts.SourceFile, at: number): number => tree.getLineAndCharacterOfPosition(at).line

/** Members of globals that are a clock, chance, the environment or a console. */
const impure: Readonly<Record<string, readonly string[] | 'all'>> = {
  Date: ['now'],
  performance: 'all',
  Math: ['random'],
  process: ['env', 'hrtime', 'uptime'],
  console: 'all',
  crypto: ['randomUUID', 'getRandomValues'],
}

const impureImports = ['randomUUID', 'randomBytes', 'randomInt', 'performance', 'setTimeout', 'setInterval']
const impureCalls = ['setTimeout', 'setInterval', 'setImmediate']

function impureName(node: ts.Node): string | null {
  if (ts.isPropertyAccessExpression(node) && ts.isIdentifier(node.expression)) {
    const members = Object.hasOwn(impure, node.expression.text) ? impure[node.expression.text] : []
    const isImpure = members === 'all' || members.includes(node.name.text)
    return isImpure ? `${node.expression.text}.${node.name.text}` : null
  }
  if (ts.isNewExpression(node) && ts.isIdentifier(node.expression) && node.expression.text === 'Date')
    return (node.arguments?.length ?? 0) === 0 ? 'new Date()' : null
  if (ts.isCallExpression(node) && ts.isIdentifier(node.expression) && impureCalls.includes(node.expression.text))
    return `${node.expression.text}()`
  if (ts.isImportSpecifier(node)) {
    const name = (node.propertyName ?? node.name).text
    return impureImports.includes(name) ? `import of ${name}` : null
  }
  return null
}

/** Clocks, chance, environment, console and timers. */
export function impurities(source: Source): string[] {
  return [...nodesOf(source.tree)].flatMap((node) => {
    const name = impureName(node)
    return name === null ? [] : [`${placeOf(source, node.getStart())} ${name}`]
  })
}

function bannedSyntax(node: ts.Node): string | null {
  if (ts.isExportAssignment(node)) return 'default export'
  if (ts.canHaveModifiers(node) && ts.getModifiers(node)?.some(({ kind }) => kind === ts.SyntaxKind.DefaultKeyword))
    return 'default export'
  if (ts.isExportDeclaration(node) && node.exportClause === undefined) return 'export *'
  if (ts.isEnumDeclaration(node)) return 'enum'
  return node.kind === ts.SyntaxKind.AnyKeyword ? 'any' : null
}

/** Default exports, `export *`, enums, `any`, and comments that silence the compiler or the linter. */
export function banned(source: Source): string[] {
  const syntax = [...nodesOf(source.tree)].flatMap((node) => {
    const name = bannedSyntax(node)
    return name === null ? [] : [`${placeOf(source, node.getStart())} ${name}`]
  })
  const silenced = commentsOf(source)
    .filter(({ text }) => /@ts-(ignore|nocheck|expect-error)|eslint-disable/.test(text))
    .map(({ at, text }) => `${placeOf(source, at)} ${text}`)
  return [...syntax, ...silenced]
}

const isTestCall = (node: ts.Node): boolean =>
  ts.isExpressionStatement(node) &&
  ts.isCallExpression(node.expression) &&
  /^(describe|it|test)\b/.test(node.expression.expression.getText())

/** A suite is a list of tests, not a function that does something. */
function isSuite(node: ts.SignatureDeclaration): boolean {
  const body = 'body' in node ? node.body : undefined
  return body !== undefined && ts.isBlock(body) && body.statements.some(isTestCall)
}

/** Functions, files and lines that are too long to be read at once. */
export function tooLong(source: Source): string[] {
  const { file, text, tree } = source
  const lines = text.split('\n')
  const found = lines.flatMap((line, i) =>
    line.length > lineLengthMax ? [`${file}:${i + 1} has ${line.length} columns`] : [],
  )
  if (lines.length - 1 > fileLinesMax) found.push(`${file} has ${lines.length - 1} lines`)
  for (const node of nodesOf(tree)) {
    if (!ts.isFunctionLike(node) || isSuite(node)) continue
    const length = lineOf(tree, node.getEnd()) - lineOf(tree, node.getStart()) + 1
    if (length > functionLinesMax) found.push(`${placeOf(source, node.getStart())} is a function of ${length} lines`)
  }
  return found
}

/** Comments that point outside of the repository: a reader has no such paper. */
export function foreignComments(source: Source): string[] {
  return commentsOf(source)
    .filter(({ text }) => /\bDESIGN\b|\bissues?\b|\bhelper\b|\breference\/[\w-]+\.(md|txt)/i.test(text))
    .map(({ at }) => placeOf(source, at))
}
