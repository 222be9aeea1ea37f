import { expect } from 'vitest'
import type { FlowSizing } from '../../schemas/rows.ts'

/** Figures of 2023-02-01, derived twice from the rules and the exchange's files alone. In yuan, shares and counts. */
export const date = '2023-02-01'

type Buckets = readonly [string, string, string, string]

const buckets: Readonly<Record<FlowSizing, Readonly<Record<string, Buckets>>>> = {
  filled: {
    c_buy: ['87638.28', '3035979496.96', '1574451376.21', '1634160413.16'],
    c_sell: ['107129.40', '2714659883.06', '1869353809.58', '1660558102.57'],
    c_act_buy: ['31086.62', '1463542279.27', '664804824.82', '736591518.96'],
    c_act_sell: ['18391.66', '1366814286.52', '1042168580.56', '825158349.56'],
  },
  order: {
    c_buy: ['0', '3006138470.59', '1584372377.19', '1654168076.83'],
    c_sell: ['92335.56', '2682756873.62', '1880367420.01', '1681462295.42'],
    c_act_buy: ['0', '1457876379.89', '662990206.82', '744103122.96'],
    c_act_sell: ['18391.66', '1356489728.52', '1039888746.17', '837762741.95'],
  },
  trade: {
    c_buy: ['1152560.58', '2043950422.95', '536889465.02', '282977261.12'],
    c_sell: ['1213606.89', '2248190388.71', '693285162.76', '291470449.94'],
  },
}

/** Significant digits as the cross-check of the rules prints them. */
const highFrequency: Readonly<Record<string, string>> = {
  hf_rv: '2.66587288e-4',
  hf_rskew: '-.79064746',
  hf_v_l30: '.14140624',
  hf_amihud: '.00331359223',
  hf_qspr: '4.631947',
  hf_imb1: '-.02311236',
  hf_ofi: '-87.57117',
  hf_s_ac1: '.32861035',
  hf_cxl: '.27696816',
}

export type Row = Readonly<Record<string, string | number | boolean | null>>

const cents = (value: unknown): number => Math.round(Number(value) * 100)
const digitsOf = (text: string): number => text.replace(/e.*$/, '').replace(/\D/g, '').replace(/^0+/, '').length

/** Compares rows of the date with the figures: money to the cent, features to all their printed digits. */
export function expectRealFigures(rows: readonly Row[], sizing: FlowSizing): void {
  const of = (instrument: string): Row => rows.find((row) => row['instrument'] === instrument) as Row
  const moutai = of('600519.SH')
  expect([moutai['volume'], moutai['trades']]).toEqual([3_397_389, 27_135])
  const money = Object.entries(buckets[sizing]).flatMap(([stem, values]) =>
    ['s', 'm', 'l', 'xl'].map((bucket, b) => [`${stem}_${bucket}`, cents(values[b])] as const),
  )
  const wanted = [['amount', 624_467_892_461], ['c_unknown', 14_554_960_664], ...money]
  expect(wanted.map(([id]) => [id, cents(moutai[id as string])])).toEqual(wanted)
  for (const [id, text] of Object.entries(highFrequency)) {
    expect([id, Number(Number(moutai[id]).toPrecision(digitsOf(text)))]).toEqual([id, Number(text)])
  }
  expect(moutai['hf_vpin'], 'no earlier days, so no average volume').toBeNull()
  expect(cents(of('600000.SH')['amount'])).toBe(13_729_454_942)
  expect(cents(of('000001.SZ')['amount'])).toBe(242_647_197_252)
}
