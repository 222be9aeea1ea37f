import type { MinuteRows } from '../../schemas/rows.ts'
import { dayStart, cn } from '../../schemas/profiles/index.ts'
import { normal, seededRandom } from '../../models/training/random.ts'
import type { Bus } from '../../src/ports/bus.ts'
import { codecs } from '../../src/wire/index.ts'

/** What a page shows under load: fifteen columns of three sets. */
export const loadColumns = {
  PV: ['pv_close', 'pv_vwap', 'pv_volume', 'bar_amount'],
  C: ['amount', 'c_nbr_main', 'c_nbr_xl', 'c_nar_main', 'c_imb_xl', 'c_turn_share_xl'],
  HF: ['hf_ofi', 'hf_imb1', 'hf_rv', 'hf_vpin', 'hf_qspr'],
} as const

export const shownIds: readonly string[] = Object.values(loadColumns).flat()

/** A universe whose every value is drawn anew with each minute that is published. */
export class MonitorLoad {
  readonly #bus: Bus
  readonly #partitions: readonly (readonly string[])[]
  readonly #random = seededRandom(20260101)
  revision = 0

  constructor(bus: Bus, instruments: number, partitions: number) {
    this.#bus = bus
    const symbols = Array.from({ length: instruments }, (_, i) => `${String(600_000 + i)}.SH`)
    this.#partitions = Array.from({ length: partitions }, (_, p) =>
      symbols.filter((_symbol, i) => i % partitions === p),
    )
  }

  /** One minute of every partition and set. The same minute again counts as its next revision. */
  async publish(date: string, minute: number): Promise<void> {
    const revision = this.revision++
    for (const [partition, instruments] of this.#partitions.entries()) {
      const messages = Object.entries(loadColumns).map(([set, columns]) => {
        const rows = this.#rows({
          date,
          partition,
          minute,
          set,
          revision,
          instruments: [...instruments],
          columns: [...columns],
        })
        return { partition, date, key: `${date}|${revision}|${minute}|${set}`, value: codecs.minuteRows.encode(rows) }
      })
      await this.#bus.publish('minutes', messages)
    }
  }

  #rows(
    row: Pick<MinuteRows, 'date' | 'partition' | 'minute' | 'set' | 'revision' | 'instruments' | 'columns'>,
  ): MinuteRows {
    const count = row.instruments.length
    const values = Float64Array.from({ length: count * row.columns.length }, () => normal(this.#random))
    return {
      ...row,
      eventTime: dayStart(cn, row.date) + cn.segments[0].start,
      sizing: 'order',
      catalogue: '',
      count,
      quality: new Int32Array(count),
      values,
      crc: 0,
    }
  }
}
