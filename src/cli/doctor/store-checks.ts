import { previousTradingDay } from '../../../schemas/calendars/index.ts'
import type { Completed } from '../../../schemas/day.ts'
import { ClosebellError } from '../../../schemas/errors.ts'
import { tables } from '../../../schemas/tables.ts'
import type { Bus } from '../../ports/bus.ts'
import type { StoreInspection } from '../../ports/inspection.ts'
import type { Store } from '../../ports/store.ts'
import { numbers } from '../../ports/store.ts'
import { codecs } from '../../wire/index.ts'
import { newestDate } from '../../workers/close/close-worker.ts'
import { readStatusBoard } from '../../workers/status/status-board.ts'
import { fail, ok, warn, type Finding } from './finding.ts'

/** Whether every table has its columns, and whether the server applies what it acknowledges. */
export async function checkTables(store: Store, inspection: StoreInspection | null, today: string): Promise<Finding> {
  const suspended = (await inspection?.suspended()) ?? []
  if (suspended.length > 0) {
    const names = suspended.map(({ table, error }) => (error === '' ? table : `${table} (${error})`)).join(', ')
    const remedy = `Mend the cause, then ALTER TABLE ${suspended[0].table} RESUME WAL.`
    return fail('tables', `CB_STORE_SUSPENDED: ${names}`, remedy)
  }
  const lacking: string[] = []
  for (const { name, columns } of tables) {
    try {
      await store.panel({ table: name, columns: columns.map((column) => column.name), from: today, to: today })
    } catch (error) {
      if (error instanceof ClosebellError && error.code === 'CB_STORE_UNREACHABLE') throw error
      lacking.push(name)
    }
  }
  if (lacking.length === tables.length) {
    return warn('tables', 'there are none yet', 'The first worker that writes makes them: closebell sink.')
  }
  if (lacking.length === 0) return ok('tables', `${tables.length} with all their columns`)
  const fact = `${lacking.length} of ${tables.length} are missing or lack columns: ${lacking.join(', ')}`
  return warn('tables', fact, 'The first worker that writes makes them: closebell sink.')
}

export interface DayQuestion {
  readonly bus: Bus | null
  readonly store: Store | null
  readonly profile: string
  readonly today: string
}

/** Whether the last session that the log or the store know of is whole and can be read. */
export async function checkYesterday({ bus, store, profile, today }: DayQuestion): Promise<Finding> {
  const before = previousTradingDay(profile, today)
  const logged = bus === null ? null : await lastCompleted(bus, before)
  const stored = store === null ? null : await storedCompleted(store, before)
  const open = bus === null ? '' : await openBefore(bus, before, logged)
  if (open !== '') return notClosed(bus as Bus, open)
  if (logged !== null && store !== null && (stored === null || stored.date < logged.date)) {
    const end = stored?.date ?? 'before any day'
    const fact = `${logged.date} r${logged.revision + 1} is in the log, the store ends ${end}`
    return fail('yesterday', fact, `Run closebell sink --from ${logged.date}.`)
  }
  const last = stored ?? logged
  if (last === null) return warn('yesterday', 'no day was completed yet', 'The first day runs without history.')
  const said = `${last.date} r${last.revision + 1}${stored === null ? ' completed' : ' applied'}`
  if (last.date === before) return ok('yesterday', said)
  return warn('yesterday', `${said}, nothing of ${before}`, `Run closebell backfill --from ${before} --to ${before}.`)
}

type LastDay = Pick<Completed, 'date' | 'revision'>

async function storedCompleted(store: Store, to: string): Promise<LastDay | null> {
  const date = (await completedDates(store, to)).at(-1)
  if (date === undefined) return null
  const rows = await store.panel({ table: 'completed', columns: ['event_time', 'revision'], from: date, to: date })
  return { date, revision: numbers(rows, 'revision').at(-1) ?? 0 }
}

/** A store that nobody has written to lacks the table, and so any day. */
async function completedDates(store: Store, to: string): Promise<readonly string[]> {
  try {
    return await store.dates('completed', '1970-01-01', to)
  } catch (error) {
    if (error instanceof ClosebellError && error.code === 'CB_STORE_UNREACHABLE') throw error
    return []
  }
}

async function lastCompleted(bus: Bus, to: string): Promise<LastDay | null> {
  if ((await bus.partitions('completed')) === 0) return null
  const { first, next } = await bus.offsets('completed', 0)
  if (first === next) return null
  let last: LastDay | null = null
  for await (const messages of bus.read('completed', 0, { from: Math.max(first, next - 50), until: 'end' })) {
    for (const { value } of messages) {
      const { date, revision } = codecs.completed.decode(value)
      if (date <= to && (last === null || date >= last.date)) last = { date, revision }
    }
  }
  return last
}

/** The newest date of the log up to `to` when it was never completed; else empty. */
async function openBefore(bus: Bus, to: string, completed: LastDay | null): Promise<string> {
  const newest = await newestDate(bus)
  return newest !== '' && newest <= to && newest > (completed?.date ?? '') ? newest : ''
}

/** A day of the past that waits for a chain goes on waiting until its chain is ended, or the day is by hand. */
async function notClosed(bus: Bus, date: string): Promise<Finding> {
  const board = await readStatusBoard(bus)
  const reports = board.reports('features').filter((status) => status.date === date && status.stage !== 'closed')
  const waits = reports
    .filter(({ waiting }) => waiting.length > 0)
    .map(({ partition, waiting }) => `partition ${partition} waits for ${waiting.join(' ')}`)
  const fact = [`${date} is not completed`, ...waits].join(', ')
  const remedy =
    waits.length > 0
      ? `Let the feed end the chain, or end the day without it: closebell close --date ${date} --deadline 15:45.`
      : `Run closebell close --date ${date}, with features and model workers up.`
  return fail('yesterday', fact, remedy)
}
