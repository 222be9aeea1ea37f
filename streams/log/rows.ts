import { dayRules, minuteRules, streamSets, type Rule } from '../../schemas/catalogue/index.ts'
import { Quality, type DayRow, type FlowSizing, type MinuteRows } from '../../schemas/rows.ts'
import type { SetName } from '../../schemas/topics.ts'
import { Acc, accStride, type Accumulators } from '../accumulators.ts'
import { writeBar, writeMinuteBlock } from '../book/minute-bars.ts'
import { formulasOf, type Formula, type FormulaContext } from '../features/index.ts'
import type { Session } from '../market/session.ts'

interface SetWriter {
  readonly set: SetName
  readonly minuteColumns: string[]
  readonly dayColumns: string[]
  readonly formulas: readonly Formula[]
  /** Columns of the minute's bar that stand before the formulas. */
  readonly barColumns: number
}

const ids = (rules: readonly Rule[]): string[] => rules.map((rule) => rule.id)

const isBar = (rule: Rule): boolean => rule.rule.startsWith('BAR-')

const writers: readonly SetWriter[] = streamSets.map((set) => ({
  set,
  minuteColumns: ids(minuteRules[set]),
  dayColumns: ids(dayRules[set]),
  formulas: formulasOf(dayRules[set]),
  barColumns: minuteRules[set].filter(isBar).length,
}))

/** Fingerprint of the catalogue of each set, passed in because hashing is not done here. */
export type Fingerprints = Readonly<Record<SetName, string>>

export interface RowIdentity {
  readonly session: Session
  readonly partition: number
  readonly revision: number
  readonly sizing: FlowSizing
  readonly fingerprints: Fingerprints
}

/** Rows of the accumulators in symbol order. */
export function symbolOrder(state: Accumulators): Int32Array {
  const order = Int32Array.from({ length: state.count }, (_, i) => i)
  return order.sort((a, b) => (state.instruments[a] < state.instruments[b] ? -1 : 1))
}

/** Quality bits of a row: what its feed never gave, beside what was flagged of it and of the whole day. */
function qualityOf(state: Accumulators, row: number, ofDay: number): number {
  const acc = state.acc
  const base = row * accStride
  let bits = acc[base + Acc.quality] | ofDay
  if (acc[base + Acc.orderRows] === 0) bits |= Quality.orders
  if (acc[base + Acc.snapshots] === 0) bits |= Quality.snapshots
  if (acc[base + Acc.referenced] === 0) bits |= Quality.reference
  if (Number.isNaN(acc[base + Acc.adv20])) bits |= Quality.history
  return bits
}

/** Rows of every set at the seal of a bar: day-to-date, as known then. */
export function minuteRowsOf(
  identity: RowIdentity,
  state: Accumulators,
  order: Int32Array,
  bar: number,
  context: FormulaContext,
  carriedBefore: Float64Array,
  qualityOfDay: number,
): MinuteRows[] {
  const { session } = identity
  const count = order.length
  const instruments = Array.from(order, (row) => state.instruments[row])
  const quality = Int32Array.from(order, (row) => qualityOf(state, row, qualityOfDay))
  return writers.map((writer) => {
    const values = new Float64Array(writer.minuteColumns.length * count)
    if (writer.barColumns > 0) {
      for (let i = 0; i < count; i++) writeBar(state, order[i], bar, carriedBefore[order[i]], values, i, count)
    }
    fill(values, writer.barColumns * count, writer.formulas, state, order, context)
    return {
      date: session.date,
      partition: identity.partition,
      minute: bar - 1,
      eventTime: session.barStart[bar],
      set: writer.set,
      revision: identity.revision,
      sizing: identity.sizing,
      catalogue: identity.fingerprints[writer.set],
      count,
      instruments,
      columns: writer.minuteColumns,
      quality,
      values,
      crc: 0,
    }
  })
}

/** Column after column, so that one formula runs over all rows at a time. */
function fill(
  out: Float64Array,
  from: number,
  formulas: readonly Formula[],
  state: Accumulators,
  order: Int32Array,
  context: FormulaContext,
): void {
  const acc = state.acc
  let to = from
  for (const formula of formulas)
    for (let i = 0; i < order.length; i++) out[to++] = formula(acc, order[i] * accStride, context)
}

const setColumns = (fingerprints: Fingerprints): DayRow['sets'] =>
  writers.map((writer) => ({ set: writer.set, catalogue: fingerprints[writer.set], columns: writer.dayColumns }))

/** Day rows in symbol order, each with its minute block. */
export function dayRowsOf(
  identity: RowIdentity,
  state: Accumulators,
  order: Int32Array,
  context: FormulaContext,
  qualityOfDay: number,
): DayRow[] {
  const columns = setColumns(identity.fingerprints)
  const width = writers.reduce((sum, writer) => sum + writer.formulas.length, 0)
  return Array.from(order, (row) => {
    const values = new Float64Array(width)
    let to = 0
    for (const { formulas } of writers)
      for (const formula of formulas) values[to++] = formula(state.acc, row * accStride, context)
    return {
      date: identity.session.date,
      partition: identity.partition,
      instrument: state.instruments[row],
      revision: identity.revision,
      sizing: identity.sizing,
      quality: qualityOf(state, row, qualityOfDay),
      sets: columns,
      minuteCount: state.bars,
      values,
      minutes: writeMinuteBlock(state, row),
      crc: 0,
    }
  })
}
