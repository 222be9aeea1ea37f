import promises from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'
import { openTape } from '../../src/bus/tape/index.ts'
import type { Bus } from '../../src/ports/bus.ts'
import { systemClock } from '../../src/compose/clock.ts'
import { stderrLog } from '../../src/compose/log.ts'
import { FeaturesWorker } from '../../src/workers/features/features-worker.ts'

/**
 * A features worker that dies by its own SIGKILL at one instant: behind the `count`-th message handed to it, between
 * the `count`-th publish and its acknowledgement, or before a rename of a snapshot when `count` - 1 are done.
 * Arguments: tape, folder of the snapshots or `-`, instant, count. Prints how many messages it was handed.
 */
const [tape, state, instant, count] = process.argv.slice(2)

let left = Number(count)
const dieAt = (here: string): void => {
  if (here === instant && --left === 0) process.kill(process.pid, 'SIGKILL')
}

const { rename } = promises
let renamed = 0
promises.rename = async (from, to) => {
  if (!String(to).endsWith('.snapshot')) return await rename(from, to)
  // Counted when they are done: two partitions rename side by side, and one that has only begun has left nothing.
  if (instant === 'rename' && renamed >= Number(count) - 1) process.kill(process.pid, 'SIGKILL')
  await rename(from, to)
  renamed++
}
syncBuiltinESMExports()

let handed = 0
const bus = openTape(tape, { clock: systemClock })
const mortal: Bus = {
  createTopics: (partitions) => bus.createTopics(partitions),
  partitions: (topic) => bus.partitions(topic),
  publish: async (topic, messages) => {
    const offset = await bus.publish(topic, messages)
    dieAt('publish')
    return offset
  },
  read: (topic, partition, options) => bus.read(topic, partition, options),
  offsets: (topic, partition) => bus.offsets(topic, partition),
  offsetOfDate: (topic, partition, date) => bus.offsetOfDate(topic, partition, date),
  committed: (topic, group) => bus.committed(topic, group),
  join: (topic, group, handlers) =>
    bus.join(topic, group, {
      assigned: (assignments, epoch) => handlers.assigned(assignments, epoch),
      messages: async (partition, messages, epoch) => {
        // One at a time, so that an instant can lie between any two.
        for (const message of messages) {
          handed++
          dieAt('message')
          await handlers.messages(partition, [message], epoch)
        }
      },
    }),
  close: () => bus.close(),
}

const worker = new FeaturesWorker({
  bus: mortal,
  clock: systemClock,
  log: stderrLog('error', { isTTY: false, write: (text) => process.stderr.write(text) }),
  profile: 'cn',
  sizing: 'order',
  ...(state === '-' ? {} : { state }),
  // Due behind nearly every message: the snapshot is then never far from where the process dies.
  snapshotIntervalMs: 3,
  end: 'until-close',
  minuteRows: true,
})
await worker.run()
await bus.close()
process.stdout.write(`${handed}\n`)
