import { setTimeout as sleep } from 'node:timers/promises'
import type { Clock } from '../../src/ports/clock.ts'
import type { Log } from '../../src/ports/log.ts'
import type { TableName } from '../../schemas/tables.ts'
import { openQuestdb, type Encoder } from '../../src/store/questdb/index.ts'
import { withServices } from '../services/real-services.ts'

/** The real QuestDB of this run, or null where there can be none. */
export const realQuestdb = (await withServices('questdb'))?.questdb ?? null

export const systemClock: Clock = {
  now: () => Date.now(),
  elapsed: () => performance.now(),
  sleep: (ms, signal) => sleep(ms, undefined, signal === undefined ? {} : { signal }),
}

export const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {} }

/** Suites share a server: each keeps its tables under a prefix of its own. */
export const prefixOf = (suite: string): string => `${suite}_${process.pid}`

export function server(): { readonly host: string; readonly httpPort: number } {
  if (realQuestdb === null) throw new Error('there is no real QuestDB here')
  return { host: realQuestdb.host, httpPort: realQuestdb.port }
}

export const openReal = (prefix: string, encoder: Encoder = 'client') =>
  openQuestdb({ ...server(), prefix, encoder, clock: systemClock, log: silentLog })

/** Rows of a statement's answer, straight from the server. */
export async function ask(statement: string): Promise<readonly (readonly unknown[])[]> {
  const { host, httpPort } = server()
  const response = await fetch(`http://${host}:${httpPort}/exec?query=${encodeURIComponent(statement)}`)
  const answer = (await response.json()) as { dataset?: unknown[][]; error?: string }
  if (answer.error !== undefined) throw new Error(`${answer.error}: ${statement}`)
  return answer.dataset ?? []
}

/** Drops a column; the server answers before it has done so. */
export async function dropColumn(prefix: string, table: TableName, column: string): Promise<void> {
  await ask(`ALTER TABLE "${prefix}_${table}" DROP COLUMN "${column}"`)
  while ((await ask(`SELECT 1 FROM table_columns('${prefix}_${table}') WHERE "column" = '${column}'`)).length > 0) {
    await sleep(5)
  }
}
