import { ClosebellError } from '../../schemas/errors.ts'
import type { Bus } from '../ports/bus.ts'
import { codecs } from '../wire/index.ts'
import { isCompleted, newestIn, startedCorrections, type Revision } from './corrections.ts'
import { lastClosedDate } from './features/positions.ts'
import { correctionOf } from './features/revised-day.ts'

export interface CorrectOptions {
  readonly bus: Bus
  readonly date: string
  readonly cause: string
  /** The revision takes the values of the date back and has none. */
  readonly retract: boolean
}

/**
 * Starts the next revision of a closed date: its record goes to `corrections`, which numbers it, then to every
 * partition of `market`. A start that was broken off is finished by the next one, which starts nothing else when it
 * asks for the same.
 * @throws ClosebellError CB_ABSENT for a date that was never opened, CB_NOT_CLOSED for one that is not closed yet,
 * CB_RETRACTED when the values are taken back already that are to be
 */
export async function correctDate(options: CorrectOptions): Promise<Revision> {
  const { bus, date, cause, retract } = options
  const partitions = await bus.partitions('market')
  if (partitions === 0) throw absent(date)
  await bus.createTopics(partitions)
  await requireClosed(bus, date, partitions, retract)
  const last = (await startedCorrections(bus)).findLast((one) => one.date === date)
  if (last !== undefined && (await finish(bus, last, partitions))) {
    if (last.cause === cause && last.isRetraction === retract) return last
  }
  if (retract && last?.isRetraction === true) {
    throw new ClosebellError('CB_RETRACTED', `${date} is taken back already, by r${last.revision + 1}: ${last.cause}`, {
      remedy: 'closebell correct without --retract gives it values again.',
    })
  }
  const started = await start(options, partitions, (last?.revision ?? 0) + 1)
  await finish(bus, started, partitions)
  return started
}

const absent = (date: string): ClosebellError =>
  new ClosebellError('CB_ABSENT', `${date} was never opened, or the log does not keep it any more`)

/** A date that was completed may be retracted even when its events are kept no longer. */
async function requireClosed(bus: Bus, date: string, partitions: number, retract: boolean): Promise<void> {
  if (retract && (await isCompleted(bus, { date, revision: 0 }))) return
  for (let partition = 0; partition < partitions; partition++) {
    const from = await bus.offsetOfDate('market', partition, date)
    if (from >= (await bus.offsets('market', partition)).next) throw absent(date)
    for await (const [message] of bus.read('market', partition, { from, until: 'end' })) {
      if (message?.date !== date) throw absent(date)
      break
    }
    if ((await lastClosedDate(bus, partition)) < date) {
      throw new ClosebellError('CB_NOT_CLOSED', `${date} is open on partition ${partition}`)
    }
  }
}

/** Numbers a revision by the place of its record; whoever is overtaken takes the next number. */
async function start(options: CorrectOptions, partitions: number, from: number): Promise<Revision> {
  const { bus, date, cause, retract } = options
  const dates = [await newestIn(bus, 'corrections')]
  for (let partition = 0; partition < partitions; partition++) dates.push(await newestIn(bus, 'market', partition))
  const startedOn = dates.reduce((a, b) => (a > b ? a : b))
  for (let revision = from; ; revision++) {
    const value = codecs.correction.encode({ date, partition: -1, revision, cause, retract })
    const message = { partition: 0, date: startedOn, key: `${date}|${revision}`, value }
    const offset = await bus.publish('corrections', [message])
    if ((await firstWith(bus, message.key)) === offset) {
      return { date, revision, startedOn, cause, isRetraction: retract }
    }
  }
}

async function firstWith(bus: Bus, key: string): Promise<number> {
  const { first } = await bus.offsets('corrections', 0)
  for await (const messages of bus.read('corrections', 0, { from: first, until: 'end' })) {
    const found = messages.find((message) => message.key === key)
    if (found !== undefined) return found.offset
  }
  return -1
}

/** Brings a correction to the partitions that lack it. @returns whether there were any */
async function finish(bus: Bus, started: Revision, partitions: number): Promise<boolean> {
  const { date, revision, startedOn, cause, isRetraction } = started
  if (await isCompleted(bus, started)) return false
  let isUnfinished = false
  for (let partition = 0; partition < partitions; partition++) {
    if (await stands(bus, started, partition)) continue
    isUnfinished = true
    const value = codecs.correction.encode({ date, partition, revision, cause, retract: isRetraction })
    await bus.publish('market', [{ partition, date: startedOn, key: 'session', value }])
  }
  return isUnfinished
}

async function stands(bus: Bus, { date, revision, startedOn }: Revision, partition: number): Promise<boolean> {
  const from = await bus.offsetOfDate('market', partition, startedOn)
  if (from >= (await bus.offsets('market', partition)).next) return false
  for await (const messages of bus.read('market', partition, { from, until: 'end' })) {
    for (const message of messages) {
      const value = correctionOf(message)?.value
      if (value?.date === date && value.revision === revision) return true
    }
  }
  return false
}
