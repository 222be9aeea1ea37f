import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { gzipSync } from 'node:zlib'

/** A folder of Level-2 files from texts, by path below it; a path that ends in .gz is compressed. */
export function level2Folder(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'closebell-level2-'))
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), path.endsWith('.gz') ? gzipSync(text) : text)
  }
  return folder
}

const levels = (name: string): string[] => Array.from({ length: 10 }, (_, i) => `${name}${i + 1}`)

export const headers = {
  sseOrders: 'biz_index,time,order_seq,channel,order_no,type,side,price,qty,local_time,seq_no',
  sseTrades: 'biz_index,time,trade_seq,channel,price,qty,amount,buy_no,sell_no,side,local_time,seq_no',
  szseTrades: 'appl_seq,time,channel,exec_type,price,qty,buy_no,sell_no,side_inferred,local_time,seq_no',
  snapshots: ['time,num_trades,volume,amount,last', ...['bid_px', 'bid_qty', 'ask_px', 'ask_qty'].map(levels)].join(),
}

/** A snapshot row with one level a side. */
export const snapshot = (time: string, trades: number, last: string, bid: string, ask: string): string =>
  [
    `${time},${trades},1200,8880.5,${last}`,
    `${bid}${','.repeat(9)},300${','.repeat(9)}`,
    `${ask}${',0'.repeat(9)},500${',0'.repeat(9)}`,
  ].join()

export const lines = (...rows: readonly string[]): string => rows.join('\n') + '\n'

/** One small day of two exchanges; order ids, prices and further rows can be replaced. */
export const smallDay = (change: (text: string) => string = (text) => text): Record<string, string> => ({
  '2024-01-03/600001.SH/orders.csv': change(
    lines(
      headers.sseOrders,
      '5,09:30:00.010,1,6,101,A,B,7.4,300,09:30:00.5,1',
      '6,09:30:00.020,2,6,102,A,S,7.412,200,09:30:00.5,2',
      '9,09:31:07.000,3,6,101,D,B,7.4,100,09:31:07.5,3',
    ),
  ),
  '2024-01-03/600001.SH/trades.csv.gz': change(
    lines(
      headers.sseTrades,
      '3,09:25:00.000,1,6,7.4,100,740,90,91,N,09:25:03.0,4',
      '7,09:30:01.000,2,6,7.4,200,1480,101,103,S,09:30:01.5,5',
      '8,09:30:02.500,3,6,7.412,50,370.6,104,102,B,09:30:02.6,6',
    ),
  ),
  '2024-01-03/600001.SH/snapshots.csv': lines(
    headers.snapshots,
    snapshot('09:30:03.000', 3, '7.412', '7.4', '7.412'),
    snapshot('09:31:09.000', 3, '7.412', '7.39', '7.412'),
  ),
  '2024-01-03/000002.SZ/trades.csv': change(
    lines(
      headers.szseTrades,
      '20,09:30:00.040,2013,4,0,200,0,18,C,09:30:00.072,29',
      '25,09:30:04.000,2013,F,14.79,300,22,24,B,09:30:04.1,30',
    ),
  ),
})
