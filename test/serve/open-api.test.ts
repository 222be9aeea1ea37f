import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Validator } from '@seriousme/openapi-schema-validator'
import { Ajv2020 } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openTape } from '../../src/bus/tape/index.ts'
import { Guard } from '../../src/http/guard.ts'
import { openApi } from '../../src/serve/open-api.ts'
import type { Bus } from '../../src/ports/bus.ts'
import { codecs } from '../../src/wire/index.ts'
import { realClock } from '../real-clock.ts'
import { closeDay, publish, publishFactors } from '../subscribe/closed-days.ts'
import { HandClock } from '../subscribe/reader.ts'
import { ask, EventReader, open, serve, type Question, type Serving } from './serving.ts'

interface Described {
  readonly operationId: string
  readonly responses: Readonly<Record<string, { readonly content?: Readonly<Record<string, { schema: object }>> }>>
}

const document = openApi('1.2.3')
const paths = document.paths as unknown as Readonly<Record<string, Readonly<Record<string, Described>>>>
const operations = Object.values(paths).flatMap((path) => Object.values(path))

/** Each answer that the description names, as `operation status media-type`. */
const documented = operations.flatMap(({ operationId, responses }) =>
  Object.entries(responses).flatMap(([status, { content }]) =>
    Object.keys(content ?? { '': null }).map((type) => `${operationId} ${status} ${type}`.trim()),
  ),
)

const token = 'a-token-of-the-desk-42'
const [whole, retracted, broken] = ['2024-03-12', '2024-03-13', '2024-03-14'] as const

/** An example of each operation, and where a day is asked for, what comes for which. */
const pathOf = (operationId: string, day: string): string =>
  ({
    getDay: `/v1/days/${day}`,
    getFactor: `/v1/days/${day}/factors/PV`,
    getWeights: `/v1/days/${day}/weights`,
    followDays: '/v1/events',
    getDescription: '/openapi.json',
  })[operationId] as string

