import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { ClosebellError } from '../../schemas/errors.ts'
import { createReferenceEngine } from '../../models/network/reference/engine.ts'
import { openTape } from '../../src/bus/tape/index.ts'
import type { Bus } from '../../src/ports/bus.ts'
import { codecs } from '../../src/wire/index.ts'
import { runModelWorker } from '../../src/workers/model/model-worker.ts'
import type { ModelsFolder } from '../../src/workers/models-folder.ts'
import { realClock } from '../real-clock.ts'
import { silentLog } from '../silent-log.ts'

const date = '2024-01-03'
const job = {
  date,
  revision: 0,
  set: 'PV',
  artifactHash: 'abc',
  panelHashes: ['def'],
  inputHashes: [],
  styleHashes: [],
}

it('a job is left uncommitted when the bus does not answer, and is done when it does again', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'closebell-model-worker-'))
  const bus = openTape(folder, { clock: realClock })
  await bus.createTopics(1)
  await bus.publish('jobs', [{ partition: 0, date, key: 'job', value: codecs.job.encode(job) }])
  const loaded: string[] = []
  const run = (from: Bus, load: ModelsFolder['load'], signal: AbortSignal) =>
    runModelWorker({
      bus: from,
      clock: realClock,
      log: silentLog,
      engine: createReferenceEngine('test'),
      models: { load } as ModelsFolder,
      profile: 'cn',
      signal,
    })
  try {
    const away = new ClosebellError('CB_BUS_UNREACHABLE', 'nobody answers', { retriable: true })
    const silent: Bus = new Proxy(bus, {
      get: (target, name: keyof Bus) =>
        name === 'offsetOfDate' ? () => Promise.reject(away) : target[name].bind(target),
    })
    const never = new AbortController().signal
    const load = () => Promise.resolve({} as Awaited<ReturnType<ModelsFolder['load']>>)
    await expect(run(silent, load, never)).rejects.toMatchObject({ code: 'CB_BUS_UNREACHABLE' })

    const stop = new AbortController()
    const absent: ModelsFolder['load'] = (_set, hash) => {
      loaded.push(hash)
      stop.abort()
      return Promise.reject(new ClosebellError('CB_ABSENT', 'no artifact'))
    }
    expect(await run(bus, absent, stop.signal)).toEqual({ jobs: 0, failed: 1 })
    expect(loaded).toEqual(['abc'])
  } finally {
    await bus.close()
    rmSync(folder, { recursive: true })
  }
})
