import type { TopicName } from '../../schemas/topics.ts'

/** What an operator asks of servers beside messages and rows. Nothing here changes anything. */

export interface BusInspection {
  /** How long each topic that exists keeps messages, ms; Infinity = for ever. */
  retention(): Promise<ReadonlyMap<TopicName, number>>
  close(): Promise<void>
}

export interface StoreInspection {
  /** Tables that were suspended, each with the error that did it. */
  suspended(): Promise<readonly { readonly table: string; readonly error: string }[]>
  /** Clock of the server, ms UTC. */
  now(): Promise<number>
}
