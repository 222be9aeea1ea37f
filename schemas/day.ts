import { arrayOf, column, crcField, field, nested, record } from './record.ts'

/** What the close of a day publishes: inputs, panels, jobs, results, factors, ML_C, completed. */

/** Something the models read beside the panels, as of a date: graphs, exposures, fundamentals, style returns. */
export interface Input {
  /** graph-industry, graph-financial, graph-flow, exposures, fundamentals or styles. */
  kind: string
  id: string
  /** The last date whose data it knows. */
  asOf: string
  /** The date it is for. */
  date: string
  hash: string
  count: number
  instruments: string[]
  columns: string[]
  /** By column (exposures, fundamentals, styles), empty for graphs. */
  values: Float64Array
  /** Graphs: `count * columns.length` neighbour indices by row, -1 = none. */
  neighbours: Int32Array
  crc: number
  /** Of the date whose close made it; 0 for what `open` makes. */
  revision: number
}

export const input = record<Input>('Input', 'Graphs, exposures, fundamentals or style returns as of a date', [
  field('kind', 'string', 'graph-industry, graph-financial, graph-flow, exposures, fundamentals or styles'),
  field('id', 'string', 'kind and date'),
  field('as_of', 'string', 'the last date whose data it knows'),
  field('date', 'string', 'the date it is for'),
  field('hash', 'string', 'sha256 over symbols, columns, values and neighbours'),
  field('count', 'int', 'rows'),
  field('instruments', arrayOf('string'), 'a symbol per row; empty for styles'),
  field('columns', arrayOf('string'), 'names; for graphs one per neighbour slot'),
  column('values', 'f64', 'by column', 'columns one after another'),
  column('neighbours', 'i32', 'by row', 'graphs: rows of neighbour indices, -1 = none'),
  crcField,
  field('revision', 'int', 'revision of the date whose close made it', { default: 0 }),
])

/** The completed cross-section of one set and date. */
export interface Panel {
  date: string
  set: string
  revision: number
  sizing: string
  catalogue: string
  hash: string
  count: number
  instruments: string[]
  columns: string[]
  quality: Int32Array
  values: Float64Array
  crc: number
}

export const panel = record<Panel>('Panel', 'The completed cross-section of one set and date', [
  field('date', 'string', 'trading date'),
  field('set', 'string', 'PV, G, C, HF or DP'),
  field('revision', 'int', 'revision of the date'),
  field('sizing', 'string', 'order, filled or trade'),
  field('catalogue', 'string', 'fingerprint of the catalogue of the set'),
  field('hash', 'string', 'sha256 over symbols, columns, quality and values'),
  field('count', 'int', 'rows'),
  field('instruments', arrayOf('string'), 'a symbol per row, sorted'),
  field('columns', arrayOf('string'), 'catalogue ids'),
  column('quality', 'i32', 'bits', 'quality of each row'),
  column('values', 'f64', 'by column', 'columns one after another; NaN = no value'),
  crcField,
])

/** What to score: hashes, never tensors. */
export interface Job {
  date: string
  revision: number
  set: string
  artifactHash: string
  panelHashes: string[]
  inputHashes: string[]
  styleHashes: string[]
}

export const job = record<Job>('Job', 'What a model worker is to score', [
  field('date', 'string', 'trading date'),
  field('revision', 'int', 'revision of the date'),
  field('set', 'string', 'set to score'),
  field('artifact_hash', 'string', 'hash of the promoted artifact'),
  field('panel_hashes', arrayOf('string'), 'the T panels, oldest first'),
  field('input_hashes', arrayOf('string'), 'graphs, exposures and fundamentals'),
  field('style_hashes', arrayOf('string'), 'the style returns, oldest first'),
])

export interface Result {
  date: string
  revision: number
  set: string
  artifactHash: string
  jobHash: string
  engine: string
  device: string
  kernelBuild: string
  graphWeights: number[]
  count: number
  instruments: string[]
  scores: Float64Array
  crc: number
}

export const result = record<Result>('Result', 'Raw scores of one job', [
  field('date', 'string', 'trading date'),
  field('revision', 'int', 'revision of the date'),
  field('set', 'string', 'set'),
  field('artifact_hash', 'string', 'artifact'),
  field('job_hash', 'string', 'sha256 of the job'),
  field('engine', 'string', 'engine that scored'),
  field('device', 'string', 'cpu or gpu'),
  field('kernel_build', 'string', 'build of the kernels; factors are bit-identical under the same one'),
  field('graph_weights', arrayOf('double'), 'SA weights of the industry, financial and flow graph'),
  field('count', 'int', 'rows'),
  field('instruments', arrayOf('string'), 'a symbol per row, sorted'),
  column('scores', 'f64', '1', 'raw output of the network'),
  crcField,
])

