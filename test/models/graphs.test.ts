import { describe, expect, it } from 'vitest'
import { fundamentalsAsOf, scaleFundamentals } from '../../models/inputs/fundamentals.ts'
import { financialGraph, flowGraph, fundamentalDimensions, industryGraph } from '../../models/inputs/graphs.ts'
import type { FeaturePanel, Graph } from '../../models/sample.ts'

const listOf = (graph: Graph, i: number): number[] =>
  Array.from(graph.neighbours.subarray(i * graph.k, (i + 1) * graph.k))

describe('industry graph', () => {
  it('takes the nearest caps of the same industry, equal distances in symbol order', () => {
    const graph = industryGraph(
      '2023-02-01',
      ['A', 'B', 'C', 'D', 'E', 'F'],
      ['x', 'x', 'x', 'x', 'y', ''],
      Float64Array.of(2, 1, 3, 10, 2, 2),
      2,
    )
    expect(listOf(graph, 0)).toEqual([1, 2])
    expect(listOf(graph, 3)).toEqual([2, 0])
    expect(listOf(graph, 4)).toEqual([-1, -1])
    expect(listOf(graph, 5)).toEqual([-1, -1])
  })

  it('isolates a name without a cap', () => {
    const graph = industryGraph('2023-02-01', ['A', 'B', 'C'], ['x', 'x', 'x'], Float64Array.of(1, NaN, 2), 2)
    expect(listOf(graph, 0)).toEqual([2, -1])
    expect(listOf(graph, 1)).toEqual([-1, -1])
  })
})

describe('financial graph', () => {
  it('has nine dimensions over 36 indicators', () => {
    expect(fundamentalDimensions.length).toBe(9)
    expect(fundamentalDimensions.reduce((sum, [, members]) => sum + members, 0)).toBe(36)
  })

  it('joins names of like profile whatever their size, and isolates one that reports nothing', () => {
    const profile = (scale: number, first: number): number[] =>
      Array.from({ length: 36 }, (_, f) => scale * (f < 5 ? first : -first))
    const values = Float64Array.from([...profile(1, 1), ...profile(1, -1), ...profile(3, 1), ...profile(3, -1)])
    const graph = financialGraph(
      {
        asOf: '2023-02-01',
        instruments: ['A', 'B', 'C', 'D', 'E'],
        values: Float64Array.from([...values, ...new Array<number>(36).fill(NaN)]),
      },
      1,
    )
    expect([0, 1, 2, 3, 4].map((i) => listOf(graph, i)[0])).toEqual([2, 3, 0, 1, -1])
  })
})

describe('flow graph', () => {
  const columns = ['c_nbr_s', 'c_nbr_m', 'c_nbr_l', 'c_nbr_xl']
  const flows = (days: number, of: (day: number, size: number, name: number) => number): FeaturePanel => ({
    set: 'C',
    dates: Array.from({ length: days }, (_, day) => `2023-02-${String(day + 1).padStart(2, '0')}`),
    instruments: ['A', 'B', 'C'],
    columns,
    values: Float64Array.from({ length: days * 12 }, (_, at) =>
      of(Math.floor(at / 12), Math.floor(at / 3) % 4, at % 3),
    ),
  })
  const wave = (day: number, size: number): number => Math.sin(1 + 5 * day + 3 * size)

  it('keeps positive correlations only', () => {
    const panel = flows(25, (day, size, name) => [1, 2, -1][name] * wave(day, size))
    const graph = flowGraph(panel, '2023-02-25', 2)
    expect([0, 1, 2].map((i) => listOf(graph, i))).toEqual([
      [1, -1],
      [0, -1],
      [-1, -1],
    ])
  })

  it('needs ten days that both names have', () => {
    const from = (first: number) => flows(20, (day, size, name) => (name === 0 && day < first ? NaN : wave(day, size)))
    expect(listOf(flowGraph(from(10), '2023-02-20', 2), 0)).toEqual([1, 2])
    expect(listOf(flowGraph(from(11), '2023-02-20', 2), 0)).toEqual([-1, -1])
  })
})

describe('fundamentals', () => {
  const row = (first: number): number[] => [first, ...new Array<number>(35).fill(NaN)]
  const rows = {
    instruments: ['A', 'A', 'A', 'A', 'B'],
    usableFrom: ['2022-05-05', '2022-09-01', '2022-10-10', '2023-05-05', '2022-05-05'],
    periods: ['2022Q1', '2022Q2', '2022Q1', '2022Q4', '2022Q1'],
    values: Float64Array.from([1, 2, 3, 4, 5].flatMap(row)),
  }
  const known = (date: string): number[] =>
    Array.from(fundamentalsAsOf(rows, date, ['A', 'B', 'C']).values).filter((_, at) => at % 36 === 0)

  it('are usable from their date on, the latest period first, then its latest version', () => {
    expect(known('2022-05-04')).toEqual([NaN, NaN, NaN])
    expect(known('2022-05-05')).toEqual([1, 5, NaN])
    expect(known('2022-10-10')).toEqual([2, 5, NaN])
    expect(known('2023-05-05')).toEqual([4, 5, NaN])
  })

  it('become percentile ranks with mean 0 and deviation 1; what is missing is 0', () => {
    const scaled = scaleFundamentals(Float64Array.from([10, 1000, NaN, 11].flatMap(row)))
    const first = [0, 1, 2, 3].map((i) => scaled[i * 36])
    expect(first[2]).toBe(0)
    expect(first[0]).toBeCloseTo(-Math.sqrt(1.5), 6)
    expect(first[3]).toBeCloseTo(0, 6)
    expect(first[1]).toBeCloseTo(Math.sqrt(1.5), 6)
    expect(scaled[1]).toBe(0)
  })
})
