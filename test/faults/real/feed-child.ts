import { openBus } from '../../../src/compose/bus.ts'
import { systemClock } from '../../../src/compose/clock.ts'
import { stderrLog } from '../../../src/compose/log.ts'
import { publishFeed } from '../../../src/workers/feed.ts'
import { market, partitions } from './base.ts'

/** The feed of one simulated day: bus, date, and how many times faster than real time. */
const [url, date, speed] = process.argv.slice(2)

const log = stderrLog('warn', { isTTY: false, write: (text) => process.stderr.write(text) })
const stopping = new AbortController()
process.once('SIGTERM', () => stopping.abort())
const bus = await openBus(url, { clock: systemClock, log }, 'service')
const [fed] = await publishFeed({
  feed: market(),
  bus,
  partitions,
  clock: systemClock,
  log,
  dates: [date],
  speed: Number(speed),
  batchRows: 16,
  signal: stopping.signal,
})
await bus.close()
process.exit(fed?.ended === true ? 0 : 1)
