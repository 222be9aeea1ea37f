import { createServer, request, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/**
 * What happens to a write: it gets through; the connection breaks before it reaches the server, or after it did and
 * before the answer comes back; or it is answered with a status and does not reach the server.
 */
export type Fate = 'pass' | 'break before' | 'break after' | number

export interface FailingProxy {
  readonly port: number
  /** Fates of the next writes; those after them pass. */
  readonly fates: Fate[]
  /** Writes that were tried so far. */
  readonly writes: () => number
  close(): Promise<void>
}

/**
 * An HTTP server in front of another one, whose writes fail as they are told. Each request reaches QuestDB on a
 * connection of its own, since one counts as what its first request was.
 */
export async function failingProxy(target: { host: string; httpPort: number }): Promise<FailingProxy> {
  const fates: Fate[] = []
  let writes = 0
  const server = createServer((incoming, outgoing) => {
    const isWrite = incoming.url?.startsWith('/write') === true
    if (isWrite) writes++
    handle(incoming, outgoing, target, isWrite ? (fates.shift() ?? 'pass') : 'pass')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { port: (server.address() as AddressInfo).port, fates, writes: () => writes, close: () => closed(server) }
}

function handle(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  target: { host: string; httpPort: number },
  fate: Fate,
): void {
  const body: Buffer[] = []
  incoming.on('data', (part: Buffer) => body.push(part))
  incoming.on('end', () => {
    if (fate === 'break before') return void outgoing.destroy()
    if (typeof fate === 'number') return void outgoing.writeHead(fate).end('{"message":"not now"}')
    const options = { host: target.host, port: target.httpPort, path: incoming.url, method: incoming.method }
    const onward = request({ ...options, agent: false, headers: incoming.headers }, (answer) => {
      if (fate === 'break after') return void answer.resume().on('end', () => outgoing.destroy())
      outgoing.writeHead(answer.statusCode ?? 500, answer.headers)
      answer.pipe(outgoing)
    })
    onward.end(Buffer.concat(body))
  })
}

function closed(server: Server): Promise<void> {
  server.closeAllConnections()
  return new Promise((resolve) => server.close(() => resolve()))
}
