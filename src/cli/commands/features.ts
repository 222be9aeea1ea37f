import { basename } from 'node:path'
import type { Bus } from '../../ports/bus.ts'
import type { FeaturesSummary } from '../../workers/features/features-worker.ts'
import type { Register } from '../act.ts'
import type { Context } from '../context.ts'
import { describe, withSettings } from '../flags.ts'
import { dateValue, positiveNumber } from '../values.ts'
import type { Stage } from '../progress.ts'
import type { Heartbeat } from '../../workers/status/heartbeat.ts'
import { beating } from '../beating.ts'

interface Flags {
  readonly state?: string
  readonly untilClose?: boolean
  readonly date?: string
  readonly snapshotSeconds?: number
}

export const registerFeatures: Register = (program, act) => {
  const command = describe(
    program.command('features'),
    'Turn the market log into feature rows: one of the services, or with --until-close one day of it.',
    'closebell features --bus kafka://localhost:9092 --state features-a',
    'closebell features --bus tape:market --until-close --flow-size filled',
  )
  withSettings(command, 'bus', 'partitions', 'profile', 'flowSize')
    .option('--state <folder>', 'snapshots, of this worker alone: a restart reads on behind them')
    .option('--until-close', 'end after the first day that is not closed')
    .option('--date <date>', 'with --until-close: end after this day', dateValue)
    .option('--snapshot-seconds <seconds>', 'time between two snapshots (default: 30)', positiveNumber)
    .action(act((context) => features(context, command.opts<Flags>())))
}

async function features(context: Context, { state, untilClose, date, snapshotSeconds = 30 }: Flags): Promise<void> {
  const { settings, origins, progress, clock, log, signal } = context
  const { ClosebellError } = await import('../../../schemas/errors.ts')
  if (date !== undefined && untilClose !== true) {
    throw new ClosebellError('CB_USAGE', '--date is given without --until-close')
  }
  const { FeaturesWorker } = await import('../../workers/features/features-worker.ts')
  const { openBus } = await import('../../compose/bus.ts')
  const { partitionsOf } = await import('../partitions.ts')
  const bus = await openBus(settings.bus, { clock, log }, untilClose === true ? 'command' : 'service')
  try {
    await bus.createTopics(await partitionsOf(bus, settings, origins))
    const stage = progress.stage('features', null, 'messages')
    const run = (heartbeat: Heartbeat): Promise<FeaturesSummary> => {
      const worker = new FeaturesWorker({
        bus: watchedBus(bus, stage),
        clock,
        log,
        profile: settings.profile,
        sizing: settings.flowSize,
        snapshotIntervalMs: snapshotSeconds * 1000,
        end: untilClose === true ? 'until-close' : 'never',
        minuteRows: true,
        ...(state === undefined ? {} : { state }),
        ...(date === undefined ? {} : { date }),
        signal,
        heartbeat,
      })
      context.onStop(() => stopped(worker.summary))
      return worker.run()
    }
    const done = await beating(context, bus, 'features', run, state === undefined ? undefined : basename(state))
    stage.end(`${done.events.toLocaleString('en-US')} events, ${done.rows.toLocaleString('en-US')} rows`)
    context.answer(
      { bus: settings.bus, sizing: settings.flowSize, ...done },
      () => `${done.date}: ${done.events} events, ${done.rows} rows, ${done.late} late, ${done.quarantined} refused`,
    )
  } finally {
    await bus.close()
  }
}

function stopped({ closed, rows, messages, resumesAt }: FeaturesSummary): string {
  const days = closed.length === 0 ? 'no day closed' : `closed ${closed.join(', ')}`
  const places = Object.entries(resumesAt).map(([partition, offset]) => `${partition}:${offset}`)
  const readsOn = places.length === 0 ? '' : `, the next start reads on at ${places.join(' ')}`
  return `${days}, ${rows} rows of ${messages} messages${readsOn}.`
}

/** The bus, telling a stage how many messages its group was handed. */
function watchedBus(bus: Bus, stage: Stage): Bus {
  let messages = 0
  return {
    createTopics: (partitions) => bus.createTopics(partitions),
    partitions: (topic) => bus.partitions(topic),
    publish: (topic, outgoing) => bus.publish(topic, outgoing),
    read: (topic, partition, options) => bus.read(topic, partition, options),
    offsets: (topic, partition) => bus.offsets(topic, partition),
    offsetOfDate: (topic, partition, day) => bus.offsetOfDate(topic, partition, day),
    committed: (topic, group) => bus.committed(topic, group),
    join: (topic, group, handlers) =>
      bus.join(topic, group, {
        assigned: (assignments, epoch) => handlers.assigned(assignments, epoch),
        messages: async (partition, taken, epoch) => {
          await handlers.messages(partition, taken, epoch)
          stage.reach((messages += taken.length))
        },
      }),
    close: () => bus.close(),
  }
}
