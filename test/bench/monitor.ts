import { fork, spawn, type ChildProcess } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium, type Browser, type CDPSession, type Page } from 'playwright-core'
import { openTape } from '../../src/bus/tape/index.ts'
import { systemClock } from '../../src/compose/clock.ts'
import type { Bus } from '../../src/ports/bus.ts'
import { machine, median, say } from './measure.ts'
import { MonitorLoad, shownIds } from './monitor-load.ts'

const shape = { instruments: 5500, partitions: 4, readers: 100, memoryMinutes: 10, frameSeconds: 30 }
const main = join(import.meta.dirname, '..', '..', 'src', 'cli', 'main.js')
const loadDate = '2024-03-14'
/** The day whose minutes are fed fast. */
const fastDate = '2024-03-15'
const minutesOfDay = 240

interface Subject {
  readonly url: string
  readonly process: ChildProcess
}

async function startMonitor(folder: string): Promise<Subject> {
  const flags = ['--bus', `tape:${folder}/tape`, '--store', `duckdb:${folder}/none.duckdb`, '--port', '0']
  const child = spawn(process.execPath, [main, 'monitor', ...flags], { stdio: ['ignore', 'ignore', 'pipe'] })
  const url = await new Promise<string>((resolve, reject) => {
    let said = ''
    child.stderr.on('data', (bytes: Buffer) => {
      said += bytes.toString()
      const found = /http:\S+/.exec(said)?.[0]
      if (found !== undefined) resolve(found)
    })
    child.once('exit', () => reject(new Error(`the monitor ended: ${said}`)))
  })
  return { url, process: child }
}

const megabytesOf = (pid: number | undefined): number =>
  Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? NaN) / 1024

const sleep = (ms: number): Promise<void> => systemClock.sleep(ms)

/** Replaces the universe each second until it is told to stop. */
async function replaceEachSecond(load: MonitorLoad, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const start = systemClock.elapsed()
    await load.publish(loadDate, 0)
    await systemClock.sleep(Math.max(0, 1000 - (systemClock.elapsed() - start)), signal)
  }
}

/** Scrolls with every frame, sorts each second, and counts frames; runs in the page. */
const countFrames = (seconds: number): string => `new Promise((resolve) => {
  const grid = document.querySelector('#panel-grid .grid')
  const times = []
  const begin = performance.now()
  let sorted = begin
  let column = 2
  let down = true
  let at = 0
  const end = grid.scrollHeight - grid.clientHeight
  let changes = 0
  let last = ''
  const frame = (now) => {
    times.push(now)
    at = Math.min(end, Math.max(0, at + (down ? 60 : -60)))
    if (at === end || at === 0) down = at === 0
    grid.scrollTop = at
    if (now - sorted >= 1000) {
      sorted = now
      const heads = grid.querySelectorAll('[role=columnheader]')
      heads[column].click()
      column = column === 16 ? 2 : column + 1
    }
    const text = grid.querySelector('.grid-row:not([hidden])')?.textContent
    if (text !== last) changes++
    last = text
    if (now - begin < ${seconds * 1000}) return requestAnimationFrame(frame)
    const gaps = times.slice(1).map((time, i) => time - times[i]).sort((a, b) => a - b)
    resolve({
      framesPerSecond: (1000 * gaps.length) / (times.at(-1) - times[0]),
      gapMs: { median: gaps[gaps.length >> 1], p99: gaps[Math.floor(0.99 * gaps.length)], longest: gaps.at(-1) },
      changes,
    })
  }
  requestAnimationFrame(frame)
})`

async function openPage(browser: Browser, url: string): Promise<Page> {
  const page = await browser.newPage({ viewport: { width: 1920, height: 1000 } })
  await page.goto(`${url}?columns=${shownIds.join(',')}`)
  await page.waitForSelector('.grid-row:not([hidden])')
  return page
}

/** What this machine draws now at best: a page of five hundred lines that scrolls. */
async function blankFrames(browser: Browser): Promise<number> {
  const page = await browser.newPage({ viewport: { width: 1920, height: 1000 } })
  const lines = '<p>line</p>'.repeat(500)
  await page.setContent(`<div id="lines" style="height: 900px; overflow: auto">${lines}</div>`)
  const framesPerSecond = await page.evaluate<number>(`new Promise((resolve) => {
    const lines = document.getElementById('lines')
    const begin = performance.now()
    let frames = 0
    const frame = (now) => {
      frames++
      lines.scrollTop = (frames * 60) % 8000
      if (now - begin < 5000) requestAnimationFrame(frame)
      else resolve((1000 * frames) / (now - begin))
    }
    requestAnimationFrame(frame)
  })`)
  await page.close()
  return framesPerSecond
}

async function measureFrames(browser: Browser, { url }: Subject): Promise<object> {
  const page = await openPage(browser, url)
  await sleep(2000)
  say(`frames: ${shape.frameSeconds} s of scrolling and sorting, ${shape.instruments} x ${shownIds.length} each second`)
  const session = await page.context().newCDPSession(page)
  await session.send('Performance.enable', { timeDomain: 'threadTicks' })
  const before = await threadSeconds(session)
  const counted = await page.evaluate<{ framesPerSecond: number }>(countFrames(shape.frameSeconds))
  const spent = (await threadSeconds(session)) - before
  await page.close()
  // What the drawing thread itself computed: on a busy machine frames are late without being dear.
  const blankPage = await blankFrames(browser)
  return { ...counted, blankPage, threadMsPerFrame: (1000 * spent) / (counted.framesPerSecond * shape.frameSeconds) }
}

