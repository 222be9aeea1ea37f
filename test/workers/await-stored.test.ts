import { expect, it } from 'vitest'
import { ClosebellError } from '../../schemas/errors.ts'
import { dateToEventTime, type Store } from '../../src/ports/store.ts'
import { awaitStored } from '../../src/workers/sink/missing-days.ts'
import { realClock } from '../real-clock.ts'

const date = '2024-01-02'
const day = { date, revision: 1 }

/** A store that answers one after another: the newest revision of the day, none, or an error. */
function storeOf(answers: (number | null | Error)[]): Store {
  const panel = () => {
    const answer = answers.length > 1 ? answers.shift() : answers[0]
    if (answer instanceof Error) return Promise.reject(answer)
    const revisions = answer === null || answer === undefined ? [] : [answer]
    const columns = {
      event_time: Float64Array.from(revisions, () => dateToEventTime(date)),
      revision: Float64Array.from(revisions),
    }
    return Promise.resolve({ count: revisions.length, columns })
  }
  return { panel } as unknown as Store
}

const waiting = { clock: realClock, signal: new AbortController().signal, forMs: 10_000 }

it('a day is brought when its own revision can be read, also by a store that was away', async () => {
  const answers = [new ClosebellError('CB_STORE_UNREACHABLE', 'away'), null, 0, 1]
  expect(await awaitStored(storeOf(answers), day, waiting)).toBe(true)
  expect(answers).toEqual([1])
})

it('is not brought when the time is over, or whoever waits is told to stop', async () => {
  expect(await awaitStored(storeOf([0]), day, { ...waiting, forMs: 0 })).toBe(false)
  const told = new AbortController()
  const answer = awaitStored(storeOf([0]), day, { ...waiting, signal: told.signal })
  told.abort()
  expect(await answer).toBe(false)
})
