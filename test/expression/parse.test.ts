import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ClosebellError } from '../../schemas/errors.ts'
import { dpRules } from '../../schemas/catalogue/dp.ts'
import { countsOf, operatorNames, signatureOf, windows } from '../../models/expression/operators.ts'
import { type ExpressionFault, parseExpression, parseLimits } from '../../models/expression/parse.ts'
import {
  checkMined,
  columnsRead,
  daysRead,
  depthOf,
  type Expression,
  expressionHash,
  nodesOf,
  printExpression,
  readsSection,
  terminalsOf,
} from '../../models/expression/syntax.ts'
import { derivedTerminals, terminalNames } from '../../models/expression/terminals.ts'
import { catalogue } from '../../schemas/catalogue/index.ts'
import { seed } from '../seed.ts'

const { expression } = fc.letrec<{ expression: Expression }>((tie) => ({
  expression: fc.oneof(
    { maxDepth: 5, depthSize: 'small' },
    fc.constantFrom(...terminalNames).map((id): Expression => ({ kind: 'terminal', id })),
    fc
      .tuple(
        fc.constantFrom(...operatorNames),
        fc.array(tie('expression'), { minLength: 2, maxLength: 2 }),
        fc.constantFrom(...windows),
        fc.nat(1),
      )
      .map(([operator, inputs, days, place]): Expression => {
        const { inputs: arity, window, count } = signatureOf(operator)
        const counts = countsOf(days)
        return {
          kind: 'call',
          operator,
          inputs: inputs.slice(0, arity),
          window: window ? days : 0,
          count: count ? counts[place % counts.length] : 0,
        }
      }),
  ),
}))

function faultOf(text: string): ExpressionFault & { message: string } {
  try {
    parseExpression(text)
  } catch (error) {
    if (!(error instanceof ClosebellError) || error.code !== 'CB_EXPRESSION') throw error
    return { ...(error.cause as ExpressionFault), message: error.fact }
  }
  throw new Error(`${text} was parsed`)
}

describe('the text of an expression', () => {
  it('reads back what was printed, and hashes it alike', () => {
    fc.assert(
      fc.property(expression, (drawn) => {
        fc.pre(nodesOf(drawn) <= parseLimits.nodes && depthOf(drawn) <= parseLimits.depth)
        const text = printExpression(drawn)
        expect(parseExpression(text)).toEqual(drawn)
        expect(printExpression(parseExpression(text))).toBe(text)
        const loose = text.replaceAll('(', ' ( \n').replaceAll(')', '\t)')
        expect(expressionHash(parseExpression(loose))).toBe(expressionHash(drawn))
      }),
      { seed },
    )
  })

  it('hashes as FNV-1a does', () => {
    expect(expressionHash({ kind: 'terminal', id: 'a' })).toBe('af63dc4c8601ec8c')
  })

  it('parses, or answers with a place inside the text, whatever it is given', () => {
    const pieces = fc.constantFrom('(', ')', ' ', ...operatorNames, ...terminalNames, '3', '5', '20', '7', 'x', '{', '')
    const garbage = fc.oneof(
      fc.string(),
      fc.array(pieces, { maxLength: 30 }).map((parts) => parts.join(' ')),
    )
    fc.assert(
      fc.property(garbage, (text) => {
        try {
          parseExpression(text)
        } catch (error) {
          expect(error).toBeInstanceOf(ClosebellError)
          expect((error as ClosebellError).code).toBe('CB_EXPRESSION')
          const { position, wanted } = (error as ClosebellError).cause as ExpressionFault
          expect(position).toBeGreaterThan(0)
          expect(position).toBeLessThanOrEqual(text.length + 1)
          expect(wanted).not.toBe('')
        }
      }),
      { seed },
    )
  })

  it('says where, what was found, what was wanted and which name comes nearest', () => {
    expect(faultOf('(ts_men ret 20)')).toEqual({
      position: 2,
      found: 'ts_men',
      wanted: 'an operator',
      nearest: 'ts_mean',
      message: "at character 2: found 'ts_men', wanted an operator; did you mean ts_mean?",
    })
    expect(faultOf('(ts_mean pv_clos 20)')).toMatchObject({ position: 10, nearest: 'pv_close' })
    expect(faultOf('(ts_mean ret 21)')).toMatchObject({ position: 14, wanted: 'a window of 3, 5, 10, 20 or 60 days' })
    expect(faultOf('(ts_mean ret)')).toMatchObject({ position: 13, found: ')' })
    expect(faultOf('(rolling_selmean_top ret amount 20 6)')).toMatchObject({ wanted: '5 or 10 of 20 days' })
    expect(faultOf('(rolling_selmean_top ret amount 3 0)')).toMatchObject({ wanted: '1 of 3 days' })
    expect(faultOf('(add ret)')).toMatchObject({ position: 9, wanted: "a feature or '('" })
    expect(faultOf('(add ret ret ret)')).toMatchObject({ position: 14, wanted: "')' after the 2 inputs of add" })
    expect(faultOf('(neg ret')).toMatchObject({ position: 9, found: '' })
    expect(faultOf('(neg neg)')).toMatchObject({ position: 6, wanted: "'(' before the operator neg" })
    expect(faultOf('ret ret')).toMatchObject({ position: 5, wanted: 'the end of the expression' })
    expect(faultOf('(add ret 1.5)')).toMatchObject({ position: 10, nearest: '' })
    expect(faultOf('')).toMatchObject({ position: 1, found: '', nearest: '' })
    expect(faultOf('(neg ret;)')).toMatchObject({ position: 9, found: ';' })
    expect(faultOf('__proto__').nearest).toBe('')
    expect(faultOf('(constructor ret)')).toMatchObject({ position: 2, wanted: 'an operator' })
  })

  it('stops at its limits before it has built what is beyond them', () => {
    expect(faultOf('(neg '.repeat(1e6)).wanted).toMatch(/characters/)
    expect(faultOf('(neg '.repeat(800)).wanted).toBe('at most 12 operators inside each other')
    const wide = (levels: number): string => (levels === 0 ? 'ret' : `(add ${wide(levels - 1)} ${wide(levels - 1)})`)
    expect(nodesOf(parseExpression(wide(5)))).toBe(63)
    expect(faultOf(wide(6)).wanted).toBe('at most 64 nodes')
  })
})

