import { ClosebellError } from '../../../schemas/errors.ts'

export interface KafkaAddress {
  readonly brokers: readonly string[]
  /** '' or the name that sets this deployment's topics and groups apart on a shared broker. */
  readonly prefix: string
}

/** Parses `kafka://host:port[,host:port...][/<prefix>]`. @throws CB_CONFIG */
export function parseKafkaAddress(text: string): KafkaAddress {
  const match = /^kafka:\/\/([^/]+)(?:\/([\w.-]*))?$/.exec(text)
  const brokers = match?.[1]?.split(',') ?? []
  if (brokers.length === 0 || !brokers.every((broker) => /^(\[[\da-fA-F:]+\]|[\w.-]+):\d{1,5}$/.test(broker))) {
    throw new ClosebellError('CB_CONFIG', `${JSON.stringify(text)} is not kafka://host:port[/<prefix>]`)
  }
  return { brokers, prefix: match?.[2] ?? '' }
}
