import type { Register } from '../act.ts'
import type { Context } from '../context.ts'
import { describe, withSettings } from '../flags.ts'
import { readToken } from '../token-file.ts'
import { wholeNumber } from '../values.ts'

interface Flags {
  readonly host?: string
  readonly port?: number
  readonly tokenFile?: string
}

export const registerServe: Register = (program, act) => {
  const command = describe(
    program.command('serve'),
    'Serve completed days over HTTP: factors, weights and events for any client.',
    'closebell serve --bus kafka://localhost:9092 --port 8081',
    'closebell serve --bus kafka://localhost:9092 --host 0.0.0.0 --token-file token',
  )
  withSettings(command, 'bus', 'profile')
    .option('--host <address>', 'address to bind to; beyond loopback a token is needed (default: 127.0.0.1)')
    .option('--port <number>', 'port to bind to; 0 = any that is free (default: 8081)', wholeNumber)
    .option('--token-file <file>', 'holds the token that clients send as Authorization: Bearer')
    .action(act((context) => serve(context, command.opts<Flags>(), program.version() ?? '')))
}

async function serve(context: Context, flags: Flags, version: string): Promise<void> {
  const { settings, clock, log, signal, say } = context
  const { host = '127.0.0.1', port = 8081, tokenFile } = flags
  const [{ Guard }, { serveDays }, { openBus }] = await Promise.all([
    import('../../http/guard.ts'),
    import('../../serve/server.ts'),
    import('../../compose/bus.ts'),
  ])
  const guard = new Guard(host, await readToken(tokenFile))
  const bus = await openBus(settings.bus, { clock, log }, 'service')
  try {
    const { requests, refused, streams, lastDate } = await serveDays({
      bus,
      clock,
      log,
      profile: settings.profile,
      version,
      guard,
      host,
      port,
      signal,
      onListening: (address) => {
        const name = address.host.includes(':') ? `[${address.host}]` : address.host
        say(`serving http://${name}:${address.port}/openapi.json`)
      },
    })
    const last = lastDate === '' ? 'no day is completed' : `${lastDate} is the last day`
    context.onStop(() => `${requests} requests, ${refused} of them refused, ${streams} streams; ${last}.`)
  } finally {
    await bus.close()
  }
}
