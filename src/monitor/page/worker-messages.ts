import type { SectionMark, StatusTick, Universe } from '../protocol/messages.ts'
import type { Filter } from './filter.ts'
import type { Sort, Spread } from './section-model.ts'

/** What the page asks of the worker that holds the connection and the columns. */
export type Request =
  | { readonly type: 'watch'; readonly ids: readonly string[] }
  | {
      readonly type: 'order'
      readonly sort: Sort
      readonly filter: Filter | null
      readonly pinned: readonly string[]
    }
  | { readonly type: 'minute'; readonly minute: number | null }
  | { readonly type: 'reconnect' }

export interface ShownColumn {
  readonly values: Float64Array
  readonly spread: Spread
  /** Places whose sign is new or whose |z| crossed 2 since the values before. */
  readonly crossed: Int32Array
}

/** Columns that belong together, and their order. */
export interface ShownSection {
  readonly universe: Universe
  readonly mark: SectionMark
  /** The earlier minute that is shown; null = live. */
  readonly minute: number | null
  /** Only columns that changed since the last section; those before stand. */
  readonly columns: Readonly<Record<string, ShownColumn>>
  readonly order: Int32Array
}

export type Report =
  | ({ readonly type: 'section' } & ShownSection)
  /** The answer to `order`, without new values. */
  | { readonly type: 'order'; readonly order: Int32Array }
  /** The minute that was asked for is not sealed. */
  | { readonly type: 'absent'; readonly minute: number }
  | { readonly type: 'status'; readonly tick: StatusTick }
  | { readonly type: 'link'; readonly state: 'open' | 'lost' | 'refused' }
