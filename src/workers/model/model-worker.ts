import type { Job, Result } from '../../../schemas/day.ts'
import { ClosebellError } from '../../../schemas/errors.ts'
import type { SetName } from '../../../schemas/topics.ts'
import type { Engine } from '../../../models/engine.ts'
import type { Bus, Logged } from '../../ports/bus.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Log } from '../../ports/log.ts'
import { codecs } from '../../wire/index.ts'
import { recordsOfJob } from '../scoring/job-records.ts'
import type { LogView } from '../scoring/log-view.ts'
import type { ModelsFolder } from '../models-folder.ts'
import type { Heartbeat } from '../status/heartbeat.ts'
import { scoreJobInSteps, type JobRecords } from '../scoring/score-job.ts'
import { Ready } from './ready.ts'

export interface ModelOptions {
  readonly bus: Bus
  readonly clock: Clock
  readonly log: Log
  readonly engine: Engine
  readonly models: ModelsFolder
  readonly profile: string
  readonly signal: AbortSignal
  /** Is told of each job. */
  readonly heartbeat?: Heartbeat
}

/** Jobs that were scored and jobs that could not be. */
export interface JobCounts {
  jobs: number
  failed: number
}

/** How often a record that a job names is looked for again, and how long in all. */
const retryMs = 20
const retriesMax = 500

/**
 * Model worker: a member of the group on `jobs`. Scores each job from the records that it names and publishes the raw
 * scores; a job that cannot be scored is logged and left, so that the close worker's deadline decides.
 */
export async function runModelWorker(
  options: ModelOptions,
  counts: JobCounts = { jobs: 0, failed: 0 },
): Promise<JobCounts> {
  const { bus, signal } = options
  let scoring: string[] = []
  let date = ''
  const ready = new Ready(options)
  options.heartbeat?.watch(() => [
    {
      stage: scoring.length > 0 ? 'scoring' : ready.isPreparing ? 'preparing' : 'waiting',
      date,
      detail: `${options.engine.name} on ${options.engine.device}`,
      waiting: scoring,
      done: counts.jobs,
      total: counts.jobs + counts.failed,
    },
  ])
  const membership = await bus.join('jobs', 'model', {
    assigned: async (assignments) => {
      const positions = new Map<number, number>()
      for (const { partition, committed } of assignments) {
        positions.set(partition, committed?.offset ?? (await bus.offsets('jobs', partition)).first)
      }
      return positions
    },
    messages: async (partition, messages) => {
      for (const message of messages) {
        date = message.date
        scoring = message.key.split('|').slice(2, 3)
        options.heartbeat?.beat()
        const done = await handleJob(options, ready, message)
        if (done) counts.jobs++
        else counts.failed++
        scoring = []
        options.heartbeat?.beat()
        await membership.commit(partition, { offset: message.offset + 1, metadata: '' })
      }
    },
  })
  const leave = (): void => void membership.leave()
  if (signal.aborted) leave()
  signal.addEventListener('abort', leave, { once: true })
  const left = new AbortController()
  const following = ready.follow(AbortSignal.any([left.signal, signal])).finally(leave)
  following.catch(() => undefined)
  try {
    await membership.done
  } finally {
    left.abort()
    await following
  }
  return counts
}

async function handleJob(options: ModelOptions, ready: Ready, message: Logged): Promise<boolean> {
  const { bus, engine, log } = options
  try {
    const job = codecs.job.decode(message.value)
    const artifact = await ready.artifact(job.set as SetName, job.artifactHash)
    const records = await recordsOf(options, ready.view, job)
    const result = await inSteps(options, scoreJobInSteps(engine, artifact, job, records, ready.earlier))
    const key = `${job.date}|${job.revision}|${job.set}|${job.artifactHash}`
    await bus.publish('results', [{ partition: 0, date: message.date, key, value: codecs.result.encode(result) }])
    return true
  } catch (error) {
    // What the bus does not take or give now says nothing of the job: it stays uncommitted, and is scored again.
    if (!(error instanceof ClosebellError) || error.retriable) throw error
    log.error('a job was not scored', { offset: message.offset, code: error.code, fact: error.fact })
    return false
  }
}

/** A job may take longer than a membership lives without a word: the loop gets its turn behind each step. */
async function inSteps({ clock, signal }: ModelOptions, steps: Generator<void, Result>): Promise<Result> {
  for (;;) {
    const step = steps.next()
    if (step.done === true) return step.value
    // A clock may answer an aborted sleep by a rejection; what was begun is ended.
    await clock.sleep(0, signal).catch(() => undefined)
  }
}

async function recordsOf(options: ModelOptions, view: LogView, job: Job): Promise<JobRecords> {
  for (let tries = 0; tries <= retriesMax; tries++) {
    const records = recordsOfJob(view, job)
    if (records !== null) return records
    if (tries > 0) await options.clock.sleep(retryMs, options.signal)
    await view.refresh(job.date)
  }
  throw new ClosebellError('CB_NO_HISTORY', `records of job ${job.date} ${job.set} are not in the log`)
}
