/** A mistake that somebody could make: one exact text of one file, and the tests that must not let it pass. */
export interface Mutation {
  readonly mistake: string
  readonly file: string
  readonly from: string
  readonly to: string
  readonly tests: TestName
}

/** A file of tests, and a pattern of the names of those that are run. */
export type TestName = readonly [file: string, pattern: string]

export interface MutationRun {
  /** The test that failed, by mistake; null when none did. */
  readonly caughtBy: Readonly<Record<string, string | null>>
  readonly node: string
  readonly machine: string
  readonly date: string
  readonly seconds: number
}

const world: TestName = ['test/faults/world.test.ts', 'of the fixed schedules']
const snapshots: TestName = ['test/streams/invariance.test.ts', 'snapshots']
const late: TestName = ['test/workers/bad-input.test.ts', 'late']
const badInput: TestName = ['test/workers/bad-input.test.ts', 'chains']
const cut: TestName = ['test/workers/lost-chain.test.ts', 'behind the cut']
const features = 'src/workers/features/features-worker.ts'
const partitionDay = 'streams/log/partition-day.ts'

export const mutations: readonly Mutation[] = [
  {
    mistake: 'offsets are committed before the snapshot',
    file: features,
    from: '    if (file !== null) {\n      const day',
    to:
      '    await this.membership?.commit(partition, { offset: nextOffset, metadata: String(openedOffset) })\n' +
      '    if (file !== null) {\n      const day',
    tests: world,
  },
  {
    mistake: 'a snapshot lacks the pending events',
    file: 'streams/log/saved-day.ts',
    from: 'pending: [...chain.pending]',
    to: 'pending: []',
    tests: snapshots,
  },
  {
    mistake: 'the positions that a member answers are not read from',
    file: 'src/bus/tape/group-member.ts',
    from: 'starts.get(partition) ?? committed',
    to: 'committed',
    tests: ['test/contract/bus-tape.test.ts', 'takes it up where it committed'],
  },
  {
    mistake: 'the positions that a member of a Kafka group answers are not read from',
    file: 'src/bus/kafka/group-member.ts',
    from: 'starts.get(partition) ?? committed?.offset',
    to: 'committed?.offset ?? starts.get(partition)',
    tests: ['test/contract/bus-kafka.test.ts', 'stays with its member'],
  },
  {
    mistake: 'a worker puts a partition that it keeps back to where it committed',
    file: features,
    from: 'known.nextOffset >= 0) return known.nextOffset',
    to: 'known.nextOffset >= 0) return committed?.offset ?? known.nextOffset',
    tests: ['test/workers/until-close.test.ts', 'until the close'],
  },
  {
    mistake: 'what Kafka has not acknowledged is taken for published',
    file: 'src/bus/kafka/publisher.ts',
    from: 'producer.send(request)',
    to: 'producer.send(request).catch(() => [])',
    tests: ['test/bus/kafka.test.ts', 'killed and comes back'],
  },
  {
    mistake: 'a member of a Kafka group whose rejoin failed stands still',
    file: 'src/bus/kafka/group-member.ts',
    from: 'else if (generation === this.#generation) this.#joined([...this.#owned])',
    to: '',
    tests: ['test/bus/kafka-interruption.test.ts', 'read on in the generation'],
  },
  {
    mistake: 'a sink ends a day of which another has not stored its part',
    file: 'src/workers/sink/sink-worker.ts',
    from: 'if (this.next.has(place)) continue',
    to: 'continue',
    tests: ['test/workers/two-sinks.test.ts', 'another sink'],
  },
  {
    mistake: 'a job begins with the states of another window',
    file: 'src/workers/scoring/earlier-days.ts',
    from: 'found?.artifact === artifact && areThese(panels, found.hashes)',
    to: 'found?.artifact === artifact',
    tests: ['test/workers/earlier-days.test.ts', 'window of others'],
  },
  {
    mistake: 'rows that QuestDB has not acknowledged are taken for written',
    file: 'src/store/questdb/outbox.ts',
    from: 'if (attempt === attempts) throw unreachable(this.#origin, cause)',
    to: 'return',
    tests: ['test/store/questdb.test.ts', 'loses no row'],
  },
  {
    mistake: 'a features worker goes on before its rows are acknowledged',
    file: features,
    from: 'await this.publish(addressed)\n    this.takenAt',
    to: 'this.publish(addressed).catch(() => undefined)\n    this.takenAt',
    tests: world,
  },
  {
    mistake: 'two workers write their snapshots to one temporary file',
    file: 'src/workers/features/snapshot.ts',
    from: '${file}.${disk.owner}.tmp',
    to: '${file}.tmp',
    tests: ['test/workers/snapshot-place.test.ts', 'two workers'],
  },
  {
    mistake: 'a repeat with other bytes is accepted',
    file: 'streams/log/merge.ts',
    from: "known === batch.crc ? 'repeated' : 'conflict'",
    to: "'repeated'",
    tests: badInput,
  },
  {
    mistake: 'an event at the mark is late',
    file: partitionDay,
    from: 'batch.time[i] < earliest',
    to: 'batch.time[i] <= earliest',
    tests: late,
  },
  {
    mistake: 'an event of the sequence that the mark names is not late',
    file: partitionDay,
    from: 'batch.sequence[i] <= chain.markSequence',
    to: 'batch.sequence[i] < chain.markSequence',
    tests: late,
  },
  {
    mistake: 'a bucket does not hold its lower edge',
    file: 'streams/book/parent-orders.ts',
    from: 'if (notional < edges[e + 1]) return notional < edges[e] ? 0 : 1',
    to: 'if (notional <= edges[e + 1]) return notional <= edges[e] ? 0 : 1',
    tests: ['test/streams/capital-flow.test.ts', 'bucket edges'],
  },
  {
    mistake: 'lunch does not divide the day',
    file: partitionDay,
    from: 'session.barStart[bar + 1] !== session.barEnd[bar]',
    to: 'bar === minutes',
    tests: ['test/streams/high-frequency.test.ts', 'HF-'],
  },
  {
    mistake: 'books go before ticks of the same time',
    file: 'streams/log/merge.ts',
    from: "kind === 'ticks' ? i : this.chains.length + i",
    to: "kind === 'books' ? i : this.chains.length + i",
    tests: ['test/streams/merge.test.ts', 'releases by'],
  },
  {
    mistake: 'what is said again behind the cut goes to quarantine',
    file: 'src/workers/features/partition-stream.ts',
    from: 'if (past !== null && isRepeat(past, decoded)) return []',
    to: 'if (past !== null && isRepeat(past, decoded) && false) return []',
    tests: cut,
  },
  {
    mistake: 'a damaged snapshot is read',
    file: 'src/workers/features/snapshot.ts',
    from: 'if (crc32(body) !== bytes.readUInt32LE(body.length))',
    to: 'if (crc32(body) === -1)',
    tests: snapshots,
  },
  {
    mistake: 'the sink commits what the store has not acknowledged',
    file: 'src/workers/sink/sink-worker.ts',
    from: 'await this.store.applied(await this.take(messages))',
    to: 'this.take(messages).catch(() => undefined)',
    tests: world,
  },
  {
    mistake: 'a feed that starts again takes its last batch for unsent',
    file: 'src/workers/feed/resume.ts',
    from: 'chain.nextBatch = batch.batchNumber + 1',
    to: 'chain.nextBatch = batch.batchNumber',
    tests: world,
  },
  {
    mistake: 'a job that the bus failed is taken for done',
    file: 'src/workers/model/model-worker.ts',
    from: '!(error instanceof ClosebellError) || error.retriable',
    to: '!(error instanceof ClosebellError)',
    tests: world,
  },
  {
    mistake: 'a day without its Reference is taken for opened',
    file: 'src/workers/open/open-worker.ts',
    from: "if (found !== 'referenced')",
    to: "if (found === 'no')",
    tests: world,
  },
]
