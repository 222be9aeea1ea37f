/** The topics of closebell: how many partitions, and how long messages are kept. */

export interface TopicSpec {
  /** Short name; the full one is `closebell.<name>.v1`. */
  readonly name: TopicName
  /** `market`: the P of the deployment. */
  readonly partitions: number | 'market' | 'jobs'
  /** How long messages are kept, in days; `null` = for ever. */
  readonly retentionDays: number | null
}

export type TopicName =
  | 'market'
  | 'corrections'
  | 'minutes'
  | 'days'
  | 'panels'
  | 'inputs'
  | 'jobs'
  | 'results'
  | 'factor-pv'
  | 'factor-g'
  | 'factor-c'
  | 'factor-hf'
  | 'factor-dp'
  | 'ml-c'
  | 'completed'
  | 'late'
  | 'quarantine'
  | 'status'

const topic = (name: TopicName, partitions: TopicSpec['partitions'], retentionDays: number | null): TopicSpec => ({
  name,
  partitions,
  retentionDays,
})

export const topics: readonly TopicSpec[] = [
  topic('market', 'market', 14),
  topic('corrections', 1, null),
  topic('minutes', 'market', 14),
  topic('days', 'market', 90),
  topic('panels', 1, null),
  topic('inputs', 1, null),
  topic('jobs', 'jobs', 14),
  topic('results', 1, null),
  topic('factor-pv', 1, null),
  topic('factor-g', 1, null),
  topic('factor-c', 1, null),
  topic('factor-hf', 1, null),
  topic('factor-dp', 1, null),
  topic('ml-c', 1, null),
  topic('completed', 1, null),
  topic('late', 1, 90),
  topic('quarantine', 1, 90),
  topic('status', 1, 1),
]

export const defaultPartitions = 4
export const jobPartitions = 2

/** Full name of a topic, before the prefix of a deployment. */
export const topicPath = (name: TopicName): string => `closebell.${name}.v1`

/** The data sets, in the order in which they are published. */
export const sets = ['PV', 'G', 'C', 'HF', 'DP'] as const
export type SetName = (typeof sets)[number]

export const factorTopic = (set: SetName): TopicName => `factor-${set.toLowerCase()}` as TopicName
