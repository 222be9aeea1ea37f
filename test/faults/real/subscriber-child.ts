import { createHash } from 'node:crypto'
import { appendFileSync } from 'node:fs'
import { subscribe } from '../../../src/subscribe.ts'

/** A trading system: bus, first date, and the file that each day it is handed is written to. */
const [bus, from, file] = process.argv.slice(2)

/** Columns by their bits, so that nothing of a day can be lost unseen. */
const textOf = (event: object): string =>
  JSON.stringify(event, (_, value: unknown) =>
    value instanceof Float64Array
      ? Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('hex')
      : value,
  )

for await (const event of subscribe({ bus, group: 'subscriber', from })) {
  if (event.type === 'heartbeat') continue
  const digest = createHash('sha256').update(textOf(event)).digest('hex')
  appendFileSync(file, `${event.type} ${event.date} ${digest}\n`)
}
