import { readFileSync } from 'node:fs'
import type { Access } from '../ports/access.ts'
import { ClosebellError } from '../../schemas/errors.ts'

/**
 * Who closebell is to Kafka and to QuestDB, and whether it speaks TLS. Secrets come from the environment or from files
 * that it names, never from flags, which everybody on the machine can read, nor from the config file.
 */

export type Environment = Readonly<Record<string, string | undefined>>

/** `secret`: may stand in a file that `<variable>_FILE` names, and is never printed. */
interface AccessVariable {
  readonly key: string
  readonly variable: string
  readonly isSecret: boolean
}

const variable = (key: string, name: string, isSecret = false): AccessVariable => ({ key, variable: name, isSecret })

const kafka = {
  username: variable('kafkaUsername', 'CLOSEBELL_KAFKA_USERNAME'),
  password: variable('kafkaPassword', 'CLOSEBELL_KAFKA_PASSWORD', true),
  token: null,
  tls: variable('kafkaTls', 'CLOSEBELL_KAFKA_TLS'),
  caFile: variable('kafkaCaFile', 'CLOSEBELL_KAFKA_CA_FILE'),
}

const store = {
  username: variable('storeUsername', 'CLOSEBELL_STORE_USERNAME'),
  password: variable('storePassword', 'CLOSEBELL_STORE_PASSWORD', true),
  token: variable('storeToken', 'CLOSEBELL_STORE_TOKEN', true),
  tls: variable('storeTls', 'CLOSEBELL_STORE_TLS'),
  caFile: variable('storeCaFile', 'CLOSEBELL_STORE_CA_FILE'),
}

/** @throws ClosebellError CB_CONFIG for a half of a pair or a TLS switch that is none, CB_ABSENT for a missing file */
export const kafkaAccess = (environment: Environment = process.env): Access => accessOf(kafka, environment)

/** @throws as `kafkaAccess` */
export const storeAccess = (environment: Environment = process.env): Access => accessOf(store, environment)

/** What is set of all this, as `closebell config` shows it: of a secret, only that it is. */
export function accessInForce(environment: Environment) {
  return [...Object.values(kafka), ...Object.values(store)]
    .filter((one) => one !== null)
    .flatMap(({ key, variable: name, isSecret }) => {
      const places = isSecret ? [name, `${name}_FILE`] : [name]
      const place = places.find((one) => given(environment, one) !== null)
      if (place === undefined) return []
      const value = isSecret ? '(secret)' : (given(environment, name) ?? '')
      return [{ setting: key, value, source: 'variable' as const, place, variable: name }]
    })
}

interface AccessVariables {
  readonly username: AccessVariable
  readonly password: AccessVariable
  readonly token: AccessVariable | null
  readonly tls: AccessVariable
  readonly caFile: AccessVariable
}

function accessOf(names: AccessVariables, environment: Environment): Access {
  const name = given(environment, names.username.variable)
  const password = secret(environment, names.password.variable)
  const token = names.token === null ? null : secret(environment, names.token.variable)
  if ((name === null) !== (password === null)) {
    const [set, unset] = name === null ? [names.password, names.username] : [names.username, names.password]
    throw new ClosebellError('CB_CONFIG', `${set.variable} is set, and ${unset.variable} is not`)
  }
  if (token !== null && name !== null)
    throw new ClosebellError('CB_CONFIG', `${names.token?.variable} and ${names.username.variable} are both set`)
  const user = name === null || password === null ? null : { name, password }
  return { user, token, tls: tlsOf(names, environment) }
}

function tlsOf(names: AccessVariables, environment: Environment): Access['tls'] {
  const written = given(environment, names.tls.variable) ?? 'off'
  if (written !== 'on' && written !== 'off')
    throw new ClosebellError('CB_CONFIG', `${names.tls.variable}: ${JSON.stringify(written)} is neither on nor off`)
  const caFile = given(environment, names.caFile.variable)
  if (written === 'off') {
    if (caFile === null) return null
    throw new ClosebellError('CB_CONFIG', `${names.caFile.variable} is set, and ${names.tls.variable} is not on`)
  }
  return { caFile, ca: caFile === null ? null : read(names.caFile.variable, caFile) }
}

/** An empty variable counts as one that is not set, as for every other setting. */
const given = (environment: Environment, name: string): string | null => environment[name] || null

function secret(environment: Environment, name: string): string | null {
  const value = given(environment, name)
  const file = given(environment, `${name}_FILE`)
  if (file === null) return value
  if (value !== null) throw new ClosebellError('CB_CONFIG', `${name} and ${name}_FILE are both set`)
  const text = read(`${name}_FILE`, file).replace(/\r?\n$/, '')
  if (text === '') throw new ClosebellError('CB_CONFIG', `the file of ${name}_FILE is empty`)
  return text
}

function read(name: string, file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    throw new ClosebellError('CB_ABSENT', `${name}: ${file} cannot be read`, { cause })
  }
}
