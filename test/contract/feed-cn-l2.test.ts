import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, it } from 'vitest'
import { cnL2Feed } from '../../src/feeds/cn-l2/index.ts'
import { feedContract } from './feed.ts'

const folder = resolve(import.meta.dirname, '../../../shared/data/cn-l2')

if (existsSync(folder)) {
  // The exchanges' own figures of the day: amount in 1/1000 yuan on SSE and 1/10000 on SZSE, shares, trades.
  feedContract('cn-l2 on real Level-2 files', {
    feed: () => cnL2Feed(['2021-12-01', '2022-06-01/300918.SZ', '2023-02-01'].map((date) => resolve(folder, date))),
    totals: {
      '2023-02-01': {
        '600519.SH': { amount: 6_244_678_924_610n, volume: 3_397_389n, trades: 27_135 },
        '600000.SH': { amount: 137_294_549_420n, volume: 18_659_542n, trades: 14_872 },
        '000001.SZ': { amount: 24_264_719_725_200n, volume: 165_342_148n, trades: 133_815 },
      },
    },
  })
} else {
  describe.skip('feed contract: cn-l2 (skipped: the market data folder is absent)', () => {
    it('reads real Level-2 files')
  })
}
