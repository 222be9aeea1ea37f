import type { LiveSection } from './live-section.ts'

/** The part of a response that a stream writes to. */
export interface Sink {
  /** False when what was written waits for its reader. */
  write(bytes: Uint8Array): boolean
  once(event: 'drain', listener: () => void): unknown
  destroy(): unknown
  cork(): void
  uncork(): void
}

/** What a stream is told of besides the section: events that are the same for every reader. */
export interface Broadcast {
  readonly section: LiveSection
  /** False while a minute comes in from several partitions: its columns are sent once, whole. */
  readonly isSettled: boolean
  readonly sectionMark: Buffer
  readonly status: Buffer
}

/** A reader that takes nothing for so long is cut off. */
const silenceMs = 30_000

/**
 * One reader of the page's stream. It is owed the newest version of each column it asked for, nothing in between: while
 * the socket is full nothing is queued, so that a slow reader costs one round of shared buffers.
 */
export class StreamClient {
  readonly #sink: Sink
  readonly #ids: readonly string[]
  #section: LiveSection | null = null
  #universe = -1
  readonly #sent = new Map<string, number>()
  #mark: Buffer | null = null
  #status: Buffer | null = null
  #isFull = false
  #fullSince = 0
  closed = false

  constructor(sink: Sink, ids: readonly string[]) {
    this.#sink = sink
    this.#ids = ids
  }

  /** Sends what is newer than what was sent. @returns bytes written */
  pump(now: number, { section, isSettled, sectionMark, status }: Broadcast): number {
    if (this.closed) return 0
    if (this.#isFull) {
      if (now - this.#fullSince > silenceMs) this.close()
      return 0
    }
    const frames: Buffer[] = []
    // Whoever connects just now is not made to wait.
    if (isSettled || section !== this.#section) frames.push(...this.#sectionFrames(section, sectionMark))
    if (status !== this.#status) frames.push(status)
    this.#status = status
    return this.#write(frames, now)
  }

  close(): void {
    this.closed = true
    this.#sink.destroy()
  }

  #sectionFrames(section: LiveSection, sectionMark: Buffer): Buffer[] {
    const frames: Buffer[] = []
    if (section !== this.#section) this.#begin(section)
    if (this.#universe !== section.universeVersion) {
      this.#universe = section.universeVersion
      frames.push(section.universeFrame())
    }
    const columns = this.#columnsOf(section)
    if (columns.length > 0 || sectionMark !== this.#mark) frames.push(...columns, sectionMark)
    this.#mark = sectionMark
    return frames
  }

  #begin(section: LiveSection): void {
    this.#section = section
    this.#universe = -1
    this.#sent.clear()
  }

  #columnsOf(section: LiveSection): Buffer[] {
    const frames: Buffer[] = []
    for (const id of this.#ids) {
      const version = section.version(id)
      if (version === (this.#sent.get(id) ?? 0)) continue
      const frame = section.columnFrame(id)
      if (frame === null) continue
      frames.push(frame)
      this.#sent.set(id, version)
    }
    return frames
  }

  #write(frames: readonly Buffer[], now: number): number {
    if (frames.length === 0) return 0
    let hasRoom = true
    this.#sink.cork()
    for (const frame of frames) hasRoom = this.#sink.write(frame)
    this.#sink.uncork()
    if (!hasRoom) {
      this.#isFull = true
      this.#fullSince = now
      this.#sink.once('drain', () => (this.#isFull = false))
    }
    return frames.reduce((sum, frame) => sum + frame.length, 0)
  }
}
