/**
 * The filter of the grid: a space means and, `|` or, `!` not. `id>1.5` compares a value, `z.id` its z-score over the
 * universe, `p.id` its percentile; `ind:` an industry, `flag:` a flag; other text is looked for in symbol, name and
 * initials. Numbers may end in 亿, 万, %, bp, bn, m or k.
 */
export type Filter =
  | { readonly kind: 'and' | 'or'; readonly of: readonly Filter[] }
  | { readonly kind: 'not'; readonly of: Filter }
  | { readonly kind: 'text' | 'industry'; readonly text: string }
  | { readonly kind: 'flag'; readonly bit: number }
  | {
      readonly kind: 'compare'
      readonly scale: 'value' | 'z' | 'p'
      readonly id: string
      readonly operator: Operator
      readonly number: number
    }

type Operator = '>' | '<' | '>=' | '<=' | '=' | '!='

export interface Known {
  readonly ids: ReadonlySet<string>
  readonly flags: Readonly<Record<string, number>>
}

export interface Parsed {
  /** Null filters nothing. */
  readonly filter: Filter | null
  /** Columns that it compares. */
  readonly ids: readonly string[]
}

/** What cannot be read: the token and why. */
export interface BadToken {
  readonly token: string
  readonly reason: string
}

const scales: Readonly<Record<string, number>> = { 亿: 1e8, 万: 1e4, '%': 0.01, bp: 1, bn: 1e9, m: 1e6, k: 1e3, '': 1 }

export function parseFilter(text: string, known: Known): Parsed | BadToken {
  const alternatives: Filter[] = []
  const ids = new Set<string>()
  for (const part of text.split('|')) {
    const terms: Filter[] = []
    for (const token of part.split(/\s+/).filter((one) => one !== '')) {
      const term = parseToken(token, known)
      if ('reason' in term) return term
      collectIds(term, ids)
      terms.push(term)
    }
    if (terms.length > 0) alternatives.push(terms.length === 1 ? terms[0] : { kind: 'and', of: terms })
  }
  if (alternatives.length === 0) return { filter: null, ids: [] }
  return {
    filter: alternatives.length === 1 ? alternatives[0] : { kind: 'or', of: alternatives },
    ids: [...ids],
  }
}

function parseToken(token: string, known: Known): Filter | BadToken {
  const bad = (reason: string): BadToken => ({ token, reason })
  if (token.startsWith('!')) {
    if (token.length === 1) return bad('nothing follows !')
    const inner = parseToken(token.slice(1), known)
    return 'reason' in inner ? { ...inner, token } : { kind: 'not', of: inner }
  }
  const [, name, text] = /^(ind|flag):(.*)$/.exec(token) ?? []
  if (name !== undefined && text === '') return bad(`nothing follows ${name}:`)
  if (name === 'ind') return { kind: 'industry', text: text.toLowerCase() }
  if (name === 'flag') {
    const bit = Object.hasOwn(known.flags, text) ? known.flags[text] : undefined
    return bit === undefined ? bad(`flags are ${Object.keys(known.flags).join(', ')}`) : { kind: 'flag', bit }
  }
  const [, scale = '', id, operator, number] = /^(z\.|p\.)?([\w.]*?)(>=|<=|!=|>|<|=)(.*)$/.exec(token) ?? []
  if (id === undefined) return { kind: 'text', text: token.toLowerCase() }
  if (!known.ids.has(id)) return bad(`no column ${id}`)
  const value = numberOf(number)
  if (Number.isNaN(value)) return bad(`${number || 'nothing'} is no number`)
  return {
    kind: 'compare',
    scale: scale === '' ? 'value' : (scale[0] as 'z' | 'p'),
    id,
    operator: operator as Operator,
    number: value,
  }
}

function numberOf(text: string): number {
  const [, number, unit] = /^([-+\u2212]?\d+(?:\.\d+)?(?:e[-+]?\d+)?)(亿|万|%|bp|bn|m|k|)$/i.exec(text) ?? []
  return number === undefined ? NaN : Number(number.replace('\u2212', '-')) * scales[unit.toLowerCase()]
}

function collectIds(filter: Filter, into: Set<string>): void {
  if (filter.kind === 'compare') into.add(filter.id)
  else if (filter.kind === 'not') collectIds(filter.of, into)
  else if (filter.kind === 'and' || filter.kind === 'or') for (const one of filter.of) collectIds(one, into)
}

/** What a filter asks of the instrument at a place. */
export interface Row {
  text(place: number): string
  industry(place: number): string
  quality(place: number): number
  value(scale: 'value' | 'z' | 'p', id: string, place: number): number
}

/** Whether an instrument passes; a comparison with NaN does not hold, whatever its operator. */
export function passes(filter: Filter, row: Row, place: number): boolean {
  switch (filter.kind) {
    case 'and':
      return filter.of.every((one) => passes(one, row, place))
    case 'or':
      return filter.of.some((one) => passes(one, row, place))
    case 'not':
      return !passes(filter.of, row, place)
    case 'text':
      return row.text(place).includes(filter.text)
    case 'industry':
      return row.industry(place).includes(filter.text)
    case 'flag':
      return (row.quality(place) & filter.bit) !== 0
    case 'compare':
      return compares(row.value(filter.scale, filter.id, place), filter.operator, filter.number)
  }
}

function compares(value: number, operator: Operator, number: number): boolean {
  if (Number.isNaN(value)) return false
  switch (operator) {
    case '>':
      return value > number
    case '<':
      return value < number
    case '>=':
      return value >= number
    case '<=':
      return value <= number
    case '=':
      return value === number
    case '!=':
      return value !== number
  }
}
