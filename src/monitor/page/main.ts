import type { Hello } from '../protocol/messages.ts'
import { App } from './app.ts'
import { element } from './elements.ts'
import { readState } from './page-state.ts'
import { translator } from './strings.ts'

const beatMs = 1000

/** A token behind the address is swapped for a cookie that scripts cannot read, and leaves the address. */
async function swapToken(): Promise<void> {
  const token = new URLSearchParams(location.hash.slice(1)).get('token')
  if (token === null) return
  history.replaceState(null, '', location.pathname + location.search)
  await fetch('/api/session', { method: 'POST', headers: { authorization: `Bearer ${token}` } })
}

async function begin(): Promise<void> {
  const isZh = navigator.language.toLowerCase().startsWith('zh')
  await swapToken()
  const answer = await fetch('/api/hello')
  if (!answer.ok) {
    const say = translator(isZh ? 'zh' : 'en')
    document.body.append(
      element('p', { class: 'empty' }, answer.status === 401 ? say('tokenNeeded') : await answer.text()),
    )
    return
  }
  const hello = (await answer.json()) as Hello
  const known = new Set(hello.columns.map(({ id }) => id))
  const state = readState(location.search, hello.shown, known, isZh)
  const worker = new Worker('/page/section-worker.js', { type: 'module' })
  const app = new App(hello, state, isZh, worker, performance.now())
  setInterval(() => app.beat(performance.now()), beatMs)
}

void begin()
