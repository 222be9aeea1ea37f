import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { z } from 'zod'
import { ClosebellError } from '../../schemas/errors.ts'

/** How a vendor's files are read: names of its columns, its codes, its units, and what its prices are. */

const date = z.string().regex(/^\d{4}-\d{2}-\d{2}$/, 'is no date YYYY-MM-DD')
const column = z.string().min(1)
const unit = z.number().positive()

/** Daily bars. */
const daily = z.strictObject({
  columns: z.strictObject({
    code: column,
    date: column,
    open: column,
    high: column,
    low: column,
    close: column,
    volume: column,
    amount: column,
    /** Close of the day before as of this day: what makes raw prices comparable over an ex-day. */
    previous_close: column.optional(),
    /** 0 on a day on which the name did not trade. */
    traded: column.optional(),
  }),
  /** A value of the file times its unit is shares (volume) or currency (amount). */
  units: z.strictObject({ volume: unit.optional(), amount: unit.optional() }).optional(),
  /** Date up to which the vendor adjusted the prices; without it they are raw. */
  adjusted_as_of: date.optional(),
  /** Decimals that adjusted prices are rounded to: how far a price may lie from what it was made of. */
  price_decimals: z.number().int().min(0).max(9).optional(),
  /** A larger daily return is reported as suspicious; decimal. */
  return_limit: unit.optional(),
})

/** Names and industries of instruments, as of one date. */
const industries = z.strictObject({
  columns: z.strictObject({ code: column, name: column.optional(), industry: column, list_date: column.optional() }),
  as_of: date,
})

/** Float and total shares of instruments, as of one date. */
const shares = z.strictObject({
  columns: z.strictObject({
    code: column,
    float_shares: column,
    total_shares: column,
    name: column.optional(),
    list_date: column.optional(),
  }),
  units: z.strictObject({ shares: unit.optional() }).optional(),
  as_of: date,
})

const mapping = z.strictObject({
  name: z.string().regex(/^[a-z0-9][a-z0-9-]*$/, 'has other characters than a-z, 0-9 and -'),
  /** The first pattern that a code matches makes its symbol; without rules a code is the symbol. */
  symbols: z.array(z.strictObject({ pattern: z.string(), symbol: z.string() })).optional(),
  daily: daily.optional(),
  industries: industries.optional(),
  shares: shares.optional(),
})

export type Mapping = z.infer<typeof mapping>
export type DailyMapping = z.infer<typeof daily>

const bars = { code: 'code', date: 'date', open: 'open', high: 'high', low: 'low', close: 'close' } as const

const builtIn: readonly Mapping[] = [
  {
    name: 'cn-daily',
    daily: {
      columns: { ...bars, volume: 'volume', amount: 'amount' },
      adjusted_as_of: '2023-03-17',
      price_decimals: 4,
      return_limit: 0.11,
    },
    industries: {
      columns: { code: 'ts_code', name: 'name', industry: 'industry', list_date: 'list_date' },
      as_of: '2023-03-17',
    },
  },
  {
    name: 'cn-csi300',
    daily: {
      columns: { ...bars, volume: 'volume', amount: 'amount', previous_close: 'pre_close', traded: 'trade_status' },
      return_limit: 0.21,
    },
  },
  {
    name: 'cn-fund',
    shares: {
      columns: {
        code: 'code',
        name: 'name',
        float_shares: 'outstanding',
        total_shares: 'totals',
        list_date: 'timeToMarket',
      },
      units: { shares: 10_000 },
      as_of: '2016-09-05',
    },
  },
]

export const builtInMappings: readonly string[] = builtIn.map(({ name }) => name)

/**
 * A built-in mapping by its name, or a JSON file by its path.
 * @throws ClosebellError CB_ABSENT without such a file, CB_FEED_INPUT when it is not in the form
 */
export async function loadMapping(nameOrFile: string): Promise<Mapping> {
  const known = builtIn.find(({ name }) => name === nameOrFile)
  if (known !== undefined) return known
  const text = await readFile(nameOrFile, 'utf8').catch((cause: unknown) => {
    const fact = `no mapping ${nameOrFile}: neither a file nor one of ${builtInMappings.join(', ')}`
    throw new ClosebellError('CB_ABSENT', fact, { cause })
  })
  const file = basename(nameOrFile)
  let written: unknown
  try {
    written = JSON.parse(text)
  } catch (cause) {
    throw new ClosebellError('CB_FEED_INPUT', `${file} is no JSON: ${(cause as Error).message}`, { cause })
  }
  const parsed = mapping.safeParse(written)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw new ClosebellError('CB_FEED_INPUT', `${file}: ${issue.path.join('.') || 'the mapping'}: ${issue.message}`)
}

/** One part of a mapping. @throws ClosebellError CB_FEED_INPUT when it has none */
export function partOf<K extends 'daily' | 'industries' | 'shares'>(of: Mapping, part: K): NonNullable<Mapping[K]> {
  const found = of[part]
  if (found === undefined) throw new ClosebellError('CB_FEED_INPUT', `mapping ${of.name} says nothing of ${part}`)
  return found
}

const symbolForm = /^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$/

/** Makes codes of the vendor into symbols; null for a code that is none. */
export function symbolRule({ name, symbols = [] }: Mapping): (code: string) => string | null {
  const rules = symbols.map(({ pattern, symbol }) => ({ pattern: patternOf(name, pattern), symbol }))
  return (code) => {
    const rule = rules.find(({ pattern }) => pattern.test(code))
    const symbol = rule === undefined ? code : code.replace(rule.pattern, rule.symbol)
    const isSymbol = (rules.length === 0 || rule !== undefined) && symbolForm.test(symbol)
    return isSymbol ? symbol : null
  }
}

function patternOf(name: string, pattern: string): RegExp {
  try {
    return new RegExp(pattern, 'u')
  } catch (cause) {
    throw new ClosebellError('CB_FEED_INPUT', `mapping ${name}: ${pattern} is no pattern`, { cause })
  }
}
