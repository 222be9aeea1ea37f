/**
 * Weight that an Accept header gives a media type, 0 = not acceptable: the most specific range that matches counts
 * (RFC 9110, section 12.5.1).
 */
export function acceptance(accept: string | undefined, type: string): number {
  if (accept === undefined || accept.trim() === '') return 1
  const ranges = ['*/*', type.replace(/\/.*/, '/*'), type]
  let weight = 0
  let specificity = -1
  for (const part of accept.split(',')) {
    const [range = '', ...parameters] = part.split(';').map((text) => text.trim().toLowerCase())
    const at = ranges.indexOf(range)
    if (at <= specificity) continue
    specificity = at
    const q = parameters.find((parameter) => parameter.startsWith('q='))
    const value = q === undefined ? 1 : Number(q.slice(2))
    weight = value >= 0 && value <= 1 ? value : 0
  }
  return weight
}
