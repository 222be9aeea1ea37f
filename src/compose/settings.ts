import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { z } from 'zod'
import { ClosebellError } from '../../schemas/errors.ts'
import { engineNames, logLevels, settingNames, type SettingKey, type SettingName } from './setting-names.ts'

const oneOf = <const T extends readonly [string, ...string[]]>(names: T) =>
  z.enum(names, { error: `is none of ${names.join(', ')}` })

const schemas = {
  bus: z.string().regex(/^(kafka:\/\/.+|tape:.+)$/, 'is not kafka://host:port[/<prefix>] or tape:<folder>'),
  store: z.string().regex(/^(questdb:\/\/.+|duckdb:.+)$/, 'is not questdb://host:port or duckdb:<file>'),
  engine: oneOf(engineNames),
  models: z.string().min(1, 'is empty'),
  partitions: z.coerce
    .number({ error: 'is no number' })
    .int('is no whole number')
    .min(1, 'is not 1 to 1024')
    .max(1024, 'is not 1 to 1024'),
  profile: oneOf(['cn']),
  flowSize: oneOf(['order', 'filled', 'trade']),
  logLevel: oneOf(logLevels),
} satisfies Record<SettingKey, z.ZodType>

export type Settings = { readonly [K in SettingKey]: z.infer<(typeof schemas)[K]> }

export interface Origin {
  readonly source: 'flag' | 'variable' | 'file' | 'default'
  /** The flag, the variable, or the path of the file; empty for a default. */
  readonly place: string
}

export interface LoadedSettings {
  readonly values: Settings
  readonly origins: Readonly<Record<SettingKey, Origin>>
}

export interface SettingSources {
  /** Values of flags that were given, by setting. */
  readonly flags: Readonly<Partial<Record<SettingKey, unknown>>>
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly folder: string
  /** A config file that was named; without one, closebell.json of the folder where there is one. */
  readonly file?: string | undefined
}

/**
 * What is in force, and why: a flag wins over a variable, a variable over the config file, that over the default.
 * @throws ClosebellError CB_USAGE for a flag, CB_CONFIG for a variable or the file, CB_ABSENT when a named file is not
 * there
 */
export function loadSettings({ flags, environment, folder, file }: SettingSources): LoadedSettings {
  const path = resolve(folder, file ?? 'closebell.json')
  const written = readFile(path, file !== undefined)
  const values: Record<string, unknown> = {}
  const origins: Record<string, Origin> = {}
  for (const name of settingNames) {
    const [given, origin] = choose(name, flags[name.key], environment[name.variable], written[name.key], path)
    values[name.key] = check(name, given, origin)
    origins[name.key] = origin
  }
  return { values: values as Settings, origins: origins as Record<SettingKey, Origin> }
}

function choose(
  { flag, variable, initial }: SettingName,
  flagValue: unknown,
  variableValue: string | undefined,
  fileValue: unknown,
  path: string,
): [unknown, Origin] {
  if (flagValue !== undefined) return [flagValue, { source: 'flag', place: flag }]
  if (variableValue !== undefined && variableValue !== '') {
    return [variableValue, { source: 'variable', place: variable }]
  }
  if (fileValue !== undefined) return [fileValue, { source: 'file', place: path }]
  return [initial, { source: 'default', place: '' }]
}

function check({ key }: SettingName, value: unknown, { source, place }: Origin): unknown {
  const result = schemas[key].safeParse(value)
  if (result.success) return result.data
  const fact = `${JSON.stringify(value)} ${result.error.issues[0]?.message ?? 'is not valid'}`
  if (source === 'flag') throw new ClosebellError('CB_USAGE', `${place}: ${fact}`)
  throw new ClosebellError('CB_CONFIG', source === 'file' ? `${key} in ${place}: ${fact}` : `${place}: ${fact}`)
}

function readFile(path: string, isNamed: boolean): Readonly<Partial<Record<SettingKey, unknown>>> {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT' && !isNamed) return {}
    throw new ClosebellError('CB_ABSENT', `the config file ${path} cannot be read`, { cause })
  }
  let written: unknown
  try {
    written = JSON.parse(text)
  } catch (cause) {
    throw new ClosebellError('CB_CONFIG', `${path} is no JSON: ${(cause as Error).message}`, { cause })
  }
  const keys: readonly string[] = settingNames.map(({ key }) => key)
  const found = z.record(z.string(), z.unknown()).safeParse(written)
  if (!found.success) throw new ClosebellError('CB_CONFIG', `${path} is no JSON object`)
  const unknown = Object.keys(found.data).find((key) => !keys.includes(key))
  if (unknown !== undefined) {
    throw new ClosebellError('CB_CONFIG', `${path} sets ${unknown}; known: ${keys.join(', ')}`)
  }
  return found.data
}
