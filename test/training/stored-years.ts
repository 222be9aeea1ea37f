import { tradingDays } from '../../schemas/calendars/index.ts'
import { normal, seededRandom, type Random } from '../../models/training/random.ts'
import { dateToEventTime, type Store } from '../../src/ports/store.ts'

/** Daily bars and listings of names that follow a market, as an import leaves them: `open` never ran. */
export interface DrawnYears {
  readonly dates: readonly string[]
  readonly instruments: readonly string[]
  /** First day with a row; 0 for all but the last two names. */
  readonly firstDay: readonly number[]
  /** [days][names] close; NaN on a day without a row. */
  readonly close: Float64Array
  readonly volume: Float64Array
  readonly listDates: readonly string[]
}

export const youngest = { name: 'N998.SH', firstDay: 30 }
/** Listed shortly before the data begin, and seldom traded since. */
export const seldom = 'N999.SH'

export function drawYears(seed: number, names: number, days: number): DrawnYears {
  const random = seededRandom(seed)
  const dates = tradingDays('cn', '2022-01-04', '2023-12-29').slice(0, days)
  const plain = Array.from({ length: names }, (_, i) => `N${String(i).padStart(3, '0')}.SH`)
  const instruments = [...plain, youngest.name, seldom]
  const firstDay = instruments.map((name) => (name === youngest.name ? youngest.firstDay : 0))
  const listDates = instruments.map((name) =>
    name === youngest.name ? (dates[youngest.firstDay] as string) : name === seldom ? '2021-12-20' : '2010-05-04',
  )
  const n = instruments.length
  const close = new Float64Array(days * n).fill(NaN)
  const volume = close.slice()
  const level = Float64Array.from({ length: n }, () => 5 + 20 * random())
  for (let day = 0; day < days; day++) {
    const common = 0.01 * normal(random)
    for (let i = 0; i < n; i++) {
      level[i] *= Math.exp(common + 0.02 * normal(random))
      if (!hasRow(random, instruments[i] as string, day, firstDay[i] as number)) continue
      close[day * n + i] = level[i]
      volume[day * n + i] = Math.round(Math.exp(13 + normal(random)))
    }
  }
  return { dates, instruments, firstDay, close, volume, listDates }
}

const hasRow = (random: Random, name: string, day: number, firstDay: number): boolean => {
  const drawn = random()
  return day >= firstDay && (name === seldom ? day % 2 === 0 : drawn > 0.03)
}

/** Writes the years; `factorOf` moves the prices of single cells. */
export async function storeYears(
  store: Store,
  years: DrawnYears,
  factorOf: (day: number, name: number) => number = () => 1,
): Promise<void> {
  await store.ensureTables()
  const n = years.instruments.length
  const cells = [...years.close.keys()].filter((at) => !Number.isNaN(years.close[at]))
  const column = (of: (at: number) => number): Float64Array => Float64Array.from(cells, of)
  const price = (ratio: number): Float64Array =>
    column((at) => (years.close[at] as number) * ratio * factorOf(Math.floor(at / n), at % n))
  const time = column((at) => dateToEventTime(years.dates[Math.floor(at / n)] as string))
  await store.append('pv', {
    count: cells.length,
    columns: {
      event_time: time,
      instrument: cells.map((at) => years.instruments[at % n] as string),
      revision: new Float64Array(cells.length),
      known_at: time,
      pv_open: price(0.998),
      pv_high: price(1.012),
      pv_low: price(0.985),
      pv_close: price(1),
      pv_vwap: price(1.001),
      pv_volume: column((at) => years.volume[at] as number),
    },
  })
  const listed = Float64Array.from(years.listDates, dateToEventTime)
  await store.append('instruments', {
    count: n,
    columns: {
      event_time: listed,
      instrument: years.instruments,
      revision: new Float64Array(n),
      known_at: listed,
      name: years.instruments,
      industry: years.instruments.map((_, i) => `I${i % 3}`),
      float_shares: Float64Array.from({ length: n }, (_, i) => 1e7 * (1 + i)),
      total_shares: Float64Array.from({ length: n }, (_, i) => 2e7 * (1 + i)),
      list_date: years.listDates,
      listed: new Float64Array(n).fill(1),
    },
  })
}
