import type { Register } from '../act.ts'
import type { Context } from '../context.ts'
import { deploymentOf } from '../deployment.ts'
import { describe, withSettings } from '../flags.ts'
import { readToken } from '../token-file.ts'
import { wholeNumber } from '../values.ts'

interface Flags {
  readonly host?: string
  readonly port?: number
  readonly tokenFile?: string
}

export const registerMonitor: Register = (program, act) => {
  const command = describe(
    program.command('monitor'),
    'Show the session on one web page: features live, data quality, the close and its factors; and serve metrics.',
    'closebell monitor --bus kafka://localhost:9092 --store questdb://localhost:9000',
    'closebell monitor --bus kafka://localhost:9092 --host 0.0.0.0 --token-file token',
  )
  withSettings(command, 'bus', 'store', 'profile')
    .option('--host <address>', 'address to bind to; beyond loopback a token is needed (default: 127.0.0.1)')
    .option('--port <number>', 'port to bind to; 0 = any that is free (default: 8080)', wholeNumber)
    .option('--token-file <file>', 'holds the token: open the page once with #token=<token> behind its address')
    .action(act((context) => monitor(context, command.opts<Flags>())))
}

async function monitor(context: Context, { host = '127.0.0.1', port = 8080, tokenFile }: Flags): Promise<void> {
  const { settings, clock, log, signal, say } = context
  const [{ startMonitor }, { openBus }, { openStore }, { pageFolders }, { tmpdir }] = await Promise.all([
    import('../../monitor/server/monitor.ts'),
    import('../../compose/bus.ts'),
    import('../../compose/store.ts'),
    import('../page-folders.ts'),
    import('node:os'),
  ])
  const token = await readToken(tokenFile)
  const bus = await openBus(settings.bus, { clock, log }, 'service')
  try {
    const { url, done } = await startMonitor({
      bus,
      openStore: () => openStore(settings.store, 'read', { clock, log }),
      clock,
      log,
      signal,
      profile: settings.profile,
      deployment: deploymentOf(settings.bus),
      host,
      port,
      token,
      folder: tmpdir(),
      assets: pageFolders(),
    })
    say(`the page is on ${url}`)
    const { messages, clients, sentBytes } = await done
    const megabytes = Math.round(sentBytes / 1e6)
    context.onStop(() => `${messages} messages read, ${clients} pages served with ${megabytes} MB.`)
  } finally {
    await bus.close()
  }
}
