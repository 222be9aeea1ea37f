export { parseKafkaAddress, type KafkaAddress } from './address.ts'
export { inspectKafka } from './inspect.ts'
export { openKafka, type KafkaOptions } from './kafka.ts'
