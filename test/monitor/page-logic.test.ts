import { describe, expect, it } from 'vitest'
import { clock, cn } from '../../schemas/profiles/index.ts'
import { parseFilter, passes, type Filter } from '../../src/monitor/page/filter.ts'
import { formatSpan, formatValue } from '../../src/monitor/page/format.ts'
import { readState, writeState, type Initial } from '../../src/monitor/page/page-state.ts'
import { SectionModel, spreadOf, zClass } from '../../src/monitor/page/section-model.ts'
import { minuteLabel, sessionPoint } from '../../src/monitor/protocol/phase.ts'
import { initialsOf } from '../../src/monitor/server/initials.ts'

const known = { ids: new Set(['hf_vpin', 'amount', 'ret']), flags: { gap: 65536, late: 262144 } }

function model(columns: Readonly<Record<string, readonly number[]>>): SectionModel {
  const made = new SectionModel()
  made.setUniverse({
    date: '2024-03-15',
    version: 1,
    symbols: ['600519.SH', '000001.SZ', '300750.SZ', '688981.SH'],
    names: ['贵州茅台', '平安银行', '宁德时代', '中芯国际'],
    initials: ['gzmt', 'payx', 'ndsd', 'zxgj'],
    industries: ['白酒', '银行', '电池', '半导体'],
  })
  for (const [id, values] of Object.entries(columns)) made.setColumn(id, Float64Array.from(values))
  return made
}

function matches(text: string, columns: Readonly<Record<string, readonly number[]>>): string[] {
  const parsed = parseFilter(text, known)
  if ('reason' in parsed) throw new Error(parsed.reason)
  const made = model(columns)
  const places = made.order({ id: 'symbol', descending: false }, parsed.filter, [])
  return Array.from(places, (place) => made.universe.symbols[place])
}

describe('the filter', () => {
  const columns = { hf_vpin: [1, 2, NaN, 4], amount: [3e8, 9e8, 1e4, NaN], quality: [0, 65536, 0, 262144] }

  it('means and by a space, or by a bar, not by an exclamation mark', () => {
    expect(matches('hf_vpin>1 amount>5亿', columns)).toEqual(['000001.SZ'])
    expect(matches('hf_vpin>=4 | amount<2万', columns)).toEqual(['300750.SZ', '688981.SH'])
    expect(matches('!hf_vpin>1', columns)).toEqual(['300750.SZ', '600519.SH'])
  })

  it('finds text in symbol, name and initials, an industry and a flag', () => {
    expect(matches('gzmt', columns)).toEqual(['600519.SH'])
    expect(matches('平安', columns)).toEqual(['000001.SZ'])
    expect(matches('.sz', columns)).toEqual(['000001.SZ', '300750.SZ'])
    expect(matches('ind:银行', columns)).toEqual(['000001.SZ'])
    expect(matches('flag:late', columns)).toEqual(['688981.SH'])
  })

  it('compares z-scores and percentiles over the universe', () => {
    // Values 1, 2, 4: mean 7/3, deviation sqrt(7/3); only 4 has a z above 1.
    expect(matches('z.hf_vpin>1', columns)).toEqual(['688981.SH'])
    expect(matches('p.hf_vpin<=34', columns)).toEqual(['600519.SH'])
  })

  it('never holds for NaN', () => {
    expect(matches('hf_vpin!=1', columns)).toEqual(['000001.SZ', '688981.SH'])
  })

  it('names the token that it cannot read', () => {
    expect(parseFilter('gzmt nothing>1', known)).toEqual({ token: 'nothing>1', reason: 'no column nothing' })
    expect(parseFilter('hf_vpin>lots', known)).toMatchObject({ token: 'hf_vpin>lots' })
    expect(parseFilter('flag:odd', known)).toEqual({ token: 'flag:odd', reason: 'flags are gap, late' })
    expect(parseFilter('!z.odd>1', known)).toMatchObject({ token: '!z.odd>1' })
  })

  it('reads units', () => {
    const number = (text: string): number => {
      const { filter } = parseFilter(`amount>${text}`, known) as { filter: Filter }
      return filter.kind === 'compare' ? filter.number : NaN
    }
    expect(['2亿', '3万', '1.5bn', '2m', '5%', '−1'].map(number)).toEqual([2e8, 3e4, 1.5e9, 2e6, 0.05, -1])
  })

  it('passes everything when it is empty', () => {
    expect(parseFilter('  ', known)).toEqual({ filter: null, ids: [] })
    expect(
      passes({ kind: 'and', of: [] }, { text: String, industry: String, quality: Number, value: () => NaN }, 0),
    ).toBe(true)
  })
})

