import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { ClosebellError } from '../../schemas/errors.ts'
import { openTape } from '../../src/bus/tape/index.ts'
import { subscribe } from '../../src/index.ts'
import type { Bus } from '../../src/ports/bus.ts'
import type { DayEvent } from '../../src/workers/subscription/whole-day.ts'
import { codecs } from '../../src/wire/index.ts'
import { realClock } from '../real-clock.ts'
import { closeDay, factorOn, publish, publishFactors } from './closed-days.ts'
import { follow, gist, HandClock, nextOf, readFor } from './reader.ts'

const [first, second, third] = ['2024-03-12', '2024-03-13', '2024-03-14'] as const
const quietMs = 300

describe('subscribe', () => {
  let folder: string
  let bus: Bus

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'closebell-subscribe-'))
    bus = openTape(folder, { clock: realClock })
    await bus.createTopics(1)
  })

  afterEach(async () => {
    await bus.close()
    rmSync(folder, { recursive: true, force: true })
  })

  it('gives a day with its factors, weights and exclusions, NaN kept', async () => {
    await closeDay(bus, first)
    const days = follow(bus)
    const { value } = await days.next()
    await days.return()
    const day = value as DayEvent
    expect(day).toMatchObject({ type: 'day', date: first, revision: 0, degraded: false, cause: '' })
    expect(Object.keys(day.factors)).toEqual(['PV', 'HF', 'ML_C'])
    expect(day.factors.PV?.neutral).toEqual(Float64Array.of(-1, Number.NaN, 1))
    expect(day.factors.PV).toMatchObject({ horizon: 1, coverage: 0.75, artifact: 'artifact of PV' })
    expect(day.factors.ML_C).toMatchObject({ artifact: null, instruments: ['000001.SZ', '600000.SH', '600519.SH'] })
    expect(day.weights).toEqual({
      PV: { weight: 0.25, sa: 0.5, longOnly: 0 },
      HF: { weight: 0.75, sa: 0.5, longOnly: 1 },
    })
    expect(day.exclusions).toEqual([{ instrument: '688001.SH', reason: 'no earlier close' }])
    expect(day.completed.universe).toBe(4)
  })

  it('gives only the factors that are asked for, and the weights all the same', async () => {
    await closeDay(bus, first)
    const days = follow(bus, { sets: ['HF'] })
    const { value } = await days.next()
    await days.return()
    expect(Object.keys((value as DayEvent).factors)).toEqual(['HF'])
    expect(Object.keys((value as DayEvent).weights)).toEqual(['PV', 'HF'])
  })

  it.each(['before', 'during', 'after'] as const)(
    'started %s the close, gets the day once and whole',
    async (moment) => {
      await closeDay(bus, first)
      const started = { before: 0, during: 1, after: 2 }[moment]
      const days = follow(bus, { from: second })
      const reading: Promise<string[]>[] = []
      const start = (): void => void reading.push(readFor(days, 1, quietMs))
      if (started === 0) start()
      const completed = await publishFactors(bus, second)
      if (started === 1) start()
      if (started < 2) await realClock.sleep(50)
      await publish(bus, 'completed', second, completed)
      if (started === 2) start()
      expect(await reading[0]).toEqual([`day ${second}`])
    },
  )

  it('from a date begins with it, from latest with the newest completed day', async () => {
    for (const date of [first, second, third]) await closeDay(bus, date)
    expect(await readFor(follow(bus, { from: second }), 2, quietMs)).toEqual([`day ${second}`, `day ${third}`])
    expect(await readFor(follow(bus), 1, quietMs)).toEqual([`day ${third}`])
    expect(await readFor(follow(bus, { from: '2030-01-01' }), 0, quietMs)).toEqual([])
  })

  it('asking for the next commits the last: who died at work gets the day again, who asked on does not', async () => {
    for (const date of [first, second]) await closeDay(bus, date)
    const died = follow(bus, { group: 'desk', from: first })
    expect(await nextOf(died)).toBe(`day ${first}`)
    await died.return()
    const again = follow(bus, { group: 'desk', from: first })
    expect(await nextOf(again)).toBe(`day ${first}`)
    expect(await nextOf(again)).toBe(`day ${second}`)
    await again.return()
    const last = follow(bus, { group: 'desk', from: first })
    expect(await nextOf(last)).toBe(`day ${second}`)
    expect(await Promise.race([nextOf(last), realClock.sleep(quietMs)])).toBeUndefined()
    await bus.close()
    bus = openTape(folder, { clock: realClock })
    await closeDay(bus, third)
    expect(await readFor(follow(bus, { group: 'desk', from: first }), 1, quietMs)).toEqual([`day ${third}`])
  })

  it('passes over a day that is completed twice, also when it started again in between', async () => {
    const completed = await closeDay(bus, first)
    const days = follow(bus, { group: 'desk' })
    expect(await readFor(days, 1, quietMs)).toEqual([`day ${first}`])
    await bus.close()
    bus = openTape(folder, { clock: realClock })
    await publish(bus, 'completed', first, completed)
    await closeDay(bus, second)
    await publish(bus, 'completed', second, await publishFactors(bus, second))
    const restarted = follow(bus, { group: 'desk' })
    expect(await nextOf(restarted)).toBe(`day ${second}`)
    expect(await readFor(restarted, 0, quietMs)).toEqual([])
  })

  it('tells of a retraction, and of a later revision of a date', async () => {
    await closeDay(bus, first)
    await closeDay(bus, first, { revision: 1, retracted: true, cause: 'bad prints' })
    expect(await readFor(follow(bus), 2, quietMs)).toEqual([`day ${first}`, `retracted ${first}`])
  })

  it('CB_WIRE_CRC when a factor is not the one that completed names, CB_BUS_GAP when it is missing', async () => {
    const completed = codecs.completed.decode(await publishFactors(bus, first))
    const sets = completed.sets.map((set) => (set.set === 'PV' ? { ...set, hash: 'f'.repeat(64) } : set))
    await publish(bus, 'completed', first, codecs.completed.encode({ ...completed, sets }))
    await expect(follow(bus).next()).rejects.toMatchObject({ code: 'CB_WIRE_CRC' })
    await publish(bus, 'factor-pv', third, codecs.factor.encode(factorOn(third, 'PV')))
    await publish(bus, 'completed', second, codecs.completed.encode({ ...completed, date: second }))
    await expect(follow(bus).next()).rejects.toMatchObject({ code: 'CB_BUS_GAP' })
  })

  it('sends a heartbeat after ten seconds of quiet, with how far the next day is', async () => {
    await closeDay(bus, first)
    const clock = new HandClock()
    const days = follow(bus, { clock })
    expect(await nextOf(days)).toBe(`day ${first}`)
    const beat = async (): Promise<unknown> => {
      const next = days.next()
      await publish(bus, 'status', first, Buffer.from('a report'))
      await realClock.sleep(50)
      clock.pass(10_000)
      return (await next).value
    }
    expect(await beat()).toEqual({ type: 'heartbeat', stage: 'waiting', lastDate: first, at: 1_010_000 })
    await publish(bus, 'market', second, Buffer.from('a record'))
    expect(await beat()).toMatchObject({ stage: 'trading', at: 1_020_000 })
    await publish(bus, 'panels', second, Buffer.from('a record'))
    expect(await beat()).toMatchObject({ stage: 'closing', lastDate: first })
    await closeDay(bus, second)
    expect(await nextOf(days)).toBe(`day ${second}`)
    await days.return()
  })

  it('CB_SILENT after thirty seconds in which no worker reports, however often it was asked before', async () => {
    await closeDay(bus, first)
    const clock = new HandClock()
    const days = follow(bus, { clock })
    await nextOf(days)
    const next = days.next()
    const pass = async (): Promise<void> => {
      await realClock.sleep(30)
      clock.pass(10_000)
      await realClock.sleep(30)
    }
    await pass()
    await publish(bus, 'status', first, Buffer.from('the last report'))
    await pass()
    expect(gist((await next).value)).toBe('waiting')
    const silent = days.next()
    const verdict = silent.then(
      () => 'an event',
      ({ code, fact }: ClosebellError) => `${code}: ${fact}`,
    )
    await pass()
    await pass()
    expect(await Promise.race([verdict, realClock.sleep(50)]), 'twenty seconds are no silence').toBeUndefined()
    await pass()
    expect(await verdict).toBe(
      `CB_SILENT: no worker has reported for 30 s; the last day that was completed is ${first}`,
    )
  })

  it('waits on a log in which no worker has ever reported', async () => {
    await closeDay(bus, first)
    const clock = new HandClock()
    const days = follow(bus, { clock })
    await nextOf(days)
    const next = nextOf(days)
    for (let tens = 0; tens < 5; tens++) {
      await realClock.sleep(30)
      clock.pass(10_000)
    }
    await closeDay(bus, second)
    expect(await next).toBe(`day ${second}`)
    await days.return()
  })

  it('ends when its signal is aborted, while it waits and before it starts', async () => {
    const stop = new AbortController()
    const days = follow(bus, { signal: stop.signal, group: 'desk' })
    const next = nextOf(days)
    await realClock.sleep(50)
    stop.abort()
    expect(await next).toBe('end')
    expect(await nextOf(follow(bus, { signal: stop.signal }))).toBe('end')
  })

  it('the public function opens the bus of an address, and refuses what it does not know', async () => {
    await closeDay(bus, first)
    for await (const event of subscribe({ bus: `tape:${folder}`, from: 'latest' })) {
      expect(event).toMatchObject({ type: 'day', date: first })
      break
    }
    const firstOf = (options: Parameters<typeof subscribe>[0]) => subscribe(options).next()
    await expect(firstOf({ bus: `tape:${folder}`, from: 'yesterday' })).rejects.toMatchObject({ code: 'CB_USAGE' })
    await expect(firstOf({ bus: `tape:${join(folder, 'none')}`, from: 'latest' })).rejects.toMatchObject({
      code: 'CB_ABSENT',
    })
    const unknown = { bus: `tape:${folder}`, from: 'latest', sets: ['XX' as 'PV'] }
    await expect(firstOf(unknown)).rejects.toMatchObject({ code: 'CB_USAGE' })
  })
})
