/** Markup that is safe to put into a page as it stands. */
export interface Html {
  readonly html: string
}

export type Content = Html | string | number | readonly Content[]

const escapes: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

export const escaped = (text: string): string => text.replace(/[&<>"']/g, (character) => escapes[character])

/** A template whose values are escaped, unless they are markup themselves: a symbol's name can be no tag. */
export function html(parts: TemplateStringsArray, ...values: readonly Content[]): Html {
  return { html: parts.reduce((text, part, i) => text + part + (i < values.length ? textOf(values[i]) : ''), '') }
}

/** Markup that was made elsewhere, such as a drawing. */
export const markup = (text: string): Html => ({ html: text })

function textOf(content: Content): string {
  if (typeof content === 'string') return escaped(content)
  if (typeof content === 'number') return escaped(String(content))
  return isList(content) ? content.map(textOf).join('') : content.html
}

const isList = (content: Html | readonly Content[]): content is readonly Content[] => Array.isArray(content)
