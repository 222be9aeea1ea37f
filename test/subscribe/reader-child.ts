import { createHash } from 'node:crypto'
import { writeSync } from 'node:fs'
import type { Bus } from '../../src/ports/bus.ts'
import { openBus } from '../../src/compose/bus.ts'
import { systemClock } from '../../src/compose/clock.ts'
import { stderrLog } from '../../src/compose/log.ts'
import { followDays, type SubscriptionEvent } from '../../src/workers/subscription/follow-days.ts'

/**
 * A reader of a group that dies by its own SIGKILL at one instant: with the `count`-th day in its hands (`received`),
 * when it asked on and nothing is committed yet (`asked`), or right behind the `count`-th commit (`committed`).
 * Arguments: bus, group, first date, instant, count. Prints a line for each day, with a digest of all that came with
 * it, and ends once it has committed all that `completed` holds.
 */
const [url, group, from, instant, count] = process.argv.slice(2)

let left = Number(count)
const dieAt = (here: string): void => {
  if (here === instant && --left === 0) process.kill(process.pid, 'SIGKILL')
}

/** Columns by their bits, so that nothing of a day can be lost unseen. */
function digestOf(event: SubscriptionEvent): string {
  const text = JSON.stringify(event, (_, value: unknown) =>
    value instanceof Float64Array
      ? Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('hex')
      : value,
  )
  return createHash('sha256').update(text).digest('hex')
}

const log = stderrLog('error', { isTTY: false, write: (text) => process.stderr.write(text) })
const bus = await openBus(url, { clock: systemClock, log })
const stop = new AbortController()
const mortal: Bus = {
  createTopics: (partitions) => bus.createTopics(partitions),
  partitions: (topic) => bus.partitions(topic),
  publish: (topic, messages) => bus.publish(topic, messages),
  read: (topic, partition, options) => bus.read(topic, partition, options),
  offsets: (topic, partition) => bus.offsets(topic, partition),
  offsetOfDate: (topic, partition, date) => bus.offsetOfDate(topic, partition, date),
  committed: (topic, group) => bus.committed(topic, group),
  join: async (topic, name, handlers) => {
    const membership = await bus.join(topic, name, handlers)
    return {
      done: membership.done,
      leave: () => membership.leave(),
      commit: async (partition, committed) => {
        dieAt('asked')
        await membership.commit(partition, committed)
        dieAt('committed')
        if (committed.offset === (await bus.offsets(topic, partition)).next) stop.abort()
      },
    }
  },
  close: () => bus.close(),
}

const options = { bus: mortal, clock: systemClock, group, from, sets: ['PV', 'HF', 'ML_C'] as const }
for await (const event of followDays({ ...options, signal: stop.signal })) {
  if (event.type === 'heartbeat') continue
  // Written at once: what a killed process has received must not be lost in a buffer.
  writeSync(1, `${event.type} ${event.date} ${digestOf(event)}\n`)
  dieAt('received')
}
await bus.close()
