import type { Rule } from './rule.ts'

type Unit = '1' | 'pct' | 'st'

const g = (
  rule: string,
  id: string,
  unit: Unit,
  formula: string,
  en: string,
  zh: string,
  display: Rule['display'] = unit === 'st' ? 'count' : 'ratio',
): Rule => ({
  rule,
  id,
  set: 'G',
  level: 'history',
  unit,
  inputs: ['D'],
  formula,
  modelInput: true,
  display,
  en,
  zh,
})

/**
 * Technical indicators over the last 250 traded bars, adjusted as of the day. C, H, L, v: close, high, low and volume
 * of a bar, C-k of the bar k before; MAk the mean of the last k; TP = (H+L+C)/3; dC = C - C-1.
 */
export const gRules: readonly Rule[] = [
  g('G-01', 'g_ret_1', '1', 'C/C-1 - 1', 'return, 1 bar', '1日收益', 'percent'),
  g('G-02', 'g_ret_5', '1', 'C/C-5 - 1', 'return, 5 bars', '5日收益', 'percent'),
  g('G-03', 'g_ret_10', '1', 'C/C-10 - 1', 'return, 10 bars', '10日收益', 'percent'),
  g('G-04', 'g_ret_20', '1', 'C/C-20 - 1', 'return, 20 bars', '20日收益', 'percent'),
  g('G-05', 'g_ma_gap_5', '1', 'C/MA5 - 1', 'gap to MA5', '5日均线偏离', 'percent'),
  g('G-06', 'g_ma_gap_10', '1', 'C/MA10 - 1', 'gap to MA10', '10日均线偏离', 'percent'),
  g('G-07', 'g_ma_gap_20', '1', 'C/MA20 - 1', 'gap to MA20', '20日均线偏离', 'percent'),
  g('G-08', 'g_ma_gap_60', '1', 'C/MA60 - 1', 'gap to MA60', '60日均线偏离', 'percent'),
  g(
    'G-12',
    'g_rsi_6',
    'pct',
    '100 U/(U+D), Wilder-6 means of max(dC,0) and max(-dC,0), seeded at the first of the bars; at least 120 of them',
    'RSI 6',
    'RSI6',
  ),
  g('G-13', 'g_rsi_14', 'pct', 'as g_rsi_6 with 14', 'RSI 14', 'RSI14'),
  g('G-17', 'g_wr_14', 'pct', '-100 (H14-C)/(H14-L14)', 'Williams %R 14', '威廉指标14'),
  g('G-18', 'g_cci_14', '1', '(TP-MA14(TP))/(0.015 mean abs(TP_i-MA14(TP)))', 'CCI 14', 'CCI14'),
  g('G-19', 'g_boll_pctb', '1', '(C-lo)/(up-lo); lo, up = MA20 -+ 2 population sd', 'Bollinger %B', '布林带位置'),
  g('G-20', 'g_boll_width', '1', '(up-lo)/MA20', 'Bollinger width', '布林带宽度', 'percent'),
  g('G-25', 'g_roc_12', 'pct', '100 (C/C-12 - 1)', 'ROC 12', 'ROC12'),
  g('G-27', 'g_mfi_14', 'pct', '100 P/(P+N); P, N = sum14 of TP v where TP > TP-1, TP < TP-1', 'MFI 14', 'MFI14'),
  g('G-28', 'g_obv_20', '1', 'sum20 of sgn(dC) v / sum20 of v', 'OBV share, 20 bars', '20日能量潮'),
  g('G-29', 'g_vr_26', '1', '(v+ + v0/2)/(v- + v0/2), sums of v over 26 bars by sgn(dC)', 'VR 26', 'VR26'),
  g('G-30', 'g_psy_12', 'pct', '100 share of 12 bars with dC > 0', 'PSY 12', '心理线12'),
  g('G-31', 'g_vol_ma_5', '1', 'v/MA5(v)', 'volume over MA5', '量比5'),
  g('G-32', 'g_vol_ma_20', '1', 'v/MA20(v)', 'volume over MA20', '量比20'),
  g('G-33', 'g_close_vwap', '1', 'close/VWAP - 1 of the day', 'close over VWAP', '收盘对均价', 'percent'),
  g(
    'G-80',
    'g_new_ext_20',
    'st',
    '+1 if C > max of the 20 closes before, -1 if C < min',
    'extreme of 20 bars',
    '20日新高低',
  ),
  g(
    'G-81',
    'g_new_ext_60',
    'st',
    '+1 if C > max of the 60 closes before, -1 if C < min',
    'extreme of 60 bars',
    '60日新高低',
  ),
]