describe('the measure of an expression', () => {
  const of = parseExpression

  it('counts nodes, depth and the days that it reads', () => {
    const parsed = of('(neg (ts_corr (cs_rank pv_close) ret 10))')
    expect([nodesOf(parsed), depthOf(parsed), daysRead(parsed)]).toEqual([5, 3, 11])
    expect(daysRead(of('pv_close'))).toBe(1)
    expect(daysRead(of('(delay pv_close 20)'))).toBe(21)
    expect(daysRead(of('(ts_mean (ts_std ret 60) 60)'))).toBe(120)
    expect(terminalsOf(parsed)).toEqual(['pv_close', 'ret'])
    expect(columnsRead([parsed, of('trade_amount')])).toEqual({
      PV: ['pv_close', 'pv_volume', 'pv_vwap'],
      C: ['trades'],
      HF: [],
    })
  })

  it('holds what mining keeps to 3 to 20 nodes and depth 5', () => {
    checkMined(of('(neg (ts_std ret 20))'))
    expect(() => checkMined(of('(neg ret)'))).toThrow(/2 nodes/)
    expect(() => checkMined(of('(neg (abs (neg (abs (neg (abs ret))))))'))).toThrow(/depth 6/)
  })
})

describe('the committed list', () => {
  it.each(dpRules.map((rule) => [rule.rule, rule] as const))(
    '%s is canonical, minable and labelled as it is',
    (_, rule) => {
      const parsed = parseExpression(rule.formula)
      expect(printExpression(parsed)).toBe(rule.formula)
      checkMined(parsed)
      expect(daysRead(parsed)).toBeLessThanOrEqual(120)
      expect(rule.level).toBe(readsSection(parsed) ? 'section' : 'history')
      const letters = terminalsOf(parsed).flatMap((id): readonly string[] => {
        if ((derivedTerminals as readonly string[]).includes(id))
          return { trade_amount: ['D', 'T'], turnover: ['D', 'R'] }[id] ?? ['D']
        return catalogue.find((other) => other.id === id)?.inputs ?? []
      })
      const wanted = new Set([...letters, 'H', ...(rule.level === 'section' ? ['Z'] : [])])
      expect([...rule.inputs].sort()).toEqual([...wanted].sort())
    },
  )

  it('has no expression twice, and enough of them over daily bars alone', () => {
    const hashes = dpRules.map((rule) => expressionHash(parseExpression(rule.formula)))
    expect(new Set(hashes).size).toBe(dpRules.length)
    const overBars = dpRules.filter((rule) => {
      const { C, HF } = columnsRead([parseExpression(rule.formula)])
      return C.length + HF.length === 0
    })
    expect(overBars.length).toBeGreaterThanOrEqual(8)
    expect(dpRules.length).toBeGreaterThanOrEqual(12)
  })
})
