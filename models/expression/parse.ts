import { ClosebellError } from '../../schemas/errors.ts'
import { countsOf, type OperatorName, operatorNames, signatureOf, windows } from './operators.ts'
import type { Expression } from './syntax.ts'
import { terminalNames } from './terminals.ts'

/** Where and why a text is no expression: the cause of the error that the parser throws. */
export interface ExpressionFault {
  /** Place of its first character, counted from 1. */
  readonly position: number
  /** What stands there; '' = the text ends. */
  readonly found: string
  readonly wanted: string
  /** The operator or feature that comes nearest to what was found; '' = none does. */
  readonly nearest: string
}

/** Bounds of what is parsed at all: they hold memory and time, mining has narrower ones of its own. */
export const parseLimits = { characters: 4096, nodes: 64, depth: 12 } as const

interface Token {
  /** '(' or ')', a word, or '' at the end. */
  readonly text: string
  readonly position: number
}

const space = /\s/
const word = /[A-Za-z0-9_.+-]/

/**
 * Parses one s-expression: a feature such as `ret`, or `(operator input... window count)`.
 * @throws ClosebellError CB_EXPRESSION, whose cause is an {@link ExpressionFault}
 */
export function parseExpression(text: string): Expression {
  if (text.length > parseLimits.characters)
    throw fault({ position: parseLimits.characters + 1, found: '' }, `at most ${parseLimits.characters} characters`)
  const parser = new Parser(text)
  const expression = parser.expression(0)
  parser.end()
  return expression
}

class Parser {
  private readonly text: string
  private at = 0
  private nodes = 0

  constructor(text: string) {
    this.text = text
  }

  expression(depth: number): Expression {
    const token = this.next()
    this.nodes++
    if (this.nodes > parseLimits.nodes) throw fault(placed(token), `at most ${parseLimits.nodes} nodes`)
    if (token.text !== '(') return terminalOf(token)
    if (depth >= parseLimits.depth)
      throw fault(placed(token), `at most ${parseLimits.depth} operators inside each other`)
    const operator = operatorOf(this.next())
    const signature = signatureOf(operator)
    const inputs: Expression[] = []
    for (let input = 0; input < signature.inputs; input++) inputs.push(this.expression(depth + 1))
    const window = signature.window ? this.number(`a window of ${listed(windows)} days`, windows) : 0
    const counts = countsOf(window)
    const count = signature.count ? this.number(`${listed(counts)} of ${window} days`, counts) : 0
    const close = this.next()
    if (close.text !== ')') throw fault(placed(close), `')' after the ${shapeOf(operator)} of ${operator}`)
    return { kind: 'call', operator, inputs, window, count }
  }

  end(): void {
    const token = this.next()
    if (token.text !== '') throw fault(placed(token), 'the end of the expression')
  }

  private number(wanted: string, allowed: readonly number[]): number {
    const token = this.next()
    const value = allowed.find((number) => String(number) === token.text)
    if (value === undefined) throw fault(placed(token), wanted)
    return value
  }

  private next(): Token {
    const { text } = this
    while (this.at < text.length && space.test(text[this.at])) this.at++
    const from = this.at
    const position = from + 1
    if (from >= text.length) return { text: '', position }
    this.at++
    if (!word.test(text[from])) {
      if (text[from] === '(' || text[from] === ')') return { text: text[from], position }
      throw fault({ position, found: text[from] }, "'(', ')', a name or a number")
    }
    while (this.at < text.length && word.test(text[this.at])) this.at++
    return { text: text.slice(from, this.at), position }
  }
}

function terminalOf(token: Token): Expression {
  if (terminalNames.includes(token.text)) return { kind: 'terminal', id: token.text }
  if ((operatorNames as readonly string[]).includes(token.text))
    throw fault(placed(token), `'(' before the operator ${token.text}`)
  throw fault(placed(token), "a feature or '('", nearestOf(token.text, terminalNames))
}

function operatorOf(token: Token): OperatorName {
  const operator = operatorNames.find((name) => name === token.text)
  if (operator !== undefined) return operator
  throw fault(placed(token), 'an operator', nearestOf(token.text, operatorNames))
}

const shapeOf = (operator: OperatorName): string => {
  const { inputs, window, count } = signatureOf(operator)
  const parts = [
    inputs === 1 ? '1 input' : `${inputs} inputs`,
    ...(window ? ['window'] : []),
    ...(count ? ['count'] : []),
  ]
  return listed(parts, 'and')
}

const listed = (parts: readonly (string | number)[], last = 'or'): string =>
  parts.length < 2 ? parts.join('') : `${parts.slice(0, -1).join(', ')} ${last} ${parts[parts.length - 1]}`

const placed = ({ text, position }: Token): { position: number; found: string } => ({ position, found: text })

/** A long word is shown by its beginning. */
const shown = (found: string): string => (found === '' ? 'the end' : `'${found.slice(0, 40)}'`)

function fault(at: { position: number; found: string }, wanted: string, nearest = ''): ClosebellError {
  const cause: ExpressionFault = { ...at, wanted, nearest }
  const hint = nearest === '' ? '' : `; did you mean ${nearest}?`
  return new ClosebellError(
    'CB_EXPRESSION',
    `at character ${at.position}: found ${shown(at.found)}, wanted ${wanted}${hint}`,
    { cause },
  )
}

/** More changes than this make another name. */
const changesMax = 3

/** The name with the fewest changed letters; '' when all are farther than three, or as far as the word is long. */
function nearestOf(found: string, names: readonly string[]): string {
  if (found.length > 40) return ''
  let best = ''
  let least = Math.min(changesMax + 1, found.length)
  for (const name of names) {
    const changes = changesBetween(found.toLowerCase(), name)
    if (changes < least) [best, least] = [name, changes]
  }
  return best
}

/** Letters inserted, deleted or replaced on the way from one word to another. */
function changesBetween(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, j) => j)
  for (let i = 1; i <= from.length; i++) {
    const next = [i]
    for (let j = 1; j <= to.length; j++) {
      const replaced = row[j - 1] + (from[i - 1] === to[j - 1] ? 0 : 1)
      next.push(Math.min(replaced, row[j] + 1, next[j - 1] + 1))
    }
    row = next
  }
  return row[to.length]
}
