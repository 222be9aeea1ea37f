import type { Register } from '../act.ts'
import { AnsweredNo } from '../context.ts'
import { servicesFolder, servicesFolderFlag } from '../services-folder.ts'
import { describe, withSettings } from '../flags.ts'
import { addressesOf } from './up.ts'

export const registerStatus: Register = (program, act) => {
  const command = describe(
    program.command('status'),
    'Say what runs: ports, pids, logs; exit code 1 when something is down.',
    'closebell status',
    'closebell status --json',
  )
  withSettings(command)
    .addOption(servicesFolderFlag())
    .action(
      act(async ({ answer }) => {
        const { status } = await import('../../services/index.ts')
        const { table } = await import('../table.ts')
        const folder = await servicesFolder(command)
        const { kafka, questdb } = await status({ folder })
        const addresses = addressesOf(kafka.service, questdb.service && { pgPort: NaN, ...questdb.service })
        const document = {
          folder,
          kafka: { state: kafka.state, ...addresses.kafka },
          questdb: { state: questdb.state, ...addresses.questdb },
        }
        answer(document, () =>
          table(
            ['service', 'state', 'address', 'pid', 'log'].map((name) => ({ name, align: 'left' as const })),
            [
              ['kafka', kafka.state, addresses.kafka?.bus, kafka.service?.pid, kafka.service?.log],
              ['questdb', questdb.state, addresses.questdb?.store, questdb.service?.pid, questdb.service?.log],
            ].map((cells) => cells.map((cell) => String(cell ?? ''))),
          ),
        )
        if (kafka.state !== 'running' || questdb.state !== 'running') throw new AnsweredNo()
      }),
    )
}
