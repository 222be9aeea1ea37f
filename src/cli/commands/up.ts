import type { RunningKafka, RunningQuestdb } from '../../services/index.ts'
import type { Register } from '../act.ts'
import { servicesFolder, servicesFolderFlag } from '../services-folder.ts'
import { describe, withSettings } from '../flags.ts'
import { wholeNumber } from '../values.ts'

interface Flags {
  readonly kafkaPort?: number
  readonly questdbPort?: number
}

/** How other commands address what runs. */
export const addressesOf = (kafka: RunningKafka | null, questdb: RunningQuestdb | null) => ({
  kafka: kafka && { ...kafka, bus: `kafka://${kafka.host}:${kafka.port}` },
  questdb: questdb && { ...questdb, store: `questdb://${questdb.host}:${questdb.port}` },
})

export const registerUp: Register = (program, act) => {
  const command = describe(
    program.command('up'),
    'Start a real Kafka and a real QuestDB as Java processes.',
    'closebell up',
    'closebell up --kafka-port 9092 --questdb-port 9000',
  )
  withSettings(command)
    .addOption(servicesFolderFlag())
    .option('--kafka-port <port>', 'port of Kafka (default: that of the last start, else a free one)', wholeNumber)
    .option('--questdb-port <port>', 'HTTP port of QuestDB (default: as for Kafka)', wholeNumber)
    .action(
      act(async ({ say, answer }) => {
        const { up } = await import('../../services/index.ts')
        const folder = await servicesFolder(command)
        const { kafkaPort, questdbPort } = command.opts<Flags>()
        const ports = {
          ...(kafkaPort === undefined ? {} : { kafkaPort }),
          ...(questdbPort === undefined ? {} : { questdbPort }),
        }
        const running = await up({ folder, ...ports, onProgress: say })
        const { kafka, questdb } = addressesOf(running.kafka, running.questdb)
        answer({ folder, kafka, questdb }, () =>
          [kafka && `export CLOSEBELL_BUS=${kafka.bus}`, questdb && `export CLOSEBELL_STORE=${questdb.store}`]
            .filter(Boolean)
            .join('\n'),
        )
      }),
    )
}
