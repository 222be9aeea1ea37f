import { execFileSync } from 'node:child_process'
import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import kafkajs, { type AclEntry } from 'kafkajs'

const { AclOperationTypes, AclPermissionTypes, AclResourceTypes, ResourcePatternTypes } = kafkajs
const script = new URL('../../deploy/kafka-acls.sh', import.meta.url).pathname

/** The commands that deploy/kafka-acls.sh gives to Kafka's own tool, an argument list each. */
export function recordedCommands(folder: string, prefix: string, connection: readonly string[]): string[][] {
  const recorder = join(folder, 'kafka-acls')
  const record = join(folder, 'commands')
  writeFileSync(record, '')
  writeFileSync(
    recorder,
    `#!/bin/sh\nfor word in "$@"; do printf '%s\\t' "$word"; done >> ${record}\necho >> ${record}\n`,
  )
  chmodSync(recorder, 0o755)
  execFileSync(script, connection, { env: { ...process.env, KAFKA_ACLS: recorder, CLOSEBELL_PREFIX: prefix } })
  return readFileSync(record, 'utf8')
    .trim()
    .split('\n')
    .map((line) => line.split('\t').filter((word) => word !== ''))
}

/** What a command asks for, as the broker is asked. */
export function entriesOf(command: readonly string[]): AclEntry[] {
  const after = (flag: string): string => command[command.indexOf(flag) + 1] ?? ''
  const all = (flag: string): string[] => command.flatMap((word, i) => (word === flag ? [command[i + 1] ?? ''] : []))
  const operation = AclOperationTypes[kafkaName(after('--operation'))]
  const resources = [
    ...all('--topic').map((name) => ({ resourceType: AclResourceTypes.TOPIC, resourceName: name })),
    ...all('--group').map((name) => ({ resourceType: AclResourceTypes.GROUP, resourceName: name })),
  ]
  return all('--allow-principal').flatMap((principal) =>
    resources.map((resource) => ({
      ...resource,
      resourcePatternType: command.includes('prefixed') ? ResourcePatternTypes.PREFIXED : ResourcePatternTypes.LITERAL,
      principal,
      host: '*',
      operation,
      permissionType: AclPermissionTypes.ALLOW,
    })),
  )
}

const kafkaName = (name: string): keyof typeof AclOperationTypes =>
  name.replace(/(?<=[a-z])[A-Z]/g, (letter) => `_${letter}`).toUpperCase() as keyof typeof AclOperationTypes