/** One whole cross-section of one factor. */
export interface Factor {
  date: string
  revision: number
  set: string
  horizon: number
  label: string
  artifactHash: string
  jobHash: string
  coverage: number
  count: number
  instruments: string[]
  raw: Float64Array
  neutral: Float64Array
  crc: number
}

export const factor = record<Factor>('Factor', 'One cross-section of one factor', [
  field('date', 'string', 'trading date'),
  field('revision', 'int', 'revision of the date; a retraction has no rows'),
  field('set', 'string', 'PV, G, C, HF or DP'),
  field('horizon', 'int', 'days the label looks ahead', { unit: 'days' }),
  field('label', 'string', 'label the artifact was trained on'),
  field('artifact_hash', 'string', 'artifact'),
  field('job_hash', 'string', 'hash over all inputs of the job'),
  field('coverage', 'double', 'scored names / universe'),
  field('count', 'int', 'rows'),
  field('instruments', arrayOf('string'), 'a symbol per row, sorted'),
  column('raw', 'f64', '1', 'raw output of the network'),
  column('neutral', 'f64', 'z', 'industry- and size-neutral z-score'),
  crcField,
])

/** The composite, with its weights and both of their parts. */
export interface MlC {
  date: string
  revision: number
  horizon: number
  coverage: number
  sets: string[]
  weights: number[]
  saWeights: number[]
  longOnlyWeights: number[]
  flags: string[]
  count: number
  instruments: string[]
  raw: Float64Array
  neutral: Float64Array
  crc: number
}

export const mlC = record<MlC>('MlC', 'The composite factor ML_C', [
  field('date', 'string', 'trading date'),
  field('revision', 'int', 'revision of the date'),
  field('horizon', 'int', 'days the labels look ahead', { unit: 'days' }),
  field('coverage', 'double', 'scored names / universe'),
  field('sets', arrayOf('string'), 'the sets that are in'),
  field('weights', arrayOf('double'), 'weight of each set; they sum to 1'),
  field('sa_weights', arrayOf('double'), 'the state-adaptive part'),
  field('long_only_weights', arrayOf('double'), 'the part from long-only returns'),
  field('flags', arrayOf('string'), 'e.g. equal-long-only when no period had ended'),
  field('count', 'int', 'rows'),
  field('instruments', arrayOf('string'), 'a symbol per row, sorted'),
  column('raw', 'f64', '1', 'weighted sum of the neutral factors'),
  column('neutral', 'f64', 'z', 'industry- and size-neutral z-score'),
  crcField,
])

/** The last event of a day: from here on it is whole. */
export interface Completed {
  date: string
  revision: number
  degraded: boolean
  retracted: boolean
  cause: string
  universe: number
  published: number
  sets: { set: string; present: boolean; hash: string; reason: string }[]
  mlCHash: string
  exclusions: { instrument: string; reason: string }[]
}

export const completed = record<Completed>('Completed', 'A day is whole: which sets are in, which are not and why', [
  field('date', 'string', 'trading date'),
  field('revision', 'int', 'revision of the date'),
  field('degraded', 'boolean', 'something was missing at the deadline'),
  field('retracted', 'boolean', 'the date has no valid values'),
  field('cause', 'string', 'why it is degraded, retracted or a later revision; else empty'),
  field('universe', 'int', 'listed names'),
  field('published', 'int', 'names with an ML_C value'),
  field(
    'sets',
    arrayOf(
      nested('CompletedSet', [
        field('set', 'string', 'PV, G, C, HF or DP'),
        field('present', 'boolean', 'whether its factor is published'),
        field('hash', 'string', 'sha256 of the factor message'),
        field('reason', 'string', 'why it is absent, e.g. no-model'),
      ]),
    ),
    'all five sets',
  ),
  field('ml_c_hash', 'string', 'sha256 of the ML_C message; empty = none'),
  field(
    'exclusions',
    arrayOf(
      nested('Exclusion', [field('instrument', 'string', 'symbol'), field('reason', 'string', 'why it has no value')]),
    ),
    'every listed name without a value',
  ),
])

export interface Quarantined {
  topic: string
  partition: number
  offset: number
  date: string
  code: string
  detail: string
  /** Index of the event in its batch, -1 when the whole message is refused. */
  row: number
  bytes: Uint8Array
}

