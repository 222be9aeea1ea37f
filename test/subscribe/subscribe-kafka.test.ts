import { describe, expect, it } from 'vitest'
import { openKafka } from '../../src/bus/kafka/index.ts'
import { subscribe } from '../../src/index.ts'
import { realClock } from '../real-clock.ts'
import { withServices } from '../services/real-services.ts'
import { silentLog } from '../silent-log.ts'
import { closeDay, publish, publishFactors } from './closed-days.ts'
import { nextOf } from './reader.ts'

const services = await withServices('kafka')

describe.skipIf(services === null)('subscribe over Kafka', () => {
  it('a group gets each day once and whole: one killed at work gets it again, one that asked on does not', async () => {
    const broker = `${services?.kafka.host}:${services?.kafka.port}`
    const bus = openKafka({
      brokers: [broker],
      prefix: 'subscribe',
      clientId: 'subscribe-test',
      log: silentLog,
      clock: realClock,
    })
    const [first, second, third] = ['2024-03-12', '2024-03-13', '2024-03-14'] as const
    const options = { bus: `kafka://${broker}/subscribe`, group: 'desk-1', from: first, sets: ['PV', 'ML_C'] as const }
    try {
      await bus.createTopics(1)
      const completed = await publishFactors(bus, first)
      const died = subscribe(options)
      const waiting = nextOf(died)
      await publish(bus, 'completed', first, completed)
      expect(await waiting).toBe(`day ${first}`)
      await died.return()
      await publish(bus, 'completed', first, completed)
      await closeDay(bus, second)
      const again = subscribe(options)
      expect(await nextOf(again)).toBe(`day ${first}`)
      expect(await nextOf(again)).toBe(`day ${second}`)
      const asked = nextOf(again)
      await closeDay(bus, third)
      expect(await asked).toBe(`day ${third}`)
      await again.return()
      const last = subscribe(options)
      expect(await nextOf(last)).toBe(`day ${third}`)
      await last.return()
      const alone = subscribe({ bus: options.bus, from: 'latest' })
      expect(await nextOf(alone)).toBe(`day ${third}`)
      await alone.return()
    } finally {
      await bus.close()
    }
  })
})
