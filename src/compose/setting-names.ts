/** What can be set for every command; kept apart from validation, so that help texts need not load it. */

export const engineNames = ['auto', 'tensorflow', 'wasm', 'reference'] as const
export type EngineName = (typeof engineNames)[number]

export const logLevels = ['debug', 'info', 'warn', 'error'] as const
export type LogLevel = (typeof logLevels)[number]

export interface SettingName {
  /** Key in the config file and of the flag's value. */
  readonly key: SettingKey
  readonly flag: string
  readonly variable: string
  /** How the value is written, and what it is. */
  readonly form: string
  readonly about: string
  readonly initial: string | number
}

export type SettingKey = 'bus' | 'store' | 'engine' | 'models' | 'partitions' | 'profile' | 'flowSize' | 'logLevel'

const setting = (key: SettingKey, form: string, about: string, initial: string | number): SettingName => ({
  key,
  flag: `--${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`,
  variable: `CLOSEBELL_${key.replace(/[A-Z]/g, '_$&').toUpperCase()}`,
  form,
  about,
  initial,
})

export const settingNames: readonly SettingName[] = [
  setting('bus', 'url', 'kafka://host:port[/<prefix>] or tape:<folder>', 'tape:.closebell/tape'),
  setting(
    'store',
    'url',
    'questdb://host:port[?encoder=binary] or duckdb:<file>',
    'duckdb:.closebell/closebell.duckdb',
  ),
  setting('engine', 'name', engineNames.join(', '), 'auto'),
  setting('models', 'folder', 'trained models', '.closebell/models'),
  setting('partitions', 'count', 'partitions of the market topic', 4),
  setting('profile', 'name', 'market profile', 'cn'),
  setting('flowSize', 'sizing', 'size of an order for its bucket: order, filled, trade', 'order'),
  setting('logLevel', 'level', logLevels.join(', '), 'info'),
]
