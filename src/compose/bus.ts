import { hostname } from 'node:os'
import { ClosebellError } from '../../schemas/errors.ts'
import type { Bus } from '../ports/bus.ts'
import type { Clock } from '../ports/clock.ts'
import type { Log } from '../ports/log.ts'

/** What adapters are given. */
export interface Surroundings {
  readonly clock: Clock
  readonly log: Log
}

const tapeScheme = 'tape:'

/** The folder of `tape:<folder>`, null for another bus. */
export const tapeFolder = (url: string): string | null =>
  url.startsWith(tapeScheme) ? url.slice(tapeScheme.length) : null

/**
 * Opens `kafka://host:port[/<prefix>]` or `tape:<folder>`; only the adapter that is named is loaded.
 * @throws ClosebellError CB_CONFIG for a malformed address, CB_USAGE for another scheme
 */
export async function openBus(url: string, { clock, log }: Surroundings): Promise<Bus> {
  const folder = tapeFolder(url)
  if (folder !== null && folder !== '') {
    const { openTape } = await import('../bus/tape/index.ts')
    return openTape(folder, { clock })
  }
  if (url.startsWith('kafka:')) {
    const { openKafka, parseKafkaAddress } = await import('../bus/kafka/index.ts')
    return openKafka({ ...parseKafkaAddress(url), clientId: `closebell-${hostname()}-${process.pid}`, clock, log })
  }
  throw new ClosebellError('CB_USAGE', `--bus: ${url} is not kafka://host:port[/<prefix>] or tape:<folder>`)
}
