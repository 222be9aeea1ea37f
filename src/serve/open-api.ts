import { factorNames } from './completed-days.ts'
import { schemas } from './open-api-schemas.ts'

/** The OpenAPI 3.1 description of what src/serve answers; a test compares each answer with it. */

const ref = (name: keyof typeof schemas) => ({ $ref: `#/components/schemas/${name}` })

const problem = (description: string) => ({
  description,
  content: { 'application/problem+json': { schema: ref('Problem') } },
})

/** What every path may answer. */
const always = {
  401: problem('Bound beyond loopback: the request has no valid token.'),
  403: problem('The request comes from a page of another site, or asks a loopback server under another name.'),
  405: problem('Only GET and HEAD are answered.'),
}

const date = {
  name: 'date',
  in: 'path',
  required: true,
  description: 'A trading date YYYY-MM-DD, or `latest`.',
  schema: { type: 'string', examples: ['latest', '2024-03-15'] },
}

const revision = {
  name: 'revision',
  in: 'query',
  description: 'A fixed revision from 0; without one the newest of the date. Not with `latest`.',
  schema: { type: 'integer', minimum: 0 },
}

const ifNoneMatch = {
  name: 'If-None-Match',
  in: 'header',
  description: 'The ETag of an earlier answer.',
  schema: { type: 'string' },
}

const headers = {
  ETag: { description: 'Changes when the answer does.', schema: { type: 'string' } },
  'Cache-Control': {
    description: '`immutable` where a revision was named, else `no-cache`.',
    schema: { type: 'string' },
  },
}

const ofDay = (
  operationId: string,
  summary: string,
  content: object,
  more: object = {},
  parameters: object[] = [],
) => ({
  get: {
    operationId,
    summary,
    parameters: [date, ...parameters, revision, ifNoneMatch],
    responses: {
      200: { description: 'Found.', headers, content },
      304: { description: 'As it was under the ETag that was sent.', headers },
      400: problem('A date, set, revision or parameter that is none.'),
      404: problem('Not completed yet: `expected_at` says when it should be. Or never completed, or not in the day.'),
      410: problem('The date was retracted: its values are not valid any more.'),
      502: problem('The log does not hold what `completed` names: nothing is handed out in part.'),
      ...more,
      ...always,
    },
  },
})

const set = {
  name: 'set',
  in: 'path',
  required: true,
  description: 'A data set, or ML_C.',
  schema: { type: 'string', enum: factorNames },
}

const events = {
  get: {
    operationId: 'followDays',
    summary: 'Days as they are completed, as server-sent events.',
    description:
      'Begins behind Last-Event-ID, which never expires; without it with the newest date. Events: `day` (a Day), ' +
      '`retracted` (a Retraction), each with an id; `heartbeat` every ten seconds (a Heartbeat); `reset` (a Reset) ' +
      'when no event of this log has the id that was sent: what was read before must be read again. A client that ' +
      'reads nothing for thirty seconds is closed. A day that is not whole ends the stream; asked again, it is ' +
      'answered 502 with the reason.',
    parameters: [
      {
        name: 'Last-Event-ID',
        in: 'header',
        description: 'Id of the last event that was worked on.',
        schema: { type: 'string' },
      },
    ],
    responses: {
      200: { description: 'The stream.', content: { 'text/event-stream': { schema: { type: 'string' } } } },
      400: problem('An unknown parameter.'),
      502: problem('The next day is not whole in the log.'),
      503: problem('Too many streams are open.'),
      ...always,
    },
  },
}

const json = (name: keyof typeof schemas) => ({ 'application/json': { schema: ref(name) } })

const csv = { 'text/csv': { schema: { type: 'string', examples: ['symbol,raw,neutral\r\n600000.SH,0.5,-1.2\r\n'] } } }

export const openApi = (version: string) => ({
  openapi: '3.1.0',
  info: {
    title: 'closebell',
    version,
    description: 'The factors of each completed trading day, whole or not at all.',
    license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
  },
  servers: [{ url: '/' }],
  security: [{}, { bearer: [] }],
  paths: {
    '/v1/days/{date}': ofDay(
      'getDay',
      'A completed day: its sets, their hashes, who is left out and why.',
      json('Day'),
    ),
    '/v1/days/{date}/factors/{set}': ofDay(
      'getFactor',
      'One factor as columns; CSV by Accept.',
      { ...json('Factor'), ...csv },
      { 406: problem('Neither JSON nor CSV is accepted.') },
      [set],
    ),
    '/v1/days/{date}/weights': ofDay('getWeights', 'Weights of the sets in ML_C and their two parts.', json('Weights')),
    '/v1/events': events,
    '/openapi.json': {
      get: {
        operationId: 'getDescription',
        summary: 'This description.',
        responses: {
          200: { description: 'OpenAPI 3.1.', content: { 'application/json': { schema: { type: 'object' } } } },
          400: problem('An unknown parameter.'),
          ...always,
        },
      },
    },
  },
  components: { schemas, securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } } },
})