describe('the description of the API', () => {
  let folder: string
  let bus: Bus
  let serving: Serving
  let guarded: Serving
  const ajv = new Ajv2020({ strict: false, allErrors: true })

  beforeAll(async () => {
    addFormats.default(ajv)
    ajv.addSchema({ ...document, $id: 'api' })
    folder = mkdtempSync(join(tmpdir(), 'closebell-openapi-'))
    bus = openTape(folder, { clock: realClock })
    await bus.createTopics(1)
    await closeDay(bus, whole)
    await closeDay(bus, retracted)
    await closeDay(bus, retracted, { revision: 1, retracted: true, cause: 'bad prints' })
    const completed = codecs.completed.decode(await publishFactors(bus, broken))
    await publish(bus, 'completed', broken, codecs.completed.encode({ ...completed, mlCHash: 'f'.repeat(64) }))
    serving = await serve(bus)
    guarded = await serve(bus, { guard: new Guard('0.0.0.0', token) })
  })

  afterAll(async () => {
    await serving.stop()
    await guarded.stop()
    await bus.close()
    rmSync(folder, { recursive: true, force: true })
  })

  it('is valid OpenAPI 3.1, and what the server hands out', async () => {
    const result = await new Validator().validate(structuredClone(document) as Record<string, unknown>)
    expect(result).toMatchObject({ valid: true })
    const served = JSON.parse((await ask(serving.port, '/openapi.json')).text) as object
    expect(served).toEqual(JSON.parse(JSON.stringify(openApi('0.0.0'))))
  })

  it('a description that is wrong would be seen', async () => {
    const wrong = structuredClone(document) as unknown as { paths: Record<string, { get: Record<string, unknown> }> }
    delete wrong.paths['/v1/events']?.get['responses']
    wrong.paths['/v1/events']!.get['parameters'] = [{ name: 'x' }]
    expect(await new Validator().validate(wrong as unknown as Record<string, unknown>)).toMatchObject({ valid: false })
  })

  const seen = new Set<string>()

  /** Asks, and holds the answer against the description: status, media type and schema. */
  async function compare(operationId: string, path: string, question: Question = {}, port = serving.port) {
    const { status, headers, text } = await ask(port, path, question)
    const type = (headers['content-type'] ?? '').replace(/;.*/, '')
    const answer = `${operationId} ${status} ${type}`.trim()
    expect(documented, `${path} is answered as described`).toContain(answer)
    seen.add(answer)
    if (!type.endsWith('json')) return
    const at = Object.keys(paths).find((name) => Object.values(paths[name])[0].operationId === operationId) as string
    const schema = ['paths', at, 'get', 'responses', String(status), 'content', type, 'schema']
    const validate = ajv.getSchema(
      `api#/${schema.map((name) => encodeURIComponent(name.replace(/\//g, '~1'))).join('/')}`,
    )
    expect(validate, answer).toBeTypeOf('function')
    const isValid = validate?.(JSON.parse(text))
    expect([answer, isValid, validate?.errors]).toEqual([answer, true, null])
  }

  it('each answer that it names comes, and each that comes is as it says', async () => {
    for (const { operationId } of operations) {
      const path = pathOf(operationId, whole)
      await compare(operationId, path, {}, guarded.port)
      await compare(operationId, path, { headers: { host: 'evil.example' } })
      await compare(operationId, path, { method: 'POST' })
      await compare(operationId, `${path}?nothing=1`)
      if (operationId !== 'followDays') await compare(operationId, path)
    }
    for (const operationId of ['getDay', 'getFactor', 'getWeights']) {
      const path = pathOf(operationId, whole)
      const { etag } = (await ask(serving.port, path)).headers
      await compare(operationId, path, { headers: { 'if-none-match': etag } })
      await compare(operationId, pathOf(operationId, '2024-03-15'))
      await compare(operationId, pathOf(operationId, '2024-03-16'))
      await compare(operationId, pathOf(operationId, retracted))
      await compare(operationId, pathOf(operationId, broken))
    }
    const factor = pathOf('getFactor', whole)
    await compare('getFactor', factor, { headers: { accept: 'text/csv' } })
    await compare('getFactor', factor, { headers: { accept: 'image/png' } })
    await compare('getFactor', factor.replace('PV', 'G'))
    await compare('followDays', '/v1/events')
    await compareStreams()
    expect([...seen].sort()).toEqual([...documented].sort())
  })

  /** A stream stays open, so it is asked of a server of its own, whose newest day is whole. */
  async function compareStreams(): Promise<void> {
    const calm = openTape(join(folder, 'calm'), { clock: realClock })
    await calm.createTopics(1)
    await closeDay(calm, whole)
    const clock = new HandClock()
    const { port, stop } = await serve(calm, { clock })
    const streams = await Promise.all(Array.from({ length: 256 }, () => open(port, '/v1/events')))
    const { statusCode, headers } = streams[0]
    seen.add(`followDays ${statusCode} ${headers['content-type']?.replace(/;.*/, '')}`)
    await compare('followDays', '/v1/events', {}, port)
    for (const stream of streams) stream.destroy()
    const fresh = await EventReader.open(port, 'unknown')
    await compareEvent(fresh, 'reset', 'Reset')
    await compareEvent(fresh, 'day', 'Day')
    await closeDay(calm, whole, { revision: 1, retracted: true, cause: 'bad prints' })
    await compareEvent(fresh, 'retracted', 'Retraction')
    clock.pass(10_000)
    await compareEvent(fresh, 'heartbeat', 'Heartbeat')
    fresh.close()
    await stop()
    await calm.close()
  }

  async function compareEvent(reader: EventReader, type: string, schema: string): Promise<void> {
    const event = await reader.any()
    expect(event?.type).toBe(type)
    const validate = ajv.getSchema(`api#/components/schemas/${schema}`)
    const isValid = validate?.(event?.data)
    expect([type, isValid, validate?.errors]).toEqual([type, true, null])
  }
})
