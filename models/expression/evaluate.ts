import { dateIndex } from '../inputs/panel.ts'
import { overCells } from './cell-operators.ts'
import { type OperatorName, signatureOf } from './operators.ts'
import { type ExpressionSource, TerminalReader } from './panel.ts'
import { overSections } from './section-operators.ts'
import { daysBefore, daysRead, type Expression, readsAdjusted } from './syntax.ts'
import { overDelay, overPairs, overWindow } from './time-operators.ts'

/** Market days, its own counted in, that a value may read; an expression that reaches back farther has none. */
export const historyDays = 120

/** Days of a span that are evaluated together: bounds memory. */
const daysTogether = 20

/**
 * Values of expressions on one date, from that day and up to 119 market days before it. A value depends on the rows of
 * those days alone: it has the same bits whatever else the source holds.
 * @returns one [names of PV] for each expression
 * @throws ClosebellError CB_NO_HISTORY when PV lacks the date
 */
export function evaluate(expressions: readonly Expression[], source: ExpressionSource, date: string): Float64Array[] {
  const day = dateIndex(source.panels.PV, date)
  const reader = new TerminalReader(source, day)
  return expressions.map((expression) => evaluateDays(expression, reader, day, day))
}

/**
 * Values of one expression on all dates of PV from one to another, bit for bit those of {@link evaluate}.
 * @returns [dates][names of PV]
 */
export function evaluateSpan(expression: Expression, source: ExpressionSource, from: string, to: string): Float64Array {
  const first = dateIndex(source.panels.PV, from)
  const last = dateIndex(source.panels.PV, to)
  const width = source.panels.PV.instruments.length
  const values = new Float64Array((last - first + 1) * width)
  // Adjusted prices are other numbers on each day, so that their days cannot be shared.
  const step = source.factors !== undefined && readsAdjusted(expression) ? 1 : daysTogether
  for (let day = first; day <= last; day += step) {
    const end = Math.min(last, day + step - 1)
    values.set(evaluateDays(expression, new TerminalReader(source, end), day, end), (day - first) * width)
  }
  return values
}

function evaluateDays(expression: Expression, reader: TerminalReader, from: number, to: number): Float64Array {
  if (daysRead(expression) > historyDays) return new Float64Array((to - from + 1) * reader.width).fill(NaN)
  return valuesOf(expression, reader, from, to)
}

function valuesOf(expression: Expression, reader: TerminalReader, from: number, to: number): Float64Array {
  if (expression.kind === 'terminal') return reader.read(expression.id, from, to)
  const { operator, window, count } = expression
  const earliest = from - daysBefore(operator, window)
  const inputs = expression.inputs.map((input) => valuesOf(input, reader, earliest, to))
  const { reach } = signatureOf(operator)
  if (reach === 'cell') return overCells(operator, inputs)
  if (reach === 'section') return overSections(operator, inputs, reader.width)
  return overTime(operator, inputs, { width: reader.width, window, traded: reader.traded(from, to) }, count)
}

function overTime(
  operator: OperatorName,
  inputs: readonly Float64Array[],
  window: { width: number; window: number; traded: Uint8Array },
  count: number,
): Float64Array {
  if (operator === 'delay' || operator === 'delta') return overDelay(operator, inputs[0], window)
  if (operator === 'ts_meanrank') return overWindow(operator, overSections('cs_rank', inputs, window.width), window)
  if (inputs.length === 2) return overPairs(operator, [inputs[0], inputs[1]], window, count)
  return overWindow(operator, inputs[0], window)
}
