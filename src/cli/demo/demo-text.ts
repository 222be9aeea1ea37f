export interface DemoOutcome {
  readonly date: string
  readonly seed: number
  readonly degraded: boolean
  readonly universe: number
  readonly published: number
  readonly exclusions: readonly { readonly instrument: string; readonly reason: string }[]
  readonly top: readonly { readonly instrument: string; readonly mlC: number }[]
  readonly bottom: readonly { readonly instrument: string; readonly mlC: number }[]
  readonly weights: Readonly<
    Record<string, { readonly weight: number; readonly sa: number; readonly longOnly: number }>
  >
  /** Mean of SA's graph weights over the sets. */
  readonly graphs: Readonly<Record<'industry' | 'financial' | 'flow', number>>
  readonly flags: readonly string[]
  readonly seconds: Readonly<Record<string, number>>
}

const signed = (value: number): string => `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(2)}`
const share = (value: number): string => value.toFixed(2).replace(/^0/, '')

/** The last lines of the demonstration. */
export function demoText(outcome: DemoOutcome): string {
  const { date, degraded, universe, published, exclusions, top, bottom, weights, graphs, flags, seconds } = outcome
  const state = degraded ? 'DEGRADED' : 'COMPLETE'
  const without = exclusions.map(({ instrument, reason }) => `${instrument} (${reason})`).join(', ')
  const lines = [
    `${date} ${state} r1: ${published} of ${universe} names${without === '' ? '' : `, without ${without}`}`,
    '',
  ]
  lines.push('top               ML_C    bottom            ML_C')
  top.forEach((best, i) => {
    const worst = bottom[i]
    const right = worst === undefined ? '' : `    ${worst.instrument.padEnd(14)} ${signed(worst.mlC).padStart(7)}`
    lines.push(`${best.instrument.padEnd(14)} ${signed(best.mlC).padStart(7)}${right}`)
  })
  const parts = Object.entries(weights).map(
    ([set, { weight, sa, longOnly }]) => `${set} ${share(weight)} (SA ${share(sa)}, long-only ${share(longOnly)})`,
  )
  const noted = flags.length === 0 ? '' : `  [${flags.join(', ')}]`
  lines.push('', `ML_C    ${parts.join('  ')}${noted}`)
  lines.push(
    `graphs  ${Object.entries(graphs)
      .map(([name, weight]) => `${name} ${share(weight)}`)
      .join('  ')}`,
  )
  lines.push(
    `time    ${Object.entries(seconds)
      .map(([name, value]) => `${name} ${value.toFixed(1)} s`)
      .join('  ')}`,
  )
  return lines.join('\n')
}
