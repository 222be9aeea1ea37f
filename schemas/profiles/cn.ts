import { clock, type MarketProfile } from './profile.ts'

/** From here on ChiNext has the wide limit. */
const chiNextReform = '2020-08-24'

/** Main board 10 %, STAR 20 %, ChiNext 20 % since its reform, Beijing 30 %; special treatment is not known here. */
function dailyLimit(instrument: string, date: string): number {
  if (instrument.endsWith('.BJ')) return 0.3
  if (/^68[89]\d{3}\.SH$/.test(instrument)) return 0.2
  if (/^30[01]\d{3}\.SZ$/.test(instrument)) return date < chiNextReform ? 0.1 : 0.2
  return 0.1
}

/** Mainland China A-shares: both exchanges have a closing call auction. */
export const cn: MarketProfile = {
  name: 'cn',
  currency: 'CNY',
  utcOffsetMinutes: 480,
  calendar: 'cn',
  segments: [
    { start: clock(9, 30), end: clock(11, 30) },
    { start: clock(13), end: clock(14, 57) },
  ],
  minutes: 237,
  edgeMinutes: 30,
  lastEdgeStart: clock(14, 30),
  openingAuction: { start: clock(9, 15), cancelUntil: clock(9, 20), end: clock(9, 25) },
  closingAuction: { start: clock(14, 57), end: clock(15) },
  afterHoursStart: clock(15, 5),
  sessionEnd: clock(15, 40),
  closeDeadline: clock(15, 45),
  bucketEdges: [40_000, 200_000, 1_000_000],
  priceTick: 0.01,
  lotSize: 100,
  tradingDaysPerYear: 242,
  industryScheme: 'sw-l1',
  dailyLimit,
}
