import { ClosebellError } from '../errors.ts'
import { cn } from './cn.ts'
import type { MarketProfile } from './profile.ts'

export { clock, dayStart, localDate } from './profile.ts'
export type { MarketProfile } from './profile.ts'
export { cn }

const profiles: Readonly<Record<string, MarketProfile>> = { cn }

/** @throws ClosebellError CB_USAGE for a market that is not built. */
export function profileOf(name: string): MarketProfile {
  const profile = Object.hasOwn(profiles, name) ? profiles[name] : undefined
  if (profile === undefined) {
    throw new ClosebellError('CB_USAGE', `no market profile ${name}; known: ${Object.keys(profiles).join(', ')}`)
  }
  return profile
}
