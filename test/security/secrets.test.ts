import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { kafkaAccess, storeAccess } from '../../src/compose/access.ts'
import { build, closebell } from '../cli/run-closebell.ts'

const folder = mkdtempSync(join(tmpdir(), 'closebell-access-'))
beforeAll(build)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const fileOf = (name: string, text: string): string => {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

describe('who closebell is', () => {
  it('comes from the environment, or from files that it names', () => {
    const ca = fileOf('ca.pem', 'a certificate')
    const environment = {
      CLOSEBELL_KAFKA_USERNAME: 'closebell-feed',
      CLOSEBELL_KAFKA_PASSWORD_FILE: fileOf('password', 'open sesame\n'),
      CLOSEBELL_KAFKA_TLS: 'on',
      CLOSEBELL_KAFKA_CA_FILE: ca,
      CLOSEBELL_STORE_TOKEN: 'a token',
    }
    expect(kafkaAccess(environment)).toEqual({
      user: { name: 'closebell-feed', password: 'open sesame' },
      token: null,
      tls: { caFile: ca, ca: 'a certificate' },
    })
    expect(storeAccess(environment)).toEqual({ user: null, token: 'a token', tls: null })
    expect(kafkaAccess({})).toEqual({ user: null, token: null, tls: null })
  })

  it.each<[string, Record<string, string>, string]>([
    ['a name alone', { CLOSEBELL_KAFKA_USERNAME: 'a' }, 'CB_CONFIG'],
    ['a password alone', { CLOSEBELL_KAFKA_PASSWORD: 'secret' }, 'CB_CONFIG'],
    ['a password twice', { CLOSEBELL_KAFKA_PASSWORD: 'secret', CLOSEBELL_KAFKA_PASSWORD_FILE: 'b' }, 'CB_CONFIG'],
    ['no file', { CLOSEBELL_KAFKA_PASSWORD_FILE: join(folder, 'none') }, 'CB_ABSENT'],
    ['an empty file', { CLOSEBELL_KAFKA_PASSWORD_FILE: fileOf('empty', '\n') }, 'CB_CONFIG'],
    ['a switch that is none', { CLOSEBELL_KAFKA_TLS: 'yes' }, 'CB_CONFIG'],
    ['certificates without TLS', { CLOSEBELL_KAFKA_CA_FILE: fileOf('certificates', '') }, 'CB_CONFIG'],
  ])('%s is refused, and no secret is in what is said', (_, environment, code) => {
    expect(() => kafkaAccess(environment)).toThrow(expect.objectContaining({ code }))
    expect(() => kafkaAccess(environment)).not.toThrow(/secret/)
  })

  it('is not both a user and the bearer of a token', () => {
    const environment = {
      CLOSEBELL_STORE_USERNAME: 'a',
      CLOSEBELL_STORE_PASSWORD: 'secret',
      CLOSEBELL_STORE_TOKEN: 'secret',
    }
    expect(() => storeAccess(environment)).toThrow(/^CB_CONFIG: CLOSEBELL_STORE_TOKEN and CLOSEBELL_STORE_USERNAME/)
  })
})

describe('secrets', () => {
  const secrets = ['open sesame', 'the store’s own']
  const env = {
    CLOSEBELL_KAFKA_USERNAME: 'closebell-feed',
    CLOSEBELL_KAFKA_PASSWORD: 'open sesame',
    CLOSEBELL_STORE_USERNAME: 'closebell',
    CLOSEBELL_STORE_PASSWORD_FILE: fileOf('store', 'the store’s own'),
    CLOSEBELL_LOG_LEVEL: 'debug',
  }
  const bus = ['--bus', 'kafka://127.0.0.1:1', '--store', 'questdb://127.0.0.1:1']

  it.each([
    ['config'],
    ['config', '--json'],
    ['show', 'factors', '--date', '2023-02-01', ...bus.slice(2)],
    ['doctor', ...bus, '--json'],
  ])('are not in what closebell %s says', async (...args) => {
    const { stdout, stderr } = await closebell(args, { cwd: folder, env })
    for (const secret of secrets) expect(stdout + stderr).not.toContain(secret)
    if (args[0] === 'config') expect(stdout).toMatch(/\(secret\)/)
  })

  it('say that they are set, and where', async () => {
    const { stdout } = await closebell(['config', '--json'], { cwd: folder, env })
    expect(JSON.parse(stdout)).toMatchObject({
      kafkaUsername: { value: 'closebell-feed', source: 'variable' },
      kafkaPassword: { value: '(secret)', place: 'CLOSEBELL_KAFKA_PASSWORD' },
      storePassword: { value: '(secret)', place: 'CLOSEBELL_STORE_PASSWORD_FILE' },
    })
  })
})
