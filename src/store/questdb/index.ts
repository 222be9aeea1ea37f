import { ClosebellError } from '../../../schemas/errors.ts'
import { tableOf, tables, type TableColumn, type TableName } from '../../../schemas/tables.ts'
import { openAccess, type Access } from '../../ports/access.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Log } from '../../ports/log.ts'
import {
  checkRows,
  columnOf,
  planPanel,
  completedColumns,
  completedQuery,
  timeRange,
  withoutOvertaken,
  type PanelPlan,
} from '../../ports/store-rows.ts'
import { eventTimeToDate, texts, type ColumnValues, type PanelQuery, type Rows, type Store } from '../../ports/store.ts'
import { BinarySender } from './binary-sender.ts'
import { openClientSender } from './client-sender.ts'
import { Exports } from './exports.ts'
import { Outbox } from './outbox.ts'
import { readParquet } from './parquet.ts'
import { originOf } from './http.ts'
import { longestStatement, QuestdbRest } from './rest.ts'
import * as sql from './statements.ts'

export type Encoder = 'client' | 'binary'

export interface QuestdbOptions {
  readonly host: string
  /** The HTTP port serves everything: ILP writes, statements and Parquet reads. No PG port is needed. */
  readonly httpPort: number
  /** Before the name of each table, with an underscore: deployments that share a server keep apart by it. */
  readonly prefix?: string
  /** Rows are written through the official client unless `binary` names our own encoder. */
  readonly encoder?: Encoder
  /** Nobody in particular, in plain text, unless said. */
  readonly access?: Access | undefined
  readonly clock: Clock
  readonly log: Log
}

const defaultHttpPort = 9000

/** Reads `questdb://host[:port][/<prefix>][?encoder=client|binary]`. @throws CB_USAGE for anything else. */
export function parseQuestdbUrl(url: string): Pick<QuestdbOptions, 'host' | 'httpPort' | 'prefix' | 'encoder'> {
  const form = /^questdb:\/\/([\w.-]+)(?::(\d{1,5}))?(?:\/([a-z][a-z0-9_]{0,31})?)?(?:\?encoder=(client|binary))?$/
  const [, host, port, prefix, encoder] = form.exec(url) ?? []
  if (host === undefined) {
    throw new ClosebellError('CB_USAGE', `${url} is not of the form questdb://host:port[/prefix][?encoder=binary]`)
  }
  const httpPort = port === undefined ? defaultHttpPort : Number(port)
  return {
    host,
    httpPort,
    ...(prefix === undefined ? {} : { prefix }),
    ...(encoder === undefined ? {} : { encoder: encoder as Encoder }),
  }
}

/** Opens the store in a QuestDB server. @throws CB_STORE_UNREACHABLE when it does not answer. */
export async function openQuestdb(options: QuestdbOptions): Promise<Store> {
  const { host, httpPort, prefix, encoder, access = openAccess, clock, log } = options
  const server = { host, port: httpPort, access }
  const rest = new QuestdbRest(server)
  const sender = encoder === 'binary' ? new BinarySender(server) : await openClientSender(server, log)
  // Of the two only the client asks the server something before the first row.
  if (encoder === 'binary') await rest.rows('SELECT 1')
  const outbox = new Outbox(originOf(server), sender, clock, log)
  return new QuestdbStore(rest, outbox, clock, prefix === undefined ? '' : `${prefix}_`)
}

const firstPollMs = 5
const longestPollMs = 100
/** Polls without any progress after which a table counts as stuck: about a minute. */
const idlePolls = 600

class QuestdbStore implements Store {
  readonly #rest: QuestdbRest
  readonly #exports: Exports
  readonly #outbox: Outbox
  readonly #clock: Clock
  readonly #prefix: string
  #ensured: Promise<void> | undefined

  constructor(rest: QuestdbRest, outbox: Outbox, clock: Clock, prefix: string) {
    this.#prefix = prefix
    this.#rest = rest
    this.#exports = new Exports(rest, clock)
    this.#outbox = outbox
    this.#clock = clock
  }

