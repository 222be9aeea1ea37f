import type { LoadedSettings, Settings } from '../compose/settings.ts'
import type { Bus } from '../ports/bus.ts'

/** P of the deployment: what was asked for; when nothing was, what the bus has already. */
export async function partitionsOf(bus: Bus, settings: Settings, origins: LoadedSettings['origins']): Promise<number> {
  if (origins.partitions.source !== 'default') return settings.partitions
  return (await bus.partitions('market')) || settings.partitions
}
