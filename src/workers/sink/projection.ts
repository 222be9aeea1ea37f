import { historySets, streamSets } from '../../../schemas/catalogue/index.ts'
import type { Completed, Factor, Input, MlC, Panel } from '../../../schemas/day.ts'
import { ClosebellError } from '../../../schemas/errors.ts'
import type { DayRow, MinuteRows } from '../../../schemas/rows.ts'
import type { DayTable } from '../../../schemas/tables.ts'
import { sets, type SetName } from '../../../schemas/topics.ts'
import type { Logged } from '../../ports/bus.ts'
import { dateToEventTime } from '../../ports/store.ts'
import { decode } from '../../wire/index.ts'
import type { RowBuilders } from './row-builder.ts'

/** What is known of a message beside its value. */
interface Context {
  /** live or backfill. */
  readonly origin: string
  /** Append time of the message, µs UTC: deterministic, unlike the time of the projection. */
  readonly knownAt: number
}

/** Projects one message of an output topic into rows of the store. Records without a table are passed over. */
export function project(message: Logged, origin: string, into: RowBuilders): void {
  const context = { origin, knownAt: message.appendedAt * 1000 }
  const decoded = decode(message.value)
  switch (decoded.kind) {
    case 'dayRow':
      return projectDayRow(decoded.value, context, into)
    case 'minuteRows':
      return projectMinuteRows(decoded.value, context, into)
    case 'panel':
      return projectPanel(decoded.value, context, into)
    case 'input':
      return projectInput(decoded.value, context, into)
    case 'factor':
      return projectFactor(decoded.value, context, into)
    case 'mlC':
      return projectMlC(decoded.value, context, into)
    case 'completed':
      return projectCompleted(decoded.value, context, into)
    default:
  }
}

const broken = (fact: string): ClosebellError => new ClosebellError('CB_WIRE_VALUE', fact)

/** Table of a set that is one of those. */
function tableOfSet(set: string, among: readonly SetName[]): DayTable {
  if (!among.some((name) => name === set)) throw broken(`a message has rows of the set ${JSON.stringify(set)}`)
  return set.toLowerCase() as DayTable
}

function projectDayRow(row: DayRow, { origin, knownAt }: Context, into: RowBuilders): void {
  const wanted = row.sets.reduce((sum, { columns }) => sum + columns.length, 0)
  if (row.values.length !== wanted) throw broken(`a day row has ${row.values.length} values for ${wanted} columns`)
  let at = 0
  for (const { set, columns } of row.sets) {
    const values: Record<string, number> = {}
    for (const column of columns) values[column] = row.values[at++]
    into.of(tableOfSet(set, sets)).add(1, {
      event_time: dateToEventTime(row.date),
      instrument: row.instrument,
      revision: row.revision,
      origin,
      known_at: knownAt,
      sizing: row.sizing,
      quality: row.quality,
      ...values,
    })
  }
}

function projectMinuteRows(rows: MinuteRows, { origin, knownAt }: Context, into: RowBuilders): void {
  const { count } = rows
  const values: Record<string, Float64Array> = {}
  rows.columns.forEach((column, c) => (values[column] = rows.values.subarray(c * count, (c + 1) * count)))
  into.of(`${tableOfSet(rows.set, streamSets)}_minutes`).add(count, {
    event_time: rows.eventTime,
    instrument: rows.instruments,
    revision: rows.revision,
    origin,
    known_at: knownAt,
    sizing: rows.sizing,
    quality: rows.quality,
    minute: rows.minute,
    ...values,
  })
}

/** Rows of the sets that the close makes; those of the stream have come as day rows. */
function projectPanel(panel: Panel, { origin, knownAt }: Context, into: RowBuilders): void {
  const set = historySets.find((name) => name === panel.set)
  if (set === undefined) return
  const { count } = panel
  const values: Record<string, Float64Array> = {}
  panel.columns.forEach((column, c) => (values[column] = panel.values.subarray(c * count, (c + 1) * count)))
  into.of(set.toLowerCase() as DayTable).add(count, {
    event_time: dateToEventTime(panel.date),
    instrument: panel.instruments,
    revision: panel.revision,
    origin,
    known_at: knownAt,
    sizing: panel.sizing,
    quality: panel.quality,
    ...values,
  })
}

function projectInput(input: Input, { knownAt }: Context, into: RowBuilders): void {
  const head = {
    event_time: dateToEventTime(input.kind === 'styles' ? input.asOf : input.date),
    revision: input.revision,
    known_at: knownAt,
  }
  if (input.kind === 'styles')
    into.of('styles').add(input.columns.length, { ...head, style: input.columns, return: input.values })
  else if (input.kind === 'exposures') {
    input.columns.forEach((style, c) => {
      const exposure = input.values.subarray(c * input.count, (c + 1) * input.count)
      into.of('exposures').add(input.instruments.length, { ...head, instrument: input.instruments, style, exposure })
    })
  } else if (input.kind.startsWith('graph-')) projectGraph(input, head, into)
}

function projectGraph(input: Input, head: Record<string, number>, into: RowBuilders): void {
  const k = input.columns.length
  const graph = input.kind.slice('graph-'.length)
  input.instruments.forEach((instrument, i) => {
    for (let rank = 0; rank < k; rank++) {
      const neighbour = input.neighbours[i * k + rank]
      if (neighbour < 0) continue
      const name = input.instruments[neighbour]
      if (name === undefined) throw broken(`a graph of ${input.instruments.length} names has neighbour ${neighbour}`)
      into.of('graphs').add(1, { ...head, instrument, graph, rank: rank + 1, neighbour: name })
    }
  })
}

function projectFactor(factor: Factor, { knownAt }: Context, into: RowBuilders): void {
  into.of('factors').add(factor.count, {
    event_time: dateToEventTime(factor.date),
    instrument: factor.instruments,
    revision: factor.revision,
    known_at: knownAt,
    set: factor.set,
    horizon: factor.horizon,
    raw: factor.raw,
    neutral: factor.neutral,
    artifact: factor.artifactHash,
  })
}

function projectMlC(mlC: MlC, { knownAt }: Context, into: RowBuilders): void {
  const head = { event_time: dateToEventTime(mlC.date), revision: mlC.revision, known_at: knownAt }
  into.of('factors').add(mlC.count, {
    ...head,
    instrument: mlC.instruments,
    set: 'ML_C',
    horizon: mlC.horizon,
    raw: mlC.raw,
    neutral: mlC.neutral,
    artifact: '',
  })
  into.of('weights').add(mlC.sets.length, {
    ...head,
    set: mlC.sets,
    weight: mlC.weights,
    sa: mlC.saWeights,
    long_only: mlC.longOnlyWeights,
  })
}

function projectCompleted(completed: Completed, { knownAt }: Context, into: RowBuilders): void {
  into.of('completed').add(1, {
    event_time: dateToEventTime(completed.date),
    revision: completed.revision,
    known_at: knownAt,
    degraded: completed.degraded ? 1 : 0,
    retracted: completed.retracted ? 1 : 0,
    cause: completed.cause,
    universe: completed.universe,
    published: completed.published,
  })
}
