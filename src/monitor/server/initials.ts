/** The first character, in the order of pinyin, of every initial letter that begins a syllable. */
const firsts = [...'吖八嚓咑妸发旮哈讥咔垃呣拏噢妑七呥仨他屲夕丫帀']
const letters = 'abcdefghjklmnopqrstwxyz'
const collator = new Intl.Collator('zh-Hans-CN-u-co-pinyin')

function initialOf(character: string): string {
  if (/[a-z0-9]/i.test(character)) return character.toLowerCase()
  if (!/\p{Script=Han}/u.test(character)) return ''
  const index = firsts.findLastIndex((first) => collator.compare(first, character) <= 0)
  return index < 0 ? '' : letters[index]
}

/** What is typed for a Chinese name, by the first reading of each character: `gzmt` for 贵州茅台. */
export const initialsOf = (name: string): string => [...name].map(initialOf).join('')
