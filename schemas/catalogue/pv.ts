import type { Rule } from './rule.ts'

const bar = (
  number: string,
  id: string,
  unit: string,
  formula: string,
  display: Rule['display'],
  en: string,
  zh: string,
): Rule => ({
  rule: number,
  id,
  set: 'PV',
  level: 'tick',
  unit,
  inputs: ['T'],
  formula,
  modelInput: false,
  display,
  en,
  zh,
})

const daily = (
  number: string,
  id: string,
  unit: string,
  formula: string,
  display: Rule['display'],
  en: string,
  zh: string,
): Rule => ({
  rule: number,
  id,
  set: 'PV',
  level: 'tick',
  unit,
  inputs: ['D'],
  formula,
  modelInput: true,
  display,
  en,
  zh,
})

export const pvRules: readonly Rule[] = [
  daily('PV-01', 'pv_open', 'CNY', 'first price of d incl. auction', 'price', 'open', '开盘价'),
  daily('PV-02', 'pv_high', 'CNY', 'max trade price', 'price', 'high', '最高价'),
  daily('PV-03', 'pv_low', 'CNY', 'min trade price', 'price', 'low', '最低价'),
  daily('PV-04', 'pv_close', 'CNY', 'official close, else last trade', 'price', 'close', '收盘价'),
  daily('PV-05', 'pv_vwap', 'CNY', 'Amt/V', 'price', 'vwap', '均价'),
  daily('PV-06', 'pv_volume', 'sh', 'V', 'count', 'volume', '成交量'),
]

/** The bar of a minute, stored in the minute rows of PV beside PV-01..06 day-to-date. */
export const barRules: readonly Rule[] = [
  bar('BAR-01', 'bar_open', 'CNY', 'first trade of the minute; NaN without', 'price', 'minute open', '分钟开盘'),
  bar('BAR-02', 'bar_high', 'CNY', 'highest trade of the minute; NaN without', 'price', 'minute high', '分钟最高'),
  bar('BAR-03', 'bar_low', 'CNY', 'lowest trade of the minute; NaN without', 'price', 'minute low', '分钟最低'),
  bar(
    'BAR-04',
    'bar_close',
    'CNY',
    'last trade, carried over empty minutes (open before the first)',
    'price',
    'minute close',
    '分钟收盘',
  ),
  bar('BAR-05', 'bar_volume', 'sh', 'sum of quantity; 0 when empty', 'count', 'minute volume', '分钟成交量'),
  bar('BAR-06', 'bar_amount', 'CNY', 'sum of price*quantity; 0 when empty', 'money', 'minute amount', '分钟成交额'),
  bar('BAR-07', 'bar_trades', 'ct', 'prints; 0 when empty', 'count', 'minute trades', '分钟笔数'),
]
