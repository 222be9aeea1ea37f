import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { openTape } from '../../src/bus/tape/index.ts'
import { MemoryBus } from '../feeds/memory-bus.ts'
import { codecs, decode, kindOf } from '../../src/wire/index.ts'
import { featuresOf, loggedBits, messagesOf } from '../integration/logged-rows.ts'
import { realClock } from '../real-clock.ts'
import { seed } from '../seed.ts'
import { fed, smallMarket } from './simulated-day.ts'

it('bad messages on the bus are in the quarantine topic with reason and offset, and the day closes', async () => {
  const market = smallMarket(seed, 4)
  const date = market.dates[0]
  const clean = new MemoryBus()
  await fed(market, clean, 1)
  const values = clean.log[0].map(({ value }) => value)
  const at = values.findIndex((value) => kindOf(value) === 'tickBatch' && codecs.tickBatch.decode(value).count > 1)
  const changed = (change: (batch: ReturnType<typeof codecs.tickBatch.decode>) => void): Buffer => {
    const batch = codecs.tickBatch.decode(values[at])
    change(batch)
    return codecs.tickBatch.encode(batch)
  }
  const unknown = Buffer.from(values[at])
  unknown[5] ^= 0xff
  const wrongCrc = Buffer.from(values[at])
  wrongCrc[wrongCrc.length - 20] ^= 1
  const strange = changed((batch) => {
    batch.price[0] = -1
    batch.dictionary.push({ ...batch.dictionary[0], instrument: '__proto__' })
    batch.instrument[1] = batch.dictionary.length - 1
  })
  const folder = mkdtempSync(join(tmpdir(), 'closebell-bad-input-'))
  const bus = openTape(folder, { clock: realClock })
  try {
    await bus.createTopics(1)
    const bad = [Buffer.from(values[at]).subarray(0, 60), unknown, wrongCrc]
    const log = [...values.slice(0, at), ...bad, strange, ...values.slice(at + 1)]
    await bus.publish(
      'market',
      log.map((value) => ({ partition: 0, date, key: 'any', value })),
    )
    await featuresOf(bus).run()
    const quarantined = (await messagesOf(bus, 'quarantine')).map(({ value }) => codecs.quarantined.decode(value))
    expect(quarantined.map(({ offset, row, code }) => [offset, row, code])).toEqual([
      [at, -1, 'CB_WIRE_TRUNCATED'],
      [at + 1, -1, 'CB_WIRE_SCHEMA'],
      [at + 2, -1, 'CB_WIRE_CRC'],
      // Symbols are looked at when the batch comes, prices when its rows are taken in.
      [at + 3, 1, 'CB_SYMBOL'],
      [at + 3, 0, 'CB_PRICE'],
    ])
    const closed = (await messagesOf(bus, 'days')).map(({ value }) => decode(value)).at(-1)
    const counts = closed?.kind === 'partitionClosed' ? closed.value : null
    expect(counts).toMatchObject({ eventsQuarantined: 2, eventsLate: 0, degraded: false })
    expect(counts?.eventsIn).toBe((counts?.eventsUsed ?? 0) + 2)
    expect([...(await loggedBits(bus)).keys()].filter((key) => key.endsWith(' day'))).toHaveLength(4)
  } finally {
    await bus.close()
    rmSync(folder, { recursive: true, force: true })
  }
})
