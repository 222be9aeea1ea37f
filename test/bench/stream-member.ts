import type { FlowSizing } from '../../schemas/rows.ts'
import { openKafka } from '../../src/bus/kafka/index.ts'
import { systemClock } from '../../src/compose/clock.ts'
import type { Bus, GroupHandlers } from '../../src/ports/bus.ts'
import type { Log } from '../../src/ports/log.ts'
import { FeaturesWorker } from '../../src/workers/features/features-worker.ts'
import { loadDate } from './load/market.ts'
import { say } from './measure.ts'

/** What a member is told when it starts. */
export interface MemberOptions {
  readonly brokers: readonly string[]
  /** Deployment that holds the market, and the one that everything else goes to: a market is written once. */
  readonly market: string
  readonly out: string
  /** Partitions that the member waits for before it begins. */
  readonly share: number
  readonly sizing: FlowSizing
}

/** What a member says: that it has its share, what it has done since it was told to begin, and at last its summary. */
export type FromMember =
  | { readonly kind: 'ready' }
  | { readonly kind: 'taken'; readonly messages: number; readonly cpuSeconds: number; readonly rssMb: number }
  | { readonly kind: 'over'; readonly rows: number; readonly refused: number }

/** What it is told on its way. */
export type ToMember = 'begin' | 'end'

const nothing = (): void => undefined
const log: Log = { debug: nothing, info: nothing, warn: (message) => say(message), error: (message) => say(message) }

const tell = (message: FromMember): void => void process.send?.(message)

const told = (wanted: ToMember): Promise<void> =>
  new Promise((resolve) => process.on('message', (message) => (message === wanted ? resolve() : undefined)))

/** The market from one bus and everything else on another; nothing is read before the member has its share. */
function besideMarket(market: Bus, rest: Bus, { out, share }: MemberOptions): Bus {
  const begun = told('begin')
  let began: NodeJS.CpuUsage | null = null
  let served = -1
  const join = (handlers: GroupHandlers): GroupHandlers => ({
    assigned: async (assignments, epoch) => {
      if (assignments.length !== share) return new Map()
      const positions = await handlers.assigned(assignments, epoch)
      tell({ kind: 'ready' })
      await begun
      began ??= process.cpuUsage()
      served = epoch
      return positions
    },
    messages: async (partition, messages, epoch) => {
      if (epoch !== served) return
      await handlers.messages(partition, messages, epoch)
      const { user, system } = process.cpuUsage(began ?? undefined)
      const rssMb = Math.round(process.memoryUsage().rss / 2 ** 20)
      tell({ kind: 'taken', messages: messages.length, cpuSeconds: (user + system) / 1e6, rssMb })
    },
  })
  return {
    createTopics: (count) => rest.createTopics(count),
    partitions: (topic) => (topic === 'market' ? market : rest).partitions(topic),
    publish: (topic, messages) => rest.publish(topic, messages),
    read: (topic, partition, options) => (topic === 'market' ? market : rest).read(topic, partition, options),
    offsets: (topic, partition) => (topic === 'market' ? market : rest).offsets(topic, partition),
    offsetOfDate: (topic, partition, date) => (topic === 'market' ? market : rest).offsetOfDate(topic, partition, date),
    committed: (topic, group) => market.committed(topic, `${out}-${group}`),
    join: (topic, group, handlers) => market.join(topic, `${out}-${group}`, join(handlers)),
    close: () => rest.close(),
  }
}

/** One features worker of a group. */
async function serve(options: MemberOptions): Promise<void> {
  const [market, rest] = [options.market, options.out].map((prefix) =>
    openKafka({ brokers: options.brokers, prefix, clientId: 'bench', log, clock: systemClock }),
  )
  const isOver = new AbortController()
  void told('end').then(() => isOver.abort())
  const worker = new FeaturesWorker({
    bus: besideMarket(market, rest, options),
    clock: systemClock,
    log,
    profile: 'cn',
    sizing: options.sizing,
    snapshotIntervalMs: Number.POSITIVE_INFINITY,
    end: 'never',
    date: loadDate,
    minuteRows: true,
    signal: isOver.signal,
  })
  const { rows, quarantined, late } = await worker.run()
  tell({ kind: 'over', rows, refused: quarantined + late })
  await market.close()
  await rest.close()
  process.disconnect()
}

await serve(JSON.parse(process.argv[2] as string) as MemberOptions)
