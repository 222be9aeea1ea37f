import { catalogue } from '../../../schemas/catalogue/index.ts'
import { ClosebellError } from '../../../schemas/errors.ts'
import type { Panel } from '../../../schemas/day.ts'
import { barColumns, type DayRow, type MinuteRows } from '../../../schemas/rows.ts'
import type { TopicName } from '../../../schemas/topics.ts'
import { decode } from '../../wire/index.ts'

/** The first place where what was published differs from what the log gives. */
export interface Difference {
  readonly topic: TopicName
  readonly partition: number
  /** Offset of the published record; null when it is missing. */
  readonly offset: number | null
  readonly date: string
  readonly reason: string
  readonly rule: string | null
  readonly id: string | null
  readonly instrument: string | null
  readonly minute: number | null
  readonly published: number | string | null
  readonly recomputed: number | string | null
}

/** Where a record stands, or should. */
export interface Place {
  readonly topic: TopicName
  readonly partition: number
  readonly offset: number | null
  readonly date: string
}

type Detail = Partial<Omit<Difference, keyof Place | 'reason'>>

export const difference = (place: Place, reason: string, detail: Detail = {}): Difference => ({
  ...place,
  reason,
  rule: detail.id === undefined ? null : (catalogue.find((rule) => rule.id === detail.id)?.rule ?? null),
  id: null,
  instrument: null,
  minute: null,
  published: null,
  recomputed: null,
  ...detail,
})

/** Words for two records whose bytes differ: the first value that does, by rule, instrument and minute. */
export function describeRows(place: Place, published: Uint8Array, recomputed: Uint8Array): Difference {
  let theirs: ReturnType<typeof decode>
  try {
    theirs = decode(published)
  } catch (error) {
    if (!(error instanceof ClosebellError)) throw error
    return difference(place, `${error.code}: ${error.fact}`)
  }
  const ours = decode(recomputed)
  if (theirs.kind === 'minuteRows' && ours.kind === 'minuteRows')
    return sectionDifference(place, theirs.value, ours.value, ours.value.minute)
  if (theirs.kind === 'panel' && ours.kind === 'panel') return sectionDifference(place, theirs.value, ours.value)
  if (theirs.kind === 'dayRow' && ours.kind === 'dayRow') return dayDifference(place, theirs.value, ours.value)
  return fieldDifference(place, theirs.value, ours.value)
}

/** Index of the first element whose bits differ, -1 when none does. */
export function firstDifferent(a: Float64Array, b: Float64Array): number {
  const length = Math.max(a.length, b.length)
  for (let i = 0; i < length; i++) if (!Object.is(a[i], b[i])) return i
  return -1
}

/** Rows of one set, column after column. */
type Section = Pick<MinuteRows | Panel, 'count' | 'instruments' | 'columns' | 'values'>

function sectionDifference(place: Place, theirs: Section, ours: Section, minute: number | null = null): Difference {
  const at = firstDifferent(theirs.values, ours.values)
  const isAligned =
    theirs.instruments.join() === ours.instruments.join() && theirs.columns.join() === ours.columns.join()
  if (!isAligned || at < 0) return fieldDifference(place, theirs, ours, minute)
  return difference(place, 'a value differs', {
    id: ours.columns[Math.floor(at / ours.count)] as string,
    instrument: ours.instruments[at % ours.count] as string,
    minute,
    published: theirs.values[at] as number,
    recomputed: ours.values[at] as number,
  })
}

function dayDifference(place: Place, theirs: DayRow, ours: DayRow): Difference {
  const { instrument } = ours
  const columns = ours.sets.flatMap((set) => set.columns)
  const at = firstDifferent(theirs.values, ours.values)
  if (at >= 0) {
    const values = { published: theirs.values[at] ?? null, recomputed: ours.values[at] ?? null }
    return difference(place, 'a value differs', { id: columns[at] as string, instrument, ...values })
  }
  const bar = firstDifferent(theirs.minutes, ours.minutes)
  if (bar < 0) return fieldDifference(place, theirs, ours)
  return difference(place, 'a value of the minute block differs', {
    id: barColumns[Math.floor(bar / ours.minuteCount)] as string,
    instrument,
    minute: (bar % ours.minuteCount) - 1,
    published: theirs.minutes[bar] ?? null,
    recomputed: ours.minutes[bar] ?? null,
  })
}

/** The first field that is not a column and differs. */
function fieldDifference(place: Place, theirs: object, ours: object, minute: number | null = null): Difference {
  const [a, b] = [theirs, ours] as Record<string, unknown>[]
  for (const name of Object.keys(b as object)) {
    const [left, right] = [JSON.stringify(a?.[name]) ?? '', JSON.stringify(b?.[name]) ?? '']
    if (left === right) continue
    return difference(place, `field ${name} differs`, {
      minute,
      published: left.slice(0, 200),
      recomputed: right.slice(0, 200),
    })
  }
  return difference(place, 'the bytes differ', { minute })
}