async function threadSeconds(session: CDPSession): Promise<number> {
  const { metrics } = await session.send('Performance.getMetrics')
  return metrics.find(({ name }) => name === 'TaskDuration')?.value ?? NaN
}

interface Progress {
  readonly least: number
  readonly most: number
  readonly bytes: number
  readonly lost: number
  readonly silentSeconds: number
}

/** Memory of the server with its readers, and one more that never reads. */
async function measureMemory({ url, process: server }: Subject): Promise<object> {
  const script = join(import.meta.dirname, 'monitor-readers.js')
  const readers = fork(script, [url, shownIds.join(','), String(shape.readers)])
  let progress: Progress = { least: 0, most: 0, bytes: 0, lost: 0, silentSeconds: -1 }
  readers.on('message', (message) => (progress = message as Progress))
  const samples: { readonly second: number; readonly megabytes: number; readonly sections: number }[] = []
  const seconds = shape.memoryMinutes * 60
  for (let second = 0; second <= seconds; second += 10) {
    samples.push({ second, megabytes: Math.round(megabytesOf(server.pid)), sections: progress.least })
    if (second % 60 === 0) {
      say(
        `memory: minute ${second / 60} of ${shape.memoryMinutes}, ${samples.at(-1)?.megabytes} MB, ` +
          `${progress.least} to ${progress.most} sections a reader, ${Math.round(progress.bytes / 1e6)} MB sent`,
      )
    }
    await sleep(10_000)
  }
  readers.kill()
  const settled = samples.filter(({ second }) => second >= 60)
  const third = Math.ceil(settled.length / 3)
  const middle = (part: typeof samples): number => median(part.map(({ megabytes }) => megabytes))
  const [first, last] = [samples.find(({ second }) => second >= 30), samples.at(-1)]
  return {
    readers: shape.readers,
    minutes: shape.memoryMinutes,
    megabytes: {
      firstThird: middle(settled.slice(0, third)),
      lastThird: middle(settled.slice(-third)),
      most: Math.max(...samples.map(({ megabytes }) => megabytes)),
      everyMinute: samples.filter(({ second }) => second % 60 === 0).map(({ megabytes }) => megabytes),
    },
    sectionsPerReaderAndSecond:
      ((last?.sections ?? 0) - (first?.sections ?? 0)) / ((last?.second ?? 0) - (first?.second ?? 0)),
    readersLost: progress.lost,
    silentReaderClosedAfterSeconds: progress.silentSeconds,
  }
}

/** Heap of the page after garbage is collected, with its array buffers, and all memory of its process. */
async function heapOf(page: Page): Promise<{ readonly heapMb: number; readonly processMb: number }> {
  const session = await page.context().newCDPSession(page)
  await session.send('HeapProfiler.collectGarbage')
  const usage = (await session.send('Runtime.getHeapUsage')) as { usedSize: number; backingStorageSize?: number }
  await session.detach()
  const browserSession = await (page.context().browser() as Browser).newBrowserCDPSession()
  const { processInfo } = await browserSession.send('SystemInfo.getProcessInfo')
  await browserSession.detach()
  const renderers = processInfo.filter(({ type }) => type === 'renderer')
  const processMb = Math.max(...renderers.map(({ id }) => megabytesOf(id)))
  return { heapMb: (usage.usedSize + (usage.backingStorageSize ?? 0)) / 2 ** 20, processMb }
}

async function measureHeap(browser: Browser, { url }: Subject, load: MonitorLoad): Promise<object> {
  say(`heap: ${minutesOfDay - 1} sealed minutes of ${shape.instruments} names, fed fast`)
  const page = await openPage(browser, url)
  let tenth = { heapMb: NaN, processMb: NaN }
  for (let minute = -1; minute < minutesOfDay - 2; minute++) {
    await load.publish(fastDate, minute)
    await sleep(200)
    if (minute === 8) {
      await sleep(2000)
      tenth = await heapOf(page)
    }
  }
  await sleep(2000)
  const shown = await page.locator('.freshness').innerText()
  const last = await heapOf(page)
  await page.close()
  return { tenth, last, ratio: last.heapMb / tenth.heapMb, minutes: minutesOfDay - 1, shown }
}

/** Frames of the page, memory of the server with its readers, and heap of the page over a day. */
export async function monitor(): Promise<object> {
  const folder = mkdtempSync(join(tmpdir(), 'closebell-bench-monitor-'))
  const bus: Bus = openTape(join(folder, 'tape'), { clock: systemClock })
  await bus.createTopics(shape.partitions)
  const load = new MonitorLoad(bus, shape.instruments, shape.partitions)
  await load.publish(loadDate, 0)
  const subject = await startMonitor(folder)
  const browser = await chromium.launch({
    executablePath: process.env['CHROMIUM_PATH'] ?? '/usr/bin/chromium',
    // Debian's wrapper asks for a GPU: without one, drawing by the CPU itself is cheaper than emulating it.
    args: ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu'],
  })
  try {
    const replacing = new AbortController()
    const replaced = replaceEachSecond(load, replacing.signal)
    const frames = await measureFrames(browser, subject)
    const memory = await measureMemory(subject)
    replacing.abort()
    await replaced
    const heap = await measureHeap(browser, subject, load)
    return { machine: machine(), shape, frames, memory, heap }
  } finally {
    await browser.close()
    subject.process.kill('SIGTERM')
    await bus.close()
    rmSync(folder, { recursive: true, force: true })
  }
}
