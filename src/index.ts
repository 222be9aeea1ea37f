export { ClosebellError, type ErrorCode } from '../schemas/errors.ts'
export type { SetName } from '../schemas/topics.ts'
export { subscribe, type SubscribeOptions } from './subscribe.ts'
export type { HeartbeatEvent, SubscriptionEvent } from './workers/subscription/follow-days.ts'
export type {
  DayEvent,
  FactorName,
  FactorValues,
  FactorWeight,
  RetractedEvent,
} from './workers/subscription/whole-day.ts'