export const quarantined = record<Quarantined>('Quarantined', 'Bytes that are no valid event', [
  field('topic', 'string', 'where they stood'),
  field('partition', 'int', 'partition'),
  field('offset', 'long', 'offset'),
  field('date', 'string', 'trading date, empty when unknown'),
  field('code', 'string', 'error code'),
  field('detail', 'string', 'the fact'),
  field('row', 'int', 'index of the event in its batch, -1 = the whole message'),
  field('bytes', 'bytes', 'the message as it stood, for the first row that is refused; else empty'),
])

export interface Late {
  date: string
  partition: number
  offset: number
  row: number
  instrument: string
  producer: string
  channel: string
  sequence: number
  eventTime: number
  markTime: number
}

export const late = record<Late>('Late', 'An event below a mark of its own chain', [
  field('date', 'string', 'trading date'),
  field('partition', 'int', 'partition of the market topic'),
  field('offset', 'long', 'offset of its batch'),
  field('row', 'int', 'row in its batch'),
  field('instrument', 'string', 'symbol'),
  field('producer', 'string', 'feed'),
  field('channel', 'string', 'channel'),
  field('sequence', 'long', 'channel sequence'),
  field('event_time', 'long', 'time of the event', { unit: 'µs' }),
  field('mark_time', 'long', 'the mark it lies below', { unit: 'µs' }),
])

/** Stage of a worker that waits for the store: what it has is in the log, and not in the store. */
export const storeWaitStage = 'waiting-for-store'

/** What a worker says of itself every few seconds and whenever its state changes. Absent figures are 0 or ''. */
export interface Status {
  worker: string
  owner: string
  date: string
  stage: string
  partition: number
  offset: number
  lag: number
  markTime: number
  /** Clock of the worker, ms UTC. */
  reportedAt: number
  detail: string
  /** Events of the date so far, and how many came in a second since the last report. */
  events: number
  rate: number
  late: number
  quarantined: number
  /** Names with rows, and those of them with a gap. */
  names: number
  gaps: number
  /** End of the last sealed minute, µs UTC. */
  sealedTime: number
  /** When the last snapshot was written, ms UTC. */
  snapshotAt: number
  /** Stages of a close: how much of it there is and how much of that is in. */
  done: number
  total: number
  /** Until when the stage waits, ms UTC; 0 = for as long as it takes. */
  deadline: number
  /** What is waited for: chains, partitions or sets. */
  waiting: string[]
  /** While messages wait: age of the last one that was taken in, an upper bound of how long the next one waits, ms. */
  behind: number
  /** Seconds between two reports; a worker that misses several is gone. */
  interval: number
}

export const status = record<Status>('Status', 'Heartbeat of a worker', [
  field('worker', 'string', 'features, close, model, sink, feed'),
  field('owner', 'string', 'name of the process'),
  field('date', 'string', 'trading date, empty = none'),
  field('stage', 'string', 'what it is doing'),
  field('partition', 'int', 'partition, -1 = none'),
  field('offset', 'long', 'next offset'),
  field('lag', 'long', 'messages behind'),
  field('mark_time', 'long', 'lowest mark', { unit: 'µs' }),
  field('reported_at', 'long', 'clock of the worker', { unit: 'ms' }),
  field('detail', 'string', 'free text'),
  field('events', 'long', 'events of the date so far', { default: 0 }),
  field('rate', 'double', 'events a second since the last report', { default: 0 }),
  field('late', 'long', 'late events of the date', { default: 0 }),
  field('quarantined', 'long', 'refused events of the date', { default: 0 }),
  field('names', 'int', 'names with rows', { default: 0 }),
  field('gaps', 'int', 'names with a gap', { default: 0 }),
  field('sealed_time', 'long', 'end of the last sealed minute, 0 = none', { unit: 'µs', default: 0 }),
  field('snapshot_at', 'long', 'when the last snapshot was written, 0 = never', { unit: 'ms', default: 0 }),
  field('done', 'int', 'parts of the stage that are in', { default: 0 }),
  field('total', 'int', 'parts of the stage', { default: 0 }),
  field('deadline', 'long', 'until when the stage waits, 0 = for as long as it takes', { unit: 'ms', default: 0 }),
  field('waiting', arrayOf('string'), 'what is waited for: chains, partitions or sets', { default: [] }),
  field('behind', 'long', 'while messages wait: age of the last one taken in', { unit: 'ms', default: 0 }),
  field('interval', 'double', 'time between two reports, 0 = not said', { unit: 's', default: 0 }),
])
