// Writes what closebell is made of: deploy/sbom.cdx.json (CycloneDX 1.6) and deploy/licences.md, from package-lock.json
// and the versions of Kafka and QuestDB in deploy/services/pom.xml.
//   node deploy/sbom.mjs [folder]
// Plain JavaScript without dependencies, and the same bytes for the same inputs.
import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const deploy = dirname(fileURLToPath(import.meta.url))
const folder = process.argv[2] ?? deploy
const lockText = readFileSync(join(deploy, '..', 'package-lock.json'), 'utf8')
const lock = JSON.parse(lockText)
const pom = readFileSync(join(deploy, 'services', 'pom.xml'), 'utf8')

/** Licences that the packages which are shipped may have; another one has to be looked at first. */
const allowed = ['0BSD', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', 'ISC', 'MIT', 'Unlicense']

const nameOf = (path) => path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length)

/** Packages of the lock file, one a name and version. */
const packagesOf = (isDev) => {
  const found = Object.entries(lock.packages)
    .filter(([path, { dev = false }]) => path !== '' && dev === isDev)
    .map(([path, entry]) => ({ name: entry.name ?? nameOf(path), ...entry }))
  const byPlace = new Map(found.map((entry) => [`${entry.name}@${entry.version}`, entry]))
  return [...byPlace.keys()].sort().map((place) => byPlace.get(place))
}

const purlOf = ({ name, version }) => `pkg:npm/${name.replace('@', '%40')}@${version}`

const componentOf = (entry) => ({
  type: 'library',
  'bom-ref': purlOf(entry),
  name: entry.name,
  version: entry.version,
  scope: entry.optional === true ? 'optional' : 'required',
  licenses: [{ license: { id: entry.license } }],
  hashes: [{ alg: 'SHA-512', content: Buffer.from(entry.integrity.slice('sha512-'.length), 'base64').toString('hex') }],
  purl: purlOf(entry),
})

const service = (name, purl, version) => ({
  type: 'application',
  'bom-ref': `${purl}@${version}`,
  name,
  version,
  scope: 'optional',
  licenses: [{ license: { id: 'Apache-2.0' } }],
  purl: `${purl}@${version}`,
})

const versionIn = (name) => new RegExp(`<${name}.version>(.*)</`).exec(pom)[1]

const shipped = packagesOf(false)
const refused = shipped.filter(({ license }) => !allowed.includes(license))
if (refused.length > 0) {
  console.error(
    refused.map(({ name, license }) => `${name} has the licence ${license}, none of those known`).join('\n'),
  )
  process.exit(1)
}

const digest = createHash('sha256').update(lockText).update(pom).digest('hex')
const uuid = [digest.slice(0, 8), digest.slice(8, 12), `5${digest.slice(13, 16)}`, `8${digest.slice(17, 20)}`]
const root = lock.packages['']
const bom = {
  bomFormat: 'CycloneDX',
  specVersion: '1.6',
  serialNumber: `urn:uuid:${[...uuid, digest.slice(20, 32)].join('-')}`,
  version: 1,
  metadata: {
    component: { type: 'application', 'bom-ref': purlOf(root), name: root.name, version: root.version },
  },
  components: [
    ...shipped.map(componentOf),
    service('kafka', 'pkg:maven/org.apache.kafka/kafka_2.13', versionIn('kafka')),
    service('questdb', 'pkg:maven/org.questdb/questdb', versionIn('questdb')),
  ],
}

/** A Markdown table as prettier would lay it out. */
const table = (rows) => {
  const widths = rows[0].map((_, c) => Math.max(3, ...rows.map((row) => row[c].length)))
  const line = (row) => `| ${row.map((cell, c) => cell.padEnd(widths[c])).join(' | ')} |`
  return [line(rows[0]), line(widths.map((width) => '-'.repeat(width))), ...rows.slice(1).map(line)].join('\n')
}

const counted = new Map()
for (const { license = 'not said' } of packagesOf(true)) counted.set(license, (counted.get(license) ?? 0) + 1)
const developing = [...counted].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, count]) => [name, String(count)])

const licences = `# Licences

Written by \`node deploy/sbom.mjs\`; closebell itself is under Apache-2.0.

## Shipped

Packages that a user of closebell runs, all of them from the npm registry.

${table([['package', 'version', 'licence'], ...shipped.map(({ name, version, license }) => [name, version, license])])}

## Fetched when asked for

Kafka ${versionIn('kafka')} and QuestDB ${versionIn('questdb')} (Apache-2.0) come from Maven Central with \`closebell up\`, TensorFlow and
@tensorflow/tfjs-node-gpu (Apache-2.0) with \`npm run setup:tensorflow\`.

## Development

${table([['licence', 'packages'], ...developing])}
`

writeFileSync(join(folder, 'sbom.cdx.json'), `${JSON.stringify(bom, null, 2)}\n`)
writeFileSync(join(folder, 'licences.md'), licences)
