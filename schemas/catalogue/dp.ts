import type { InputLetter, Rule } from './rule.ts'

/**
 * Committed expressions of the DP set, each turned so that a higher value is expected to earn more over ten days. The
 * formula is the canonical text of the expression, as models/expression parses and prints it.
 */

const dp = (
  number: number,
  level: 'history' | 'section',
  inputs: readonly InputLetter[],
  formula: string,
  en: string,
  zh: string,
): Rule => {
  const two = String(number).padStart(2, '0')
  return {
    rule: `DP-${two}`,
    id: `dp_${two}`,
    set: 'DP',
    level,
    unit: '1',
    inputs,
    formula,
    modelInput: true,
    display: 'ratio',
    en,
    zh,
  }
}

const bars: readonly InputLetter[] = ['D', 'H']
const barsOfSection: readonly InputLetter[] = ['D', 'H', 'Z']

export const dpRules: readonly Rule[] = [
  // Daily bars alone: these exist for imported years as well.
  dp(1, 'section', barsOfSection, '(neg (cs_rank (ts_sum ret 20)))', 'reversal of 20 days', '20日反转'),
  dp(2, 'history', bars, '(neg (ts_std ret 20))', 'low volatility', '低波动'),
  dp(
    3,
    'section',
    barsOfSection,
    '(neg (ts_corr (cs_rank pv_close) (cs_rank pv_volume) 10))',
    'disagreement of price and volume',
    '量价背离',
  ),
  dp(
    4,
    'history',
    bars,
    '(neg (rolling_selmean_diff amplitude pv_close 20 5))',
    'amplitude on high closes less that on low ones',
    '理想振幅',
  ),
  dp(5, 'history', bars, '(neg (div (ts_mean pv_volume 5) (ts_mean pv_volume 60)))', 'quiet volume', '缩量'),
  dp(6, 'history', bars, '(neg (ts_mean (div pv_close pv_vwap) 5))', 'close below the mean price', '收盘低于均价'),
  dp(7, 'history', bars, '(neg (ts_rank pv_close 60))', 'low in the range of 60 days', '60日低位'),
  dp(8, 'history', bars, '(log (ts_mean (div (abs ret) amount) 20))', 'illiquidity of 20 days', '20日非流动性'),
  dp(9, 'history', bars, '(neg (ts_mean (div pv_close pv_open) 20))', 'reversal of the session', '日内反转'),
  dp(
    10,
    'section',
    barsOfSection,
    '(ols_residual (neg (ts_std amplitude 20)) (ts_sum ret 20))',
    'steady amplitude, beside the return of 20 days',
    '振幅稳定',
  ),
  // Capital flow by order size.
  dp(
    11,
    'history',
    ['P', 'H'],
    '(sub (ts_mean c_nbr_xl 10) (ts_mean c_nbr_s 10))',
    'extra large orders buy, small ones sell',
    '大单净买减小单净买',
  ),
  dp(
    12,
    'section',
    ['D', 'P', 'H', 'Z'],
    '(ols_residual (ts_sum c_nbr_l 20) (ts_sum ret 20))',
    'net buying of large orders beside the return',
    '大单残差资金流',
  ),
  dp(
    13,
    'history',
    ['D', 'T', 'H'],
    '(neg (rolling_selmean_diff ret trade_amount 20 10))',
    'reversal on days of large trades',
    '理想反转',
  ),
  dp(
    14,
    'section',
    ['P', 'T', 'H', 'Z'],
    '(decay_linear (cs_rank c_nar_main) 20)',
    'active buying of main orders',
    '主力主动净买入',
  ),
  // Intraday shape.
  dp(15, 'history', ['M', 'H'], '(neg (ts_mean hf_rskew 20))', 'little intraday skewness', '低日内偏度'),
  dp(
    16,
    'section',
    ['S', 'H', 'Z'],
    '(rank_add (ts_mean hf_ofi 5) (ts_mean hf_imb1 5))',
    'pressure of the book',
    '盘口买压',
  ),
  dp(
    17,
    'section',
    ['M', 'A', 'H', 'Z'],
    '(neg (ts_meanrank hf_v_l30 20))',
    'little volume late in the day',
    '尾盘缩量',
  ),
  dp(18, 'history', ['O', 'H'], '(neg (ts_mean hf_cxl 10))', 'few cancelled orders', '低撤单率'),
  // Daily bars and the float.
  dp(19, 'history', ['D', 'R', 'H'], '(neg (ts_mean turnover 20))', 'low turnover', '低换手'),
]
