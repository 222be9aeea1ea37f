import kafkajs from 'kafkajs'
import { topicPath, topics, type TopicName } from '../../../schemas/topics.ts'
import type { BusInspection } from '../../ports/inspection.ts'
import { Client } from './client.ts'
import type { KafkaOptions } from './kafka.ts'

/** Asks the broker how it keeps the topics of a deployment. */
export function inspectKafka(options: KafkaOptions): BusInspection {
  const client = new Client(options)
  const prefix = options.prefix === '' ? '' : `${options.prefix}.`
  return {
    retention: async () => {
      const admin = await client.admin()
      const present = new Set(await admin.listTopics())
      const names = new Map(topics.map(({ name }) => [`${prefix}${topicPath(name)}`, name]))
      const asked = [...names.keys()].filter((path) => present.has(path))
      if (asked.length === 0) return new Map()
      const { resources } = await admin.describeConfigs({
        includeSynonyms: false,
        resources: asked.map((name) => ({
          type: kafkajs.ConfigResourceTypes.TOPIC,
          name,
          configNames: ['retention.ms'],
        })),
      })
      return new Map(
        resources.map(({ resourceName, configEntries }): [TopicName, number] => {
          const ms = Number(configEntries.find(({ configName }) => configName === 'retention.ms')?.configValue)
          return [names.get(resourceName) as TopicName, ms < 0 ? Infinity : ms]
        }),
      )
    },
    close: () => client.close(),
  }
}
