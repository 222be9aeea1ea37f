import { existsSync, mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { ClosebellError } from '../../schemas/errors.ts'
import type { Store } from '../ports/store.ts'
import { isLoopback } from '../http/guard.ts'
import { storeAccess } from './access.ts'
import type { Surroundings } from './bus.ts'

const fileScheme = 'duckdb:'

/**
 * Opens `questdb://host:port` or `duckdb:<file>`; only the adapter that is named is loaded. `read`: whoever only reads
 * wants a store that is there, and not an empty new one.
 * @throws ClosebellError CB_USAGE for another scheme, CB_ABSENT when `read` finds no file
 */
export async function openStore(url: string, use: 'read' | 'write', { clock, log }: Surroundings): Promise<Store> {
  if (url.startsWith(fileScheme) && url !== fileScheme) {
    const file = url.slice(fileScheme.length)
    if (use === 'read' && !existsSync(file)) throw new ClosebellError('CB_ABSENT', `there is no store in ${file}`)
    mkdirSync(dirname(file), { recursive: true })
    const { openDuckdb } = await import('../store/duckdb/index.ts')
    return openDuckdb(file)
  }
  if (url.startsWith('questdb:')) {
    const { openQuestdb, parseQuestdbUrl } = await import('../store/questdb/index.ts')
    const access = storeAccess()
    const address = parseQuestdbUrl(url)
    if (access.tls === null && (access.user ?? access.token) !== null && !isLoopback(address.host))
      log.warn('the secret of the store travels in plain text: set CLOSEBELL_STORE_TLS=on', { host: address.host })
    return openQuestdb({ ...address, access, clock, log })
  }
  throw new ClosebellError('CB_USAGE', `--store: ${url} is not questdb://host:port or duckdb:<file>`)
}
