import { hostname } from 'node:os'
import type { BusInspection, StoreInspection } from '../ports/inspection.ts'
import { kafkaAccess, storeAccess } from './access.ts'
import type { Surroundings } from './bus.ts'

/** What can be asked of the server behind an address; null where there is none, as for a tape or a file. */
export async function inspectBus(url: string, { clock, log }: Surroundings): Promise<BusInspection | null> {
  if (!url.startsWith('kafka:')) return null
  const { inspectKafka, parseKafkaAddress } = await import('../bus/kafka/index.ts')
  const clientId = `closebell-doctor-${hostname()}-${process.pid}`
  return inspectKafka({ ...parseKafkaAddress(url), clientId, access: kafkaAccess(), clock, log })
}

export async function inspectStore(url: string): Promise<StoreInspection | null> {
  if (!url.startsWith('questdb:')) return null
  const [{ parseQuestdbUrl }, { inspectQuestdb }] = await Promise.all([
    import('../store/questdb/index.ts'),
    import('../store/questdb/inspect.ts'),
  ])
  return inspectQuestdb({ ...parseQuestdbUrl(url), access: storeAccess() })
}
