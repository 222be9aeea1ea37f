import { simulateMarket } from '../../src/simulator/market.ts'
import { seed } from '../seed.ts'
import { feedContract } from './feed.ts'

// The simulator has no exchange to be compared with: its totals are checked where its books are.
feedContract('simulator', {
  feed: () => simulateMarket({ seed, instruments: 12, days: 2, earlierDays: 60 }),
  totals: {},
})
