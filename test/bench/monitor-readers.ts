import { get, type IncomingMessage } from 'node:http'
import { connect } from 'node:net'

/**
 * Readers of a monitor in a process of their own: `node monitor-readers.js <url> <columns> <readers>`, and one that
 * never reads. Each second the parent is told how many sections the slowest and the quickest reader have had, and
 * whether the silent one is still connected.
 */
const [url = '', columns = '', count = '0'] = process.argv.slice(2)
const path = `api/stream?columns=${columns}`
const sections = new Array<number>(Number(count)).fill(0)
let bytes = 0
let lost = 0

const mark = Buffer.from('event: section')

function follow(reader: number, answer: IncomingMessage): void {
  let tail = Buffer.alloc(0)
  answer.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    // The mark may be cut between two chunks.
    const seam = Buffer.concat([tail, chunk.subarray(0, mark.length - 1)])
    for (const [part, from] of [
      [seam, 0],
      [chunk, 0],
    ] as const) {
      for (let at = part.indexOf(mark, from); at >= 0; at = part.indexOf(mark, at + 1)) sections[reader]++
    }
    tail = Buffer.from(chunk.subarray(Math.max(0, chunk.length - mark.length + 1)))
  })
  answer.on('close', () => lost++)
}

for (let reader = 0; reader < sections.length; reader++) get(`${url}${path}`, (answer) => follow(reader, answer))

const { hostname, port } = new URL(url)
const silent = connect(Number(port), hostname, () =>
  silent.write(`GET /${path} HTTP/1.1\r\nHost: ${hostname}:${port}\r\n\r\n`),
)
silent.pause()
let silentSince = performance.now()
let silentSeconds = -1
// Data that nobody takes keeps a closed socket from telling of it: the error of a write does.
silent.on('error', () => (silentSeconds = silentSeconds < 0 ? (performance.now() - silentSince) / 1000 : silentSeconds))

setInterval(() => {
  if (silentSeconds < 0) silent.write('\r\n')
  process.send?.({ least: Math.min(...sections), most: Math.max(...sections), bytes, lost, silentSeconds })
}, 1000)
silentSince = performance.now()
