/** Names by year of the span; a store whose names were taken from a later list has none that left. */
export function survivorsOf(listings, prices) {
  const { dates, first, last, instruments, market } = prices
  const years = [...new Set(dates.slice(first, last + 1).map((date) => date.slice(0, 4)))]
  return years.map((year) => {
    const days = [...dates.keys()].filter((day) => day >= first && day <= last && dates[day].startsWith(year))
    const [from, to] = [days[0], days[days.length - 1]]
    const before = listings.on(dates[from]).map(({ instrument }) => instrument)
    const after = new Set(listings.on(dates[to]).map(({ instrument }) => instrument))
    const traded = new Set(
      instruments.filter((_, name) => days.some((day) => market.vwap[day * instruments.length + name] > 0)),
    )
    return {
      year,
      listed: after.size,
      delisted: before.filter((instrument) => !after.has(instrument)).length,
      absent: [...after].filter((instrument) => !traded.has(instrument)).length,
    }
  })
}
//# sourceMappingURL=survivors.js.map
