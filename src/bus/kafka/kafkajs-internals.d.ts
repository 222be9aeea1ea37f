/** What this folder uses of kafkajs beyond its public types: its version is pinned, and it has no `assign`. */

declare module 'kafkajs/src/cluster/index.js' {
  import type { ISocketFactory, KafkaConfig, Logger, RetryOptions } from 'kafkajs'

  export interface FetchedMessage {
    readonly offset: string
    readonly timestamp: string
    readonly key: Buffer | null
    readonly value: Buffer | null
    readonly headers: Readonly<Record<string, Buffer | string | undefined>>
  }

  interface Broker {
    findGroupCoordinator(request: { groupId: string; coordinatorType: number }): Promise<unknown>
    fetch(request: {
      maxWaitTime: number
      minBytes: number
      maxBytes: number
      isolationLevel: number
      topics: { topic: string; partitions: { partition: number; fetchOffset: string; maxBytes: number }[] }[]
    }): Promise<{ responses: { partitions: { partition: number; messages: FetchedMessage[] }[] }[] }>
  }

  class Cluster {
    constructor(options: {
      logger: Logger
      socketFactory: ISocketFactory
      brokers: string[]
      clientId: string
      sasl?: KafkaConfig['sasl']
      ssl?: KafkaConfig['ssl']
      connectionTimeout: number
      requestTimeout: number
      enforceRequestTimeout: boolean
      metadataMaxAge: number
      retry: RetryOptions
      allowAutoTopicCreation: boolean
      maxInFlightRequests: number | null
      isolationLevel: number
    })
    connect(): Promise<void>
    disconnect(): Promise<void>
    addTargetTopic(topic: string): Promise<void>
    refreshMetadata(): Promise<void>
    removeBroker(address: { host: string; port: number }): void
    findLeaderForPartitions(topic: string, partitions: number[]): Record<string, number[]>
    findBroker(node: { nodeId: string }): Promise<Broker>
    findControllerBroker(): Promise<Broker>
  }
  export { Cluster as default }
}

declare module 'kafkajs/src/network/socketFactory.js' {
  import type { ISocketFactory } from 'kafkajs'

  const socketFactory: () => ISocketFactory
  export { socketFactory as default }
}
