import { openAccess } from '../../ports/access.ts'
import { tables } from '../../../schemas/tables.ts'
import type { StoreInspection } from '../../ports/inspection.ts'
import type { QuestdbOptions } from './index.ts'
import { QuestdbRest } from './rest.ts'
import * as sql from './statements.ts'

/** Asks a QuestDB server about the tables of a deployment and about its clock. */
export function inspectQuestdb({
  host,
  httpPort,
  prefix,
  access = openAccess,
}: Omit<QuestdbOptions, 'clock' | 'log'>): StoreInspection {
  const rest = new QuestdbRest({ host, port: httpPort, access })
  const own = new Set(tables.map(({ name }) => (prefix === undefined ? name : `${prefix}_${name}`)))
  return {
    suspended: async () => {
      const rows = await rest.rows(sql.selectProgress())
      return rows
        .filter(([name, suspended]) => suspended === true && own.has(String(name)))
        .map(([name, , , , tag, message]) => ({
          table: String(name),
          error: [tag, message].filter((text) => typeof text === 'string' && text !== '').join(': '),
        }))
    },
    now: async () => {
      const [[micros] = []] = await rest.rows('SELECT cast(now() AS LONG)')
      return Number(micros) / 1000
    },
  }
}