  ensureTables(): Promise<void> {
    this.#ensured = this.#ensureAll().catch((error: unknown) => {
      this.#ensured = undefined
      throw error
    })
    return this.#ensured
  }

  async #ensureAll(): Promise<void> {
    for (const { name } of tables) {
      const spec = this.#stored(name)
      await this.#rest.rows(sql.createTable(spec))
      const stored = await this.#rest.rows(sql.selectColumns(spec))
      const missing = missingColumns(spec, stored)
      for (const column of missing) await this.#rest.rows(sql.addColumn(spec, column))
      // The server answers before a new column can be read.
      if (missing.length > 0) await this.applied([name])
    }
  }

  #stored(table: TableName): sql.StoredTable {
    return { ...tableOf(table), name: this.#prefix + table }
  }

  async append(table: TableName, rows: Rows): Promise<void> {
    checkRows(tableOf(table), rows)
    if (rows.count === 0) return
    // The server would silently make a table of its own, without keys, where ours is missing.
    await (this.#ensured ?? this.ensureTables())
    await this.#outbox.append(this.#stored(table), rows)
  }

  async applied(names: readonly TableName[] = tables.map(({ name }) => name)): Promise<void> {
    const wanted = new Set(names.map((name) => this.#prefix + name))
    let targets: Map<string, number> | undefined
    let before = -1
    let idle = 0
    for (let poll = firstPollMs; ; poll = Math.min(poll * 2, longestPollMs)) {
      const progress = (await this.#progress()).filter(({ name }) => wanted.has(name))
      targets ??= new Map(progress.map(({ name, acknowledged }) => [name, acknowledged]))
      const behind = progress.filter(({ name, visible }) => visible < (targets?.get(name) ?? 0))
      requireRunning(progress)
      if (behind.length === 0) return
      const sum = progress.reduce((total, { visible }) => total + visible, 0)
      idle = sum === before ? idle + 1 : 0
      before = sum
      if (idle === idlePolls) throw stuck(behind)
      await this.#clock.sleep(poll)
    }
  }

  async #progress(): Promise<readonly TableProgress[]> {
    const rows = await this.#rest.rows(sql.selectProgress())
    return rows.map(([name, suspended, visible, acknowledged, tag, message]) => ({
      name: String(name),
      suspended: suspended === true,
      visible: Number(visible),
      acknowledged: Number(acknowledged),
      error: [tag, message].filter((text) => typeof text === 'string' && text !== '').join(': '),
    }))
  }

  async panel(query: PanelQuery): Promise<Rows> {
    const plan = planPanel(query)
    const completed = completedQuery(query)
    if (completed === null) return this.#read(plan)
    const statement = sql.selectPanel(`${this.#prefix}completed`, planPanel(completed), null)
    const found = await this.#rest.rows(statement)
    const columns = completedColumns.map((name, c) => [name, Float64Array.from(found, (row) => Number(row[c]))])
    return this.#read(
      withoutOvertaken(plan, { count: found.length, columns: Object.fromEntries(columns) as Rows['columns'] }),
    )
  }

  async #read(plan: PanelPlan): Promise<Rows> {
    const table = this.#prefix + plan.spec.name
    if (sql.selectPanel(table, plan, null).length > longestStatement) return this.#readAllAndChoose(plan)
    const [revisions] = plan.revised ? await this.#rest.rows(sql.selectRevisions(table, plan)) : []
    const [least, most] = revisions ?? []
    const onlyRevision = typeof least === 'number' && least === most ? least : null
    return readParquet(await this.#exports.parquet(sql.selectPanel(table, plan, onlyRevision)), plan.columns)
  }

  /** So many instruments that no statement takes their names: the panel is read whole, and they are chosen here. */
  async #readAllAndChoose(plan: PanelPlan): Promise<Rows> {
    const instrument = columnOf(plan.spec, 'instrument')
    const columns = [...plan.columns.filter(({ name }) => name !== 'instrument'), instrument]
    const all = await this.#read({ ...plan, columns, instruments: undefined })
    const wanted = new Set(plan.instruments)
    const names = texts(all, 'instrument')
    const rows = Array.from(names.keys()).filter((row) => wanted.has(names[row] ?? ''))
    const chosen = plan.columns.map(({ name }) => [name, pick(all.columns[name] ?? [], rows)] as const)
    return { count: rows.length, columns: Object.fromEntries<ColumnValues>(chosen) }
  }

  async dates(table: TableName, from: string, to: string): Promise<readonly string[]> {
    const { first, end } = timeRange(from, to)
    const days = await this.#rest.rows(sql.selectDays(this.#stored(table), first, end))
    return days.map(([day]) => eventTimeToDate(Number(day)))
  }

  close(): Promise<void> {
    return this.#outbox.close()
  }
}

const pick = (values: ColumnValues, rows: readonly number[]): ColumnValues =>
  values instanceof Float64Array
    ? Float64Array.from(rows, (row) => values[row] ?? NaN)
    : rows.map((row) => values[row] ?? '')

interface TableProgress {
  readonly name: string
  readonly suspended: boolean
  /** Last transaction that can be read, and last one that was acknowledged. */
  readonly visible: number
  readonly acknowledged: number
  readonly error: string
}

/** A suspended table goes on acknowledging rows that nobody will ever read. */
function requireRunning(progress: readonly TableProgress[]): void {
  const table = progress.find(({ suspended }) => suspended)
  if (table === undefined) return
  const fact = `${table.name} stands at transaction ${table.visible} of ${table.acknowledged}`
  throw new ClosebellError('CB_STORE_SUSPENDED', table.error === '' ? fact : `${fact} (${table.error})`)
}

function stuck(behind: readonly TableProgress[]): ClosebellError {
  const facts = behind.map(({ name, visible, acknowledged }) => `${name} at ${visible} of ${acknowledged}`)
  const remedy = 'QuestDB does not apply what it acknowledged: look at its log, its memory and its disk.'
  return new ClosebellError('CB_STORE_UNREACHABLE', `no progress: ${facts.join(', ')}`, { remedy, retriable: true })
}

/** @throws CB_STORE_COLUMN when the stored table differs by more than columns that it lacks. */
function missingColumns(spec: sql.StoredTable, stored: readonly (readonly unknown[])[]): readonly TableColumn[] {
  const types = new Map(stored.map(([name, type]) => [String(name), String(type)]))
  for (const name of types.keys()) {
    if (spec.columns.some((column) => column.name === name)) continue
    throw new ClosebellError('CB_STORE_COLUMN', `the stored table ${spec.name} has a column ${name} of no definition`)
  }
  for (const { name, kind } of spec.columns) {
    const type = types.get(name) ?? sql.questdbTypes[kind]
    if (type === sql.questdbTypes[kind]) continue
    const fact = `${spec.name}.${name} is stored as ${type}, not as ${sql.questdbTypes[kind]}`
    throw new ClosebellError('CB_STORE_COLUMN', fact)
  }
  const keys = stored.filter(([, , isKey]) => isKey === true).map(([name]) => String(name))
  if (keys.toSorted().join() !== spec.keys.toSorted().join()) {
    throw new ClosebellError('CB_STORE_COLUMN', `${spec.name} is stored with the keys ${keys.join(', ') || 'none'}`)
  }
  return spec.columns.filter(({ name }) => !types.has(name))
}
