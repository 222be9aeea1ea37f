import { MultiBar, Presets, type SingleBar } from 'cli-progress'
import type { Clock } from '../ports/clock.ts'

/** Part of a command's work whose end is waited for. */
export interface Stage {
  /** Work done so far, in units; a total that turns out too small grows. A note stands instead of the amount. */
  reach(done: number, note?: string): void
  /** `note` says what came out; without one the amount of work does. */
  end(note?: string): void
}

export interface Progress {
  /** `total` null: nobody knows how much it will be. */
  stage(name: string, total: number | null, unit: string): Stage
  /** Writes a line of another source without breaking the bars. */
  write(text: string): void
  /** Leaves what is on the screen as it is. */
  stop(): void
}

export interface ProgressSink {
  readonly isTTY?: boolean
  write(text: string): unknown
}

/** A line per stage on a terminal; elsewhere a line at the start, at the end and, seldom, in between. */
export const openProgress = (sink: ProgressSink & NodeJS.WritableStream, clock: Clock): Progress =>
  sink.isTTY === true ? new BarProgress(sink, clock) : new LineProgress(sink, clock)

const secondsBetweenLines = 30
const countOf = (value: number): string => Math.round(value).toLocaleString('en-US')

class LineProgress implements Progress {
  readonly #sink: ProgressSink
  readonly #clock: Clock

  constructor(sink: ProgressSink, clock: Clock) {
    this.#sink = sink
    this.#clock = clock
  }

  stage(name: string, total: number | null, unit: string): Stage {
    const started = this.#clock.elapsed()
    let told = started
    let toldTenth = 0
    let reached = 0
    this.write(`${name}: started${total === null ? '' : `, ${countOf(total)} ${unit}`}\n`)
    const seconds = (): string => `${((this.#clock.elapsed() - started) / 1000).toFixed(1)} s`
    return {
      reach: (done, note) => {
        reached = done
        if (note !== undefined) return this.write(`${name}: ${note}\n`)
        const tenth = total === null ? toldTenth + 1 : Math.floor((10 * done) / Math.max(total, 1))
        if (tenth <= toldTenth || tenth >= 10 || this.#clock.elapsed() - told < secondsBetweenLines * 1000) return
        told = this.#clock.elapsed()
        toldTenth = total === null ? 0 : tenth
        this.write(`${name}: ${total === null ? '' : `${10 * tenth} %, `}${countOf(done)} ${unit}, ${seconds()}\n`)
      },
      end: (note) => this.write(`${name}: ${note ?? `${countOf(reached)} ${unit}`}, ${seconds()}\n`),
    }
  }

  write(text: string): void {
    this.#sink.write(text)
  }

  stop(): void {
    // Nothing is left open: every line was written whole.
  }
}

/** Bars stay when they are done; what others write goes above them. */
class BarProgress implements Progress {
  readonly #sink: NodeJS.WritableStream
  readonly #clock: Clock
  #bars: MultiBar | null = null
  #open = 0

  constructor(sink: NodeJS.WritableStream, clock: Clock) {
    this.#clock = clock
    this.#sink = sink
  }

  stage(name: string, total: number | null, unit: string): Stage {
    this.#bars ??= new MultiBar(
      { stream: this.#sink, hideCursor: true, emptyOnZero: true, forceRedraw: true, gracefulExit: false },
      Presets.shades_grey,
    )
    this.#open++
    let reached = 0
    const start = this.#clock.elapsed()
    const bar: SingleBar = this.#bars.create(total ?? 0, 0, { note: '' }, { format: formatOf(name, total, unit) })
    const rate = (done: number): string => countOf((1000 * done) / Math.max(this.#clock.elapsed() - start, 1))
    return {
      reach: (done, note) => {
        reached = done
        if (done > bar.getTotal()) bar.setTotal(done)
        bar.update(done, { note: note ?? `${countOf(done)} ${unit}, ${rate(done)}/s` })
      },
      end: (note) => {
        bar.update(Math.max(reached, total ?? 0), { note: note ?? `${countOf(reached)} ${unit}` })
        bar.stop()
        if (--this.#open === 0) this.stop()
      },
    }
  }

  write(text: string): void {
    if (this.#bars === null) this.#sink.write(text)
    else this.#bars.log(text)
  }

  stop(): void {
    this.#bars?.stop()
    this.#bars = null
  }
}

const formatOf = (name: string, total: number | null, unit: string): string =>
  total === null
    ? `${name.padEnd(10)} {note} {duration_formatted}`
    : `${name.padEnd(10)} {bar} {percentage} % {note} {eta_formatted} left of {total} ${unit}`
