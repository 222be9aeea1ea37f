import type { InputLetter, Rule } from './rule.ts'

/** Order-size buckets: small, medium, large, extra large. */
export const buckets = ['s', 'm', 'l', 'xl'] as const

const bucketZh = ['小单', '中单', '大单', '特大单']

const two = (n: number): string => String(n).padStart(2, '0')

const c = (
  rule: string,
  id: string,
  formula: string,
  inputs: readonly InputLetter[],
  en: string,
  zh: string,
): Rule => ({
  rule,
  id,
  set: 'C',
  level: 'tick',
  unit: '1',
  inputs,
  formula,
  modelInput: true,
  display: 'ratio',
  en,
  zh,
})

/** Four rules, one per bucket; later ones are "as" the first. */
const perBucket = (
  from: number,
  stem: string,
  formula: string,
  inputs: readonly InputLetter[],
  en: string,
  zh: string,
): Rule[] =>
  buckets.map((b, i) =>
    c(`C-${two(from + i)}`, `${stem}_${b}`, `${formula}, b=${b}`, inputs, `${en} ${b}`, `${zh}${bucketZh[i]}`),
  )

const base = (
  n: number,
  id: string,
  unit: string,
  formula: string,
  inputs: readonly InputLetter[],
  en: string,
  zh: string,
): Rule => ({
  rule: `CB-${two(n)}`,
  id,
  set: 'C',
  level: 'tick',
  unit,
  inputs,
  formula,
  modelInput: false,
  display: unit === 'ct' ? 'count' : 'money',
  en,
  zh,
})

const baseBuckets = (
  from: number,
  stem: string,
  unit: string,
  formula: string,
  inputs: readonly InputLetter[],
  en: string,
  zh: string,
): Rule[] =>
  buckets.map((b, i) =>
    base(from + i, `${stem}_${b}`, unit, `${formula}, b=${b}`, inputs, `${en} ${b}`, `${zh}${bucketZh[i]}`),
  )

/** Stored base fields: money by order size, counts of parents, and the totals of the day. */
export const cBaseRules: readonly Rule[] = [
  ...baseBuckets(1, 'c_buy', 'CNY', 'B_b: amount bought by parents in b', ['P'], 'bought by', '买入'),
  ...baseBuckets(5, 'c_sell', 'CNY', 'S_b: amount sold by parents in b', ['P'], 'sold by', '卖出'),
  ...baseBuckets(
    9,
    'c_act_buy',
    'CNY',
    'AB_b: amount bought actively by parents in b',
    ['P', 'T'],
    'bought actively by',
    '主动买入',
  ),
  ...baseBuckets(
    13,
    'c_act_sell',
    'CNY',
    'AS_b: amount sold actively by parents in b',
    ['P', 'T'],
    'sold actively by',
    '主动卖出',
  ),
  ...baseBuckets(17, 'c_n_buy', 'ct', 'nB_b: buy parents in b with at least one fill', ['P'], 'buy parents', '买单数'),
  ...baseBuckets(
    21,
    'c_n_sell',
    'ct',
    'nS_b: sell parents in b with at least one fill',
    ['P'],
    'sell parents',
    '卖单数',
  ),
  base(25, 'c_unknown', 'CNY', 'Amt - sum AB - sum AS of the whole day', ['P', 'T'], 'without active side', '方向不明'),
  base(
    26,
    'amount',
    'CNY',
    'Amt: sum of price*quantity of all accepted trades, auctions included',
    ['T'],
    'amount',
    '成交额',
  ),
  base(27, 'volume', 'sh', 'V: sum of quantity of all accepted trades', ['T'], 'volume', '成交量'),
  base(28, 'trades', 'ct', 'cnt: accepted trades', ['T'], 'trades', '成交笔数'),
]

export const cModelRules: readonly Rule[] = [
  ...perBucket(1, 'c_nbr', 'NB_b/Amt', ['P'], 'net buy ratio', '净买入率'),
  ...perBucket(5, 'c_nar', '(AB_b-AS_b)/(AB_b+AS_b)', ['P', 'T'], 'net active ratio', '主动净买入率'),
  ...perBucket(9, 'c_turn_share', '(B_b+S_b)/(2 Amt)', ['P'], 'share of turnover', '成交占比'),
  ...perBucket(
    13,
    'c_active_share',
    '(AB_b+AS_b)/sum_b(AB+AS)',
    ['P', 'T'],
    'share of active turnover',
    '主动成交占比',
  ),
  ...perBucket(17, 'c_buy_active', 'AB_b/B_b', ['P', 'T'], 'active part of buying', '买入主动占比'),
  ...perBucket(21, 'c_sell_active', 'AS_b/S_b', ['P', 'T'], 'active part of selling', '卖出主动占比'),
  ...perBucket(25, 'c_imb', 'ln((B_b+1)/(S_b+1)), whole currency units', ['P'], 'imbalance', '不平衡度'),
  {
    ...c(
      'C-29',
      'c_ln_parent_buy',
      'ln(sum of notional of filled buy parents / sum_b nB_b)',
      ['P'],
      'mean buy parent',
      '买单均额',
    ),
    unit: 'ln',
    display: 'log',
  },
  {
    ...c(
      'C-30',
      'c_ln_parent_sell',
      'ln(sum of notional of filled sell parents / sum_b nS_b)',
      ['P'],
      'mean sell parent',
      '卖单均额',
    ),
    unit: 'ln',
    display: 'log',
  },
  c('C-31', 'c_nbr_main', '(NB_l+NB_xl)/Amt', ['P'], 'net buy ratio, main', '主力净买入率'),
  c(
    'C-32',
    'c_nar_main',
    '(AB-AS)/(AB+AS), AB and AS summed over l and xl',
    ['P', 'T'],
    'net active ratio, main',
    '主力主动净买入率',
  ),
]
