import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Completed, Status } from '../../schemas/day.ts'
import { openTape } from '../../src/bus/tape/index.ts'
import { colorsFor } from '../../src/cli/colors.ts'
import { TopReader } from '../../src/cli/top/gather.ts'
import { age, duration, fit, render, type Screen } from '../../src/cli/top/render.ts'
import type { TopView } from '../../src/cli/top/view.ts'
import type { Bus } from '../../src/ports/bus.ts'
import { codecs } from '../../src/wire/index.ts'
import { fed, smallMarket } from '../faults/simulated-day.ts'
import { featuresOf } from '../integration/logged-rows.ts'
import { realClock } from '../real-clock.ts'
import { seed } from '../seed.ts'
import { statusOf } from './status-of.ts'

/** 14:58:12 in Shanghai on a trading day. */
const now = Date.parse('2024-01-02T06:58:12Z')
const plain = colorsFor({ isTTY: false }, { argv: [], env: {} })
const screen = (rest: Partial<Screen> = {}): Screen => ({
  columns: 80,
  rows: 24,
  colors: plain,
  mode: 'overview',
  isPaused: false,
  ...rest,
})

let folder = ''
let bus: Bus
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'closebell-top-'))
  bus = openTape(folder, { clock: { ...realClock, now: () => now } })
  await bus.createTopics(2)
})
afterEach(async () => {
  await bus.close()
  rmSync(folder, { recursive: true, force: true })
})

const publish = async (...reports: Partial<Status>[]): Promise<void> => {
  for (const report of reports) {
    const value = codecs.status.encode(statusOf({ reportedAt: now - 1000, ...report }))
    await bus.publish('status', [{ partition: 0, date: '2024-01-02', key: 'k', value }])
  }
}

const look = (): Promise<TopView> => new TopReader(bus, 'prod', 'cn').look(now)

const streaming: Partial<Status> = {
  worker: 'features',
  owner: 'features-b',
  date: '2024-01-02',
  stage: 'streaming',
  partition: 1,
  markTime: (now - 9100) * 1000,
  events: 2_000_000,
  rate: 58_000,
  late: 14,
  names: 200,
  gaps: 2,
  snapshotAt: now - 40_000,
  waiting: ['cn-l2/sse-6'],
}

