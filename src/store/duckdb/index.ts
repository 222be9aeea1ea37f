import { resolve } from 'node:path'
import { DuckDBInstance, type DuckDBConnection } from '@duckdb/node-api'
import { ClosebellError } from '../../../schemas/errors.ts'
import { tableOf, tables, type TableColumn, type TableName, type TableSpec } from '../../../schemas/tables.ts'
import {
  checkRows,
  planPanel,
  completedQuery,
  timeRange,
  withoutOvertaken,
  type PanelPlan,
} from '../../ports/store-rows.ts'
import { numbers, type PanelQuery, type Rows, type Store } from '../../ports/store.ts'
import { fillStaging, readColumns } from './columns.ts'
import * as sql from './statements.ts'

/**
 * Opens the embedded store: one DuckDB file, of one process; ':memory:' keeps it in memory.
 * @throws CB_STORE_LOCKED when another process holds the file, CB_STORE_UNREACHABLE when it cannot be opened.
 */
export async function openDuckdb(file: string): Promise<Store> {
  const held = file === ':memory:' ? undefined : resolve(file)
  if (held !== undefined && heldFiles.has(held)) {
    throw new ClosebellError('CB_STORE_LOCKED', `${file} is held by this process: pass its store on`)
  }
  const instance = await openInstance(file)
  if (held !== undefined) heldFiles.add(held)
  return new DuckdbStore(instance, await instance.connect(), await instance.connect(), held)
}

/** File locks are per process: a second instance in the same one would get in, and write over the first. */
const heldFiles = new Set<string>()

async function openInstance(file: string): Promise<DuckDBInstance> {
  try {
    // No extension is ever fetched from the network: what we use is built in.
    return await DuckDBInstance.create(file, {
      autoinstall_known_extensions: 'false',
      autoload_known_extensions: 'false',
      // The default of 16 MB writes everything twice at every few thousand wide rows.
      checkpoint_threshold: '256MB',
    })
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause)
    const holder = /\(PID (\d+)\)/.exec(message)?.[1]
    if (/lock/i.test(message)) {
      throw new ClosebellError('CB_STORE_LOCKED', `${file} is held by process ${holder ?? 'unknown'}`, { cause })
    }
    const remedy = 'Name a DuckDB file, or a new one in a folder that exists.'
    throw new ClosebellError('CB_STORE_UNREACHABLE', `${file} cannot be opened: ${message}`, { cause, remedy })
  }
}

class DuckdbStore implements Store {
  readonly #instance: DuckDBInstance
  /** Writes have a connection of their own, so that no reader sees the inside of their transaction. */
  readonly #writer: DuckDBConnection
  readonly #reader: DuckDBConnection
  readonly #held: string | undefined
  #lastWrite: Promise<unknown> = Promise.resolve()

  constructor(instance: DuckDBInstance, writer: DuckDBConnection, reader: DuckDBConnection, held: string | undefined) {
    this.#held = held
    this.#instance = instance
    this.#writer = writer
    this.#reader = reader
  }

  ensureTables(): Promise<void> {
    return this.#transaction(async () => {
      for (const spec of tables) await this.#ensureTable(spec)
    })
  }

  async #ensureTable(spec: TableSpec): Promise<void> {
    const result = await this.#writer.run(
      `SELECT column_name, data_type FROM duckdb_columns() WHERE table_name = '${spec.name}' AND NOT internal`,
    )
    const [names, types] = (await result.getColumns()) as string[][]
    const stored = new Map((names ?? []).map((name, index) => [name, types?.[index]]))
    if (stored.size === 0) {
      await this.#writer.run(sql.createTable(spec))
      return
    }
    for (const name of stored.keys()) requireDefined(spec, name)
    for (const column of spec.columns) {
      const type = stored.get(column.name)
      if (type === undefined) await this.#writer.run(sql.addColumn(spec, column))
      else requireType(spec, column, type)
    }
  }

  async append(table: TableName, rows: Rows): Promise<void> {
    const spec = tableOf(table)
    checkRows(spec, rows)
    if (rows.count > 0) await this.#transaction(() => this.#upsert(spec, rows))
  }

  async #upsert(spec: TableSpec, rows: Rows): Promise<void> {
    const columns = spec.columns.filter(({ name }) => Object.hasOwn(rows.columns, name))
    await this.#writer.run(sql.createStaging(columns))
    await fillStaging(this.#writer, columns, rows)
    const distinct = (await readOne(this.#writer, sql.countDistinct(spec))) ?? 0
    const times = numbers(rows, 'event_time')
    const first = times.reduce((least, time) => Math.min(least, time), Infinity)
    const last = times.reduce((most, time) => Math.max(most, time), -Infinity)
    await this.#writer.run(sql.deleteReplaced(spec, first, last))
    await this.#writer.run(sql.insertStaged(spec, columns, distinct < rows.count))
  }

  /** One write after another: DuckDB refuses two transactions that change the same rows. */
  #transaction(work: () => Promise<void>): Promise<void> {
    const run = async () => {
      await this.#writer.run('BEGIN TRANSACTION')
      try {
        await work()
        await this.#writer.run('COMMIT')
      } catch (error) {
        await this.#writer.run('ROLLBACK')
        throw error
      }
    }
    const done = this.#lastWrite.then(run)
    this.#lastWrite = done.catch(() => undefined)
    return done
  }

  /** A committed row can be read at once. */
  applied(): Promise<void> {
    return Promise.resolve()
  }

  async panel(query: PanelQuery): Promise<Rows> {
    const plan = planPanel(query)
    const completed = completedQuery(query)
    return this.#read(completed === null ? plan : withoutOvertaken(plan, await this.#read(planPanel(completed))))
  }

  async #read(plan: PanelPlan): Promise<Rows> {
    const onlyRevision = plan.revised ? await readOne(this.#reader, sql.selectOnlyRevision(plan)) : null
    return readColumns(await this.#reader.run(sql.selectPanel(plan, onlyRevision)), plan.columns)
  }

  async dates(table: TableName, from: string, to: string): Promise<readonly string[]> {
    const { first, end } = timeRange(from, to)
    const result = await this.#reader.run(sql.selectDates(tableOf(table), first, end))
    return (await result.getColumnsJS())[0]?.map(String) ?? []
  }

  async close(): Promise<void> {
    await this.#lastWrite
    this.#writer.closeSync()
    this.#reader.closeSync()
    this.#instance.closeSync()
    if (this.#held !== undefined) heldFiles.delete(this.#held)
  }
}

function requireDefined(spec: TableSpec, name: string): void {
  if (spec.columns.some((column) => column.name === name)) return
  throw new ClosebellError('CB_STORE_COLUMN', `the stored table ${spec.name} has a column ${name} of no definition`)
}

function requireType(spec: TableSpec, column: TableColumn, type: string): void {
  const wanted = sql.duckdbTypes[column.kind]
  if (type === wanted) return
  throw new ClosebellError('CB_STORE_COLUMN', `${spec.name}.${column.name} is stored as ${type}, not as ${wanted}`)
}

async function readOne(db: DuckDBConnection, statement: string): Promise<number | null> {
  const result = await db.run(statement)
  return ((await result.getColumns())[0]?.[0] ?? null) as number | null
}
