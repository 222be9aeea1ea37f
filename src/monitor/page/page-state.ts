import type { Sort } from './section-model.ts'
import type { Language } from './strings.ts'

export const tabs = ['grid', 'sectors', 'factors', 'quality'] as const
export type Tab = (typeof tabs)[number]

export const themes = ['system', 'light', 'dark'] as const
export type Theme = (typeof themes)[number]

export const directions = ['redUp', 'greenUp', 'blueOrange'] as const
export type Direction = (typeof directions)[number]

/** What a page shows, as its address keeps it. */
export interface PageState {
  tab: Tab
  columns: readonly string[]
  filter: string
  sort: Sort
  selected: string
  pinned: readonly string[]
  /** An earlier minute; null = live. */
  minute: number | null
  language: Language
  theme: Theme
  direction: Direction
}

const listed = (text: string | null): string[] => (text ?? '').split(',').filter((part) => part !== '')

const oneOf = <T extends string>(known: readonly T[], text: string | null, fallback: T): T =>
  known.find((name) => name === text) ?? fallback

/** `-ret` falls, `ret` rises. */
const sortOf = (text: string): Sort => ({ id: text.replace(/^-/, ''), descending: text.startsWith('-') })

/** What a page shows that was told nothing. */
export interface Initial {
  readonly columns: readonly string[]
  readonly sort: string
  readonly language: Language
}

/** Reads an address; what it does not say, or says wrongly, is as a new page has it. */
export function readState(query: string, initial: Initial, known: ReadonlySet<string>): PageState {
  const params = new URLSearchParams(query)
  const columns = listed(params.get('columns')).filter((id) => known.has(id))
  const sort = params.get('sort') || initial.sort
  const minute = params.get('minute')
  return {
    tab: oneOf(tabs, params.get('tab'), 'grid'),
    columns: columns.length > 0 ? columns : initial.columns,
    filter: params.get('filter') ?? '',
    sort: sortOf(sort),
    selected: params.get('selected') ?? '',
    pinned: listed(params.get('pinned')),
    minute: minute !== null && /^-?\d+$/.test(minute) ? Number(minute) : null,
    language: oneOf(['en', 'zh'], params.get('language'), initial.language),
    theme: oneOf(themes, params.get('theme'), 'system'),
    direction: oneOf(directions, params.get('direction'), 'redUp'),
  }
}

/** The address of a state: only what differs from a new page. */
export function writeState(state: PageState, initial: Initial): string {
  const { tab, columns, filter, sort, selected, pinned, minute, language, theme, direction } = state
  const params = new URLSearchParams()
  const put = (name: string, value: string, initial: string): void => {
    if (value !== initial) params.set(name, value)
  }
  put('tab', tab, 'grid')
  put('columns', columns.join(','), initial.columns.join(','))
  put('filter', filter, '')
  put('sort', `${sort.descending ? '-' : ''}${sort.id}`, initial.sort)
  put('selected', selected, '')
  put('pinned', pinned.join(','), '')
  put('minute', minute === null ? '' : String(minute), '')
  put('language', language, initial.language)
  put('theme', theme, 'system')
  put('direction', direction, 'redUp')
  const text = params.toString()
  return text === '' ? '' : `?${text}`
}
