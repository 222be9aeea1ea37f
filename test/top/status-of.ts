import type { Status } from '../../schemas/day.ts'
import { unreported } from '../../src/workers/status/heartbeat.ts'

/** A report with figures of its own; the rest is empty. */
export const statusOf = (rest: Partial<Status>): Status => ({
  ...unreported,
  worker: 'features',
  owner: 'a',
  date: '2024-01-02',
  stage: 'streaming',
  partition: 0,
  offset: 1,
  reportedAt: 1000,
  interval: 2,
  ...rest,
})
