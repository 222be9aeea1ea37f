import { hostname } from 'node:os'
import { ClosebellError } from '../../schemas/errors.ts'
import type { Bus } from '../ports/bus.ts'
import type { Clock } from '../ports/clock.ts'
import type { Log } from '../ports/log.ts'
import { kafkaAccess } from './access.ts'

/** What adapters are given. */
export interface Surroundings {
  readonly clock: Clock
  readonly log: Log
}

/** A service waits for a bus that does not answer yet; a person who typed a command is told within 10 s. */
export type BusUse = 'command' | 'service'

const tapeScheme = 'tape:'

/** The folder of `tape:<folder>`, null for another bus. */
export const tapeFolder = (url: string): string | null =>
  url.startsWith(tapeScheme) ? url.slice(tapeScheme.length) : null

/**
 * Opens `kafka://host:port[/<prefix>]` or `tape:<folder>`; only the adapter that is named is loaded.
 * @throws ClosebellError CB_CONFIG for a malformed address, CB_USAGE for another scheme
 */
export async function openBus(url: string, { clock, log }: Surroundings, use: BusUse = 'command'): Promise<Bus> {
  const folder = tapeFolder(url)
  if (folder !== null && folder !== '') {
    const { openTape } = await import('../bus/tape/index.ts')
    return openTape(folder, { clock })
  }
  if (url.startsWith('kafka:')) {
    const { openKafka, parseKafkaAddress } = await import('../bus/kafka/index.ts')
    const clientId = `closebell-${hostname()}-${process.pid}`
    const access = kafkaAccess()
    return openKafka({ ...parseKafkaAddress(url), clientId, access, clock, log, isService: use === 'service' })
  }
  throw new ClosebellError('CB_USAGE', `--bus: ${url} is not kafka://host:port[/<prefix>] or tape:<folder>`)
}
