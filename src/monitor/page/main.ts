import type { Hello } from '../protocol/messages.ts'
import { App } from './app.ts'
import { element, setText } from './elements.ts'
import { readState, type Initial } from './page-state.ts'
import { translator, type Language } from './strings.ts'
import { retrySeconds } from './strip.ts'

const beatMs = 1000

/** A token behind the address is swapped for a cookie that scripts cannot read, and leaves the address. */
async function swapToken(): Promise<void> {
  const token = new URLSearchParams(location.hash.slice(1)).get('token')
  if (token === null) return
  history.replaceState(null, '', location.pathname + location.search)
  await fetch('/api/session', { method: 'POST', headers: { authorization: `Bearer ${token}` } })
}

/** The first answer of the server, however long it takes to come back; null when it wants a token. */
async function greet(language: Language): Promise<Hello | null> {
  const note = element('p', { class: 'empty', role: 'status' })
  document.body.append(note)
  const say = translator(language)
  for (;;) {
    const answer = await fetch('/api/hello').catch(() => null)
    if (answer?.ok === true) {
      note.remove()
      return (await answer.json()) as Hello
    }
    if (answer?.status === 401) {
      setText(note, say('tokenNeeded'))
      return null
    }
    setText(note, say('disconnected', retrySeconds))
    await new Promise((resolve) => setTimeout(resolve, retrySeconds * 1000))
  }
}

async function begin(): Promise<void> {
  const language = navigator.language.toLowerCase().startsWith('zh') ? 'zh' : 'en'
  await swapToken()
  const hello = await greet(language)
  if (hello === null) return
  // A phone shows both ends of the order: those of the day's returns.
  const isPhone = matchMedia('(max-width: 640px)').matches
  const initial: Initial = { columns: hello.shown, sort: isPhone ? '-ret' : 'symbol', language }
  const state = readState(location.search, initial, new Set(hello.columns.map(({ id }) => id)))
  const worker = new Worker('/page/section-worker.js', { type: 'module' })
  const app = new App(hello, state, initial, worker, performance.now())
  setInterval(() => app.beat(performance.now()), beatMs)
}

void begin()