describe('top', () => {
  it('shows each partition with its mark, lag, rate, late, gaps, owner and snapshot', async () => {
    await publish(streaming)
    const lines = render(await look(), screen())
    expect(lines[0]).toBe('closebell prod 14:58:12 UTC+8  CLOSING AUCTION  close in 1:48')
    expect(lines[1]).toMatch(/^PART MARK +LAG +EV\/S +LATE +GAPS OWNER +SNAPSHOT$/)
    expect(lines[2]).toMatch(/^ {3}0 - +- +- +- +- no heartbeat +-$/)
    // 14 of 2,000,000 events are late: amber; 2 of 200 names have a gap: amber too; 9.1 s of lag: amber.
    expect(lines[3]).toMatch(/^ {3}1 14:58:02 9\.1s ▲ 58\.0k 14 ▲ +2 ▲ features-b +40s$/)
    expect(lines.at(-1)).toBe('q quit  p pause  l log  ? help')
    expect(lines).toHaveLength(24)
  })

  it('says who fell silent and who stopped, and shows no rate of theirs', async () => {
    await publish({ ...streaming, reportedAt: now - 60_000 }, { ...streaming, partition: 0, stage: 'stopped' })
    const [, , zero, one] = render(await look(), screen())
    expect([zero, one]).toEqual([
      expect.stringMatching(/ - +14 ▲ +2 ▲ features-b STOPPED/),
      expect.stringMatching(/ - +14 ▲ +2 ▲ features-b SILENT/),
    ])
  })

  it('derives the close from the topics where nobody reports, and names what it waits for', async () => {
    const feed = smallMarket(seed, 4)
    await fed(feed, bus)
    await featuresOf(bus).run()
    const view = await look()
    expect(view.close).toMatchObject({
      date: '2024-01-02',
      partitions: { done: 2, total: 2, waiting: [] },
      results: { done: 0, total: 0 },
      completed: null,
      deadline: null,
    })
    expect(render(view, screen()).find((line) => line.startsWith('CLOSE'))).toContain('partitions 2/2 panels 0/')
  })

  it('after the close shows the chain that never ended, and that nothing ends the wait', async () => {
    const chain = { producer: 'cn-l2', channel: 'sse-6' }
    const opened = codecs.dayOpened.encode({
      date: '2024-01-02',
      profile: 'cn',
      partition: 0,
      partitions: 2,
      chains: [chain],
      universeHash: '',
    } as never)
    await bus.publish('market', [{ partition: 0, date: '2024-01-02', key: 'open', value: opened }])
    await publish({ ...streaming, reportedAt: now + 4_000_000 })
    const view = await new TopReader(bus, 'prod', 'cn').look(now + 4_000_000)
    const lines = render(view, screen())
    expect(lines.find((line) => line.startsWith('CLOSE'))).toContain('- no deadline set')
    expect(lines.find((line) => line.startsWith('WAITS'))).toBe('WAITS  2024-01-02 partition 1 for cn-l2/sse-6')
  })

  it('keeps the newest events, whatever bytes they are', async () => {
    const completed: Completed = {
      date: '2024-01-02',
      revision: 0,
      degraded: false,
      retracted: false,
      cause: '',
      universe: 96,
      published: 94,
      sets: [],
      mlCHash: '',
      exclusions: [],
    }
    const message = (value: Uint8Array) => [{ partition: 0, date: '2024-01-02', key: 'k', value }]
    await bus.publish('completed', message(codecs.completed.encode(completed)))
    await bus.publish('late', message(Buffer.from('\u001b[31mbroken')))
    const { events } = await look()
    expect(events.map(({ text }) => text)).toEqual([
      expect.stringMatching(/^late offset 0 cannot be read: CB_WIRE_/),
      '2024-01-02 COMPLETE r1: 94 of 96 names',
    ])
  })

  it.each([
    [80, 24],
    [60, 12],
    [40, 6],
    [20, 2],
    [1, 1],
  ])('fits %i x %i: what is too much is lost at the bottom and at the right', async (columns, rows) => {
    await publish(streaming, { worker: 'sink', stage: 'catching-up', partition: -1, lag: 5, behind: 7000 })
    const view = await look()
    for (const mode of ['overview', 'log', 'help'] as const) {
      const lines = render(view, screen({ columns, rows, mode }))
      expect(lines).toHaveLength(rows)
      expect(lines.filter((line) => line.length > columns)).toEqual([])
      expect(lines[0]).toBe('closebell prod 14:58:12 UTC+8  CLOSING AUCTION  close in 1:48'.slice(0, columns))
    }
  })

  it('colours a line by its worst figure, and not at all when asked', async () => {
    await publish({ ...streaming, markTime: (now - 31_000) * 1000 })
    const colors = colorsFor({ isTTY: true }, { argv: [], env: {} })
    const [, , , one] = render(await look(), screen({ colors }))
    expect(one.startsWith('\u001b[31m')).toBe(true)
    expect(colorsFor({ isTTY: true }, { argv: [], env: { NO_COLOR: '1' } }).red('a')).toBe('a')
    expect(colorsFor({ isTTY: false }, { argv: ['--color'], env: { NO_COLOR: '1' } }).red('a')).not.toBe('a')
  })

  it('cuts lines without cutting colours, and writes durations and ages short', () => {
    expect(fit('\u001b[31mabcdef\u001b[39m', 3)).toBe('\u001b[31mabc\u001b[39m')
    expect([duration(108), duration(4662), duration(5)]).toEqual(['1:48', '1:17:42', '0:05'])
    expect([age(40), age(600), age(7300), age(200_000)]).toEqual(['40s', '10m', '2h', '2d'])
  })
})
