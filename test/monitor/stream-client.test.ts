import { describe, expect, it } from 'vitest'
import { LiveSection } from '../../src/monitor/server/live-section.ts'
import { StreamClient, type Sink } from '../../src/monitor/server/stream-client.ts'
import { decodeColumn } from './monitored-session.ts'

/** A socket that takes bytes until it is full, then waits for whoever drains it. */
class SlowSink implements Sink {
  readonly written: string[] = []
  isFull = false
  destroyed = false
  #drain: (() => void) | null = null

  write(bytes: Uint8Array): boolean {
    this.written.push(Buffer.from(bytes).toString())
    return !this.isFull
  }

  once(_event: 'drain', listener: () => void): void {
    this.#drain = listener
  }

  drain(): void {
    this.isFull = false
    this.#drain?.()
  }

  destroy(): void {
    this.destroyed = true
  }

  cork(): void {}
  uncork(): void {}

  /** Values of the newest event of a column. */
  column(id: string): number[] {
    const event = this.written.findLast((text) => text.startsWith('event: column') && text.includes(`"${id}"`))
    return event === undefined ? [] : [...decodeColumn(event.split('\n')[2].slice('data: '.length))]
  }

  get columns(): number {
    return this.written.filter((text) => text.startsWith('event: column')).length
  }
}

const facts = () => ({ name: '', initials: '', industry: '' })

function section(): { section: LiveSection; set: (ofi: number, vpin: number) => void } {
  const made = new LiveSection('2024-03-15', facts)
  const set = (ofi: number, vpin: number): void =>
    made.take({
      instruments: ['600000.SH'],
      columns: ['hf_ofi', 'hf_vpin'],
      values: Float64Array.of(ofi, vpin),
      quality: Int32Array.of(0),
    })
  return { section: made, set }
}

const mark = Buffer.from('event: section\n\n')
const status = Buffer.from('event: status\n\n')

describe('a stream', () => {
  it('sends the columns that changed, and no others', () => {
    const { section: shown, set } = section()
    const sink = new SlowSink()
    const client = new StreamClient(sink, ['hf_ofi', 'hf_vpin'])
    set(1, 2)
    client.pump(0, { section: shown, isSettled: true, sectionMark: mark, status })
    expect(sink.columns).toBe(2)
    set(1, 3)
    client.pump(1, { section: shown, isSettled: true, sectionMark: mark, status })
    expect(sink.columns).toBe(3)
    expect(sink.column('hf_vpin')).toEqual([3])
    expect(client.pump(2, { section: shown, isSettled: true, sectionMark: mark, status })).toBe(0)
  })

  it('waits with columns until a minute is whole, but not with the first', () => {
    const { section: shown, set } = section()
    const sink = new SlowSink()
    const client = new StreamClient(sink, ['hf_ofi'])
    set(1, 1)
    client.pump(0, { section: shown, isSettled: false, sectionMark: mark, status })
    expect(sink.column('hf_ofi')).toEqual([1])
    set(2, 2)
    client.pump(1, { section: shown, isSettled: false, sectionMark: mark, status })
    expect(sink.column('hf_ofi')).toEqual([1])
    client.pump(2, { section: shown, isSettled: true, sectionMark: mark, status })
    expect(sink.column('hf_ofi')).toEqual([2])
  })

  it('keeps NaN as NaN', () => {
    const { section: shown, set } = section()
    const sink = new SlowSink()
    set(NaN, 2)
    set(NaN, NaN)
    new StreamClient(sink, ['hf_ofi', 'hf_vpin']).pump(0, {
      section: shown,
      isSettled: true,
      sectionMark: mark,
      status,
    })
    expect(sink.column('hf_vpin')).toEqual([NaN])
  })

  it('queues nothing for a reader that is full, and sends it the newest state only', () => {
    const { section: shown, set } = section()
    const sink = new SlowSink()
    const client = new StreamClient(sink, ['hf_ofi'])
    set(0, 0)
    sink.isFull = true
    client.pump(0, { section: shown, isSettled: true, sectionMark: mark, status })
    const before = sink.written.length
    for (let minute = 1; minute <= 20; minute++) {
      set(minute, 0)
      client.pump(minute * 1000, { section: shown, isSettled: true, sectionMark: mark, status })
    }
    expect(sink.written.length).toBe(before)
    sink.drain()
    client.pump(21_000, { section: shown, isSettled: true, sectionMark: mark, status })
    expect(sink.columns).toBe(2)
    expect(sink.column('hf_ofi')).toEqual([20])
  })

  it('is closed when its reader took nothing for 30 s, not before', () => {
    const { section: shown, set } = section()
    const sink = new SlowSink()
    const client = new StreamClient(sink, ['hf_ofi'])
    set(1, 1)
    sink.isFull = true
    client.pump(1000, { section: shown, isSettled: true, sectionMark: mark, status })
    client.pump(31_000, { section: shown, isSettled: true, sectionMark: mark, status })
    expect(sink.destroyed).toBe(false)
    client.pump(31_001, { section: shown, isSettled: true, sectionMark: mark, status })
    expect([sink.destroyed, client.closed]).toEqual([true, true])
  })

  it('begins anew with a later day', () => {
    const today = section()
    const tomorrow = section()
    const sink = new SlowSink()
    const client = new StreamClient(sink, ['hf_ofi'])
    today.set(1, 1)
    client.pump(0, { section: today.section, isSettled: true, sectionMark: mark, status })
    tomorrow.set(2, 2)
    client.pump(1, { section: tomorrow.section, isSettled: false, sectionMark: mark, status })
    expect(sink.written.filter((text) => text.startsWith('event: universe')).length).toBe(2)
    expect(sink.column('hf_ofi')).toEqual([2])
  })
})
