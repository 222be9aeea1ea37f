import { ClosebellError } from '../../schemas/errors.ts'
import { type OperatorName, signatureOf } from './operators.ts'
import { columnsOfTerminal, isAdjusted, setOfTerminal, type TerminalSet, terminalSets } from './terminals.ts'

/** A feature, or an operator over features. */
export type Expression =
  | { readonly kind: 'terminal'; readonly id: string }
  | {
      readonly kind: 'call'
      readonly operator: OperatorName
      readonly inputs: readonly Expression[]
      /** Days; 0 where the operator takes none. */
      readonly window: number
      /** Days of the window that a cut takes; 0 where the operator takes none. */
      readonly count: number
    }

/** The canonical text: one space between parts, none elsewhere. Equal expressions have equal texts. */
export function printExpression(expression: Expression): string {
  if (expression.kind === 'terminal') return expression.id
  const { operator, inputs, window, count } = expression
  const numbers = [window, count].filter((number) => number > 0).map(String)
  return `(${[operator, ...inputs.map(printExpression), ...numbers].join(' ')})`
}

/** 64-bit FNV-1a of the canonical text, 16 hexadecimal digits: a short name for an expression, no protection. */
export function expressionHash(expression: Expression): string {
  let hash = 0xcbf29ce484222325n
  for (const character of printExpression(expression)) {
    hash ^= BigInt(character.charCodeAt(0))
    hash = BigInt.asUintN(64, hash * 0x100000001b3n)
  }
  return hash.toString(16).padStart(16, '0')
}

/** Terminals and operators; windows are no nodes. */
export const nodesOf = (expression: Expression): number =>
  expression.kind === 'terminal' ? 1 : 1 + expression.inputs.reduce((sum, input) => sum + nodesOf(input), 0)

/** Operators on the longest way down; a terminal has 0. */
export const depthOf = (expression: Expression): number =>
  expression.kind === 'terminal' ? 0 : 1 + Math.max(...expression.inputs.map(depthOf))

/** Market days that a value reads, its own counted in. */
export function daysRead(expression: Expression): number {
  if (expression.kind === 'terminal') return expression.id === 'ret' ? 2 : 1
  return Math.max(...expression.inputs.map(daysRead)) + daysBefore(expression.operator, expression.window)
}

/** Days before its own that an operator asks of its inputs. */
export function daysBefore(operator: OperatorName, window: number): number {
  if (operator === 'delay' || operator === 'delta') return window
  return signatureOf(operator).window ? window - 1 : 0
}

/** Terminals in the order of their first use. */
export function terminalsOf(expression: Expression): string[] {
  if (expression.kind === 'terminal') return [expression.id]
  return [...new Set(expression.inputs.flatMap(terminalsOf))]
}

/** Sets and columns that must be read to evaluate expressions; PV is always among them, since it says who traded. */
export function columnsRead(expressions: readonly Expression[]): Readonly<Record<TerminalSet, readonly string[]>> {
  const columns = new Set(['pv_volume'])
  for (const id of expressions.flatMap(terminalsOf)) for (const column of columnsOfTerminal(id)) columns.add(column)
  const of = (set: TerminalSet): string[] => [...columns].filter((column) => setOfTerminal(column) === set).sort()
  return Object.fromEntries(terminalSets.map((set) => [set, of(set)])) as Record<TerminalSet, string[]>
}

/** Whether a value depends on the day that prices are adjusted to, even where every ratio of prices cancels it. */
export const readsAdjusted = (expression: Expression): boolean => terminalsOf(expression).some(isAdjusted)

/** Whether a value of one name depends on other names. */
export const readsSection = (expression: Expression): boolean =>
  expression.kind === 'call' &&
  (['section', 'both'].includes(signatureOf(expression.operator).reach) || expression.inputs.some(readsSection))

const minedDepth = 5
const [minedNodesMin, minedNodesMax] = [3, 20]

/** @throws ClosebellError CB_EXPRESSION for an expression that is larger, deeper or smaller than mining may keep. */
export function checkMined(expression: Expression): void {
  const [nodes, depth] = [nodesOf(expression), depthOf(expression)]
  if (nodes >= minedNodesMin && nodes <= minedNodesMax && depth <= minedDepth) return
  throw new ClosebellError(
    'CB_EXPRESSION',
    `${printExpression(expression)} has ${nodes} nodes and depth ${depth}; ` +
      `mining keeps ${minedNodesMin} to ${minedNodesMax} nodes and depth up to ${minedDepth}`,
  )
}
