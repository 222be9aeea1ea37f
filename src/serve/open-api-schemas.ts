import { sets } from '../../schemas/topics.ts'
import { factorNames } from './completed-days.ts'

/** JSON schemas of what is answered; nothing else is in an answer. */

type Schema = Readonly<Record<string, unknown>>

const object = (properties: Readonly<Record<string, Schema>>, optional: readonly string[] = []) => ({
  type: 'object',
  properties,
  required: Object.keys(properties).filter((name) => !optional.includes(name)),
  additionalProperties: false,
})

const list = (items: Schema, description: string) => ({ type: 'array', items, description })
const text = (description: string) => ({ type: 'string', description })
const share = (description: string) => ({ type: 'number', minimum: 0, maximum: 1, description })
const count = (description: string) => ({ type: 'integer', minimum: 0, description })
const time = (description: string) => ({ type: 'string', format: 'date-time', description })

const date = { type: 'string', format: 'date', description: 'Trading date.' }
const revision = count('Revision of the date, from 0.')
const degraded = { type: 'boolean', description: 'Something was missing at the deadline.' }
const cause = text('Why it is degraded, retracted or a later revision; else empty.')
const column = (description: string) => list({ type: ['number', 'null'] }, `${description}; null = no value.`)

export const schemas = {
  Day: object({
    date,
    revision,
    degraded,
    cause,
    completed_at: time('When the day was completed.'),
    universe: count('Listed names.'),
    published: count('Names with an ML_C value.'),
    sets: list(
      object({
        set: { type: 'string', enum: factorNames },
        present: { type: 'boolean', description: 'Whether its factor can be asked for.' },
        hash: text('sha256 of the factor’s message; empty = none.'),
        reason: text('Why it is absent, e.g. no-model.'),
      }),
      'All five sets, then ML_C.',
    ),
    exclusions: list(
      object({ instrument: text('Symbol.'), reason: text('Why it has no value.') }),
      'Listed names without a value.',
    ),
  }),
  Factor: object({
    date,
    revision,
    degraded,
    set: { type: 'string', enum: factorNames },
    horizon: count('Days that the label looks ahead.'),
    coverage: share('Names with a value / listed names.'),
    artifact: { type: ['string', 'null'], description: 'Hash of the artifact; null for ML_C, made of several.' },
    symbols: list({ type: 'string' }, 'A symbol per row, sorted.'),
    raw: column('Output of the network; for ML_C the weighted sum of the neutral factors'),
    neutral: column('Industry- and size-neutral z-score'),
  }),
  Weights: object({
    date,
    revision,
    degraded,
    weights: list(
      object({
        set: { type: 'string', enum: sets },
        weight: share('Weight in ML_C: half of each part.'),
        sa: share('State-adaptive part.'),
        long_only: share('Part from long-only returns.'),
      }),
      'The sets that are in ML_C.',
    ),
    flags: list({ type: 'string' }, 'E.g. equal-long-only when no period had ended.'),
  }),
  Retraction: object({ date, revision, cause }),
  Heartbeat: object({
    stage: {
      type: 'string',
      enum: ['waiting', 'trading', 'closing', 'silent'],
      description: 'How far the next day is; silent: no worker has reported for thirty seconds.',
    },
    last_date: text('The last date that was completed; empty when there is none.'),
    at: time('Clock of the server.'),
  }),
  Reset: object({
    last_event_id: text('The id that is unknown.'),
    last_date: text('The last date that was completed; empty when there is none.'),
  }),
  Problem: {
    ...object(
      {
        type: text('about:blank: the status says it.'),
        title: text('The status in words.'),
        status: { type: 'integer', minimum: 400, maximum: 599 },
        detail: text('What is wrong, with its numbers.'),
        code: { type: 'string', pattern: '^CB_[A-Z_]+$', description: 'Stable code of the error.' },
        remedy: text('What to do about it.'),
        expected_at: time('When a day that is not completed yet should be.'),
        reason: text('Why a set is not in the day.'),
      },
      ['expected_at', 'reason'],
    ),
    description: 'RFC 9457.',
  },
} as const
