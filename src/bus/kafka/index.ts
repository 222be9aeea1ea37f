export { parseKafkaAddress, type KafkaAddress } from './address.ts'
export { openKafka, type KafkaOptions } from './kafka.ts'
