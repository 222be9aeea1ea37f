import type { ColumnHead, EarlierMinute, SectionMark, StatusTick, Universe } from '../protocol/messages.ts'
import type { Filter } from './filter.ts'
import { SectionModel, type Sort, type Spread } from './section-model.ts'
import type { Report, Request, ShownColumn } from './worker-messages.ts'

/** Holds the stream and the columns, away from the thread that draws: decoding and sorting cost no frame. */

const scope = self as unknown as DedicatedWorkerGlobalScope
const model = new SectionModel()

let source: EventSource | null = null
let ids: readonly string[] = []
let sort: Sort = { id: 'symbol', descending: false }
let filter: Filter | null = null
let pinned: readonly string[] = []
let earlier: number | null = null
let earlierModel: SectionModel | null = null
const changed = new Set<string>()
/** Values before the change, to see what crossed. */
const before = new Map<string, { values: Float64Array; spread: Spread }>()

const report = (message: Report, transfer: Transferable[] = []): void => scope.postMessage(message, transfer)

function decode(base64: string): Float64Array {
  const binary = atob(base64)
  const bytes = new Uint8Array(binary.length)
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i)
  return new Float64Array(bytes.buffer)
}

function connect(): void {
  source?.close()
  model.clear()
  const stream = new EventSource(`/api/stream?columns=${ids.join(',')}`)
  source = stream
  stream.onopen = () => report({ type: 'link', state: 'open' })
  stream.onerror = () => void lost(stream)
  stream.addEventListener('universe', ({ data }) => model.setUniverse(JSON.parse(data as string) as Universe))
  stream.addEventListener('column', ({ data }) => takeColumn(data as string))
  stream.addEventListener('section', ({ data }) => {
    model.mark = JSON.parse(data as string) as SectionMark
    if (earlier === null) publish(model)
    else if (earlierModel === null) void showMinute(earlier)
  })
  stream.addEventListener('status', ({ data }) =>
    report({ type: 'status', tick: JSON.parse(data as string) as StatusTick }),
  )
}

/** A stream that was refused is not tried again by the browser; one that broke is. */
async function lost(stream: EventSource): Promise<void> {
  if (stream !== source) return
  const refused = await fetch('/api/hello').then(
    ({ status }) => status === 401,
    () => false,
  )
  report({ type: 'link', state: refused ? 'refused' : 'lost' })
}

function takeColumn(data: string): void {
  const end = data.indexOf('\n')
  const { id } = JSON.parse(data.slice(0, end)) as ColumnHead
  const known = model.columns.get(id)
  if (known !== undefined && !before.has(id)) before.set(id, { values: known, spread: model.spread(id) })
  model.setColumn(id, decode(data.slice(end + 1)))
  changed.add(id)
}

function publish(from: SectionModel): void {
  const columns: Record<string, ShownColumn> = {}
  for (const id of from === model ? changed : from.columns.keys()) {
    const values = from.columns.get(id)
    if (values === undefined) continue
    const spread = from.spread(id)
    columns[id] = { values: values.slice(), spread, crossed: crossedSince(before.get(id), values, spread) }
  }
  if (from === model) {
    changed.clear()
    before.clear()
  }
  const { universe, mark } = from
  const order = from.order(sort, filter, pinned)
  const transfer = [
    order.buffer,
    ...Object.values(columns).flatMap(({ values, crossed }) => [values.buffer, crossed.buffer]),
  ]
  report({ type: 'section', universe, mark, minute: earlier, columns, order }, transfer as ArrayBuffer[])
}

function crossedSince(
  old: { values: Float64Array; spread: Spread } | undefined,
  values: Float64Array,
  spread: Spread,
): Int32Array {
  if (old === undefined) return new Int32Array()
  const places: number[] = []
  for (let place = 0; place < Math.min(old.values.length, values.length); place++) {
    const was = old.values[place]
    const is = values[place]
    if (Number.isNaN(was) || Number.isNaN(is)) continue
    const wasFar = Math.abs(was - old.spread.mean) >= 2 * old.spread.deviation
    const isFar = Math.abs(is - spread.mean) >= 2 * spread.deviation
    if (wasFar !== isFar || Math.sign(was) !== Math.sign(is)) places.push(place)
  }
  return Int32Array.from(places)
}

async function showMinute(minute: number | null): Promise<void> {
  earlier = minute
  if (minute === null) {
    earlierModel = null
    for (const id of model.columns.keys()) changed.add(id)
    before.clear()
    publish(model)
    return
  }
  // Places are those of the universe: before it is known, the first section asks for the minute.
  if (model.universe.symbols.length === 0) return
  const answer = await fetch(`/api/minute?minute=${minute}&columns=${ids.join(',')}`).catch(() => null)
  // Whoever steps on does not wait for the minutes between.
  if (earlier !== minute || answer === null) return
  if (!answer.ok) return report({ type: 'absent', minute })
  const { columns, date } = (await answer.json()) as EarlierMinute
  const shown = new SectionModel()
  shown.setUniverse(model.universe)
  shown.mark = { date, minute, isFinal: false }
  for (const [id, values] of Object.entries(columns)) shown.setColumn(id, decode(values))
  earlierModel = shown
  publish(shown)
}

scope.onmessage = ({ data }: MessageEvent<Request>): void => {
  switch (data.type) {
    case 'watch':
      ids = data.ids
      earlierModel = null
      return connect()
    case 'order': {
      ;({ sort, filter, pinned } = data)
      const order = (earlierModel ?? model).order(sort, filter, pinned)
      return report({ type: 'order', order }, [order.buffer as ArrayBuffer])
    }
    case 'minute':
      return void showMinute(data.minute)
    case 'reconnect':
      return connect()
  }
}
