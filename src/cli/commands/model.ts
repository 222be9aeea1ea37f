import type { Register } from '../act.ts'
import { beating } from '../beating.ts'
import type { Context } from '../context.ts'
import { describe, withSettings } from '../flags.ts'

export const registerModel: Register = (program, act) => {
  const command = describe(
    program.command('model'),
    'Score the jobs of the close on an engine: one of the services.',
    'closebell model --bus kafka://localhost:9092 --models models --engine tensorflow',
  )
  withSettings(command, 'bus', 'models', 'partitions', 'profile', 'engine').action(act(model))
}

async function model(context: Context): Promise<void> {
  const { settings, clock, log, signal } = context
  const { openEngine } = await import('../../compose/engine.ts')
  const { ModelsFolder } = await import('../../workers/models-folder.ts')
  const { runModelWorker } = await import('../../workers/model/model-worker.ts')
  const { withBus } = await import('../with-stores.ts')
  const engine = await openEngine(settings.engine)
  log.info('model worker', { engine: engine.name, device: engine.device, kernelBuild: engine.kernelBuild })
  const models = new ModelsFolder(settings.models)
  await withBus(context, 'service', async (bus) => {
    const done = { jobs: 0, failed: 0 }
    context.onStop(() => `${done.jobs} jobs scored, ${done.failed} failed.`)
    await beating(context, bus, 'model', (heartbeat) =>
      runModelWorker({ bus, clock, log, engine, models, profile: settings.profile, signal, heartbeat }, done),
    )
    context.answer(done, () => `${done.jobs} jobs, ${done.failed} failed`)
  })
}