describe('the order of rows', () => {
  const columns = { ret: [0.1, NaN, -0.2, 0.3] }
  const order = (descending: boolean, pinned: string[] = []): string[] => {
    const made = model(columns)
    return Array.from(made.order({ id: 'ret', descending }, null, pinned), (place) => made.universe.symbols[place])
  }

  it('has NaN last, whichever way it runs', () => {
    expect(order(false)).toEqual(['300750.SZ', '600519.SH', '688981.SH', '000001.SZ'])
    expect(order(true)).toEqual(['688981.SH', '600519.SH', '300750.SZ', '000001.SZ'])
  })

  it('has pinned names first, in the order of pinning', () => {
    expect(order(true, ['000001.SZ', '300750.SZ'])).toEqual(['000001.SZ', '300750.SZ', '688981.SH', '600519.SH'])
  })
})

describe('numbers', () => {
  it('are printed by the display of their column, with a real minus', () => {
    expect(formatValue('price', 1838, 'en')).toBe('1,838.00')
    expect(formatValue('percent', 0.0042, 'en')).toBe('+0.42')
    expect(formatValue('percent', -0.0331, 'en')).toBe('−3.31')
    expect(formatValue('money', 3.41e9, 'zh')).toBe('34.10亿')
    expect(formatValue('money', 3.41e9, 'en')).toBe('3.41bn')
    expect(formatValue('count', -12345, 'zh')).toBe('−1.23万')
    expect(formatValue('ratio', -0.15, 'en')).toBe('−0.150')
    expect(formatValue('bp', 22.07, 'en')).toBe('22.1')
    expect(formatValue('ratio', 2.32e-5, 'en')).toBe('2.32e−5')
    expect(formatValue('ratio', 0, 'en')).toBe('0.000')
    expect(formatValue('percent', -0.00001, 'en')).toBe('0.00')
    expect(formatValue('price', NaN, 'en')).toBe('–')
  })

  it('fall into seven bands of z', () => {
    expect([-3.5, -3, -2.9, -1, -0.9, 0, 0.99, 1, 2, 3, 9].map((z) => zClass(z) + 0)).toEqual([
      -3, -3, -2, -1, 0, 0, 0, 1, 2, 3, 3,
    ])
  })

  it('spread over names with a value', () => {
    expect(spreadOf(Float64Array.of(1, NaN, 3))).toEqual({ mean: 2, deviation: Math.SQRT2 })
  })

  it('of time are short', () => {
    expect([9, 2470, 4662].map(formatSpan)).toEqual(['0:09', '41:10', '1:17:42'])
  })
})

describe('the session', () => {
  it('has a phase and a countdown at every time of day', () => {
    const at = (hour: number, minute = 0, second = 0) => {
      const { phase, next, left } = sessionPoint(cn, clock(hour, minute, second))
      return [phase, next, left / 1e6]
    }
    expect(at(8)).toEqual(['before', 'open', 5400])
    expect(at(9, 15)).toEqual(['opening-auction', 'open', 900])
    expect(at(9, 27)).toEqual(['pre-open', 'open', 180])
    expect(at(13, 42, 18)).toEqual(['continuous', 'close', 4662])
    expect(at(12, 18, 50)).toEqual(['break', 'resume', 2470])
    expect(at(14, 57)).toEqual(['closing-auction', 'close', 180])
    expect(at(15)).toEqual(['after', null, 0])
  })

  it('labels minutes by their beginning', () => {
    expect([-1, 0, 119, 120, 236, 237].map((minute) => minuteLabel(cn, minute))).toEqual([
      '09:25',
      '09:30',
      '11:29',
      '13:00',
      '14:56',
      '15:00',
    ])
  })
})

describe('the address of a page', () => {
  const initial: Initial = { columns: ['ret', 'amount'], sort: 'symbol', language: 'en' }
  const ids = new Set(['ret', 'amount', 'hf_vpin'])

  it('is empty for a new page and holds what was changed', () => {
    const state = readState('', initial, ids)
    expect(writeState(state, initial)).toBe('')
    const changed = {
      ...state,
      tab: 'sectors',
      columns: ['hf_vpin'],
      filter: 'z.hf_vpin>2 ind:银行',
      sort: { id: 'ret', descending: true },
      selected: '600519.SH',
      pinned: ['000001.SZ'],
      minute: -1,
      language: 'zh',
    } as const
    expect(readState(writeState(changed, initial), initial, ids)).toEqual(changed)
  })

  it('is read as a new page where it is wrong', () => {
    const state = readState('?tab=odd&columns=odd&minute=x&theme=odd', initial, ids)
    expect(writeState(state, initial)).toBe('')
  })
})

describe('initials', () => {
  it('are those of the usual readings', () => {
    expect(['贵州茅台', '平安银行', '*ST中安', '万科A', '鄂尔多斯'].map(initialsOf)).toEqual([
      'gzmt',
      'payx',
      'stza',
      'wka',
      'eeds',
    ])
  })
})
