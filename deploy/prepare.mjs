// Makes a fresh clone ready: what is missing on the machine is said in one line, what can be installed is installed.
//   node deploy/prepare.mjs demo | tests
// Plain JavaScript without dependencies, since it runs before there are any.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createHash } from 'node:crypto'
import { setUpCompiler } from './build-kernels.mjs'
import { unpackPackages } from './debian.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const forTests = process.argv[2] === 'tests'

const fail = (line) => {
  console.error(line)
  process.exit(1)
}

const say = (line) => console.error(`prepare: ${line}`)

/** First line that a command prints of its version; null when there is no such command. */
const versionOf = (command, ...flags) => {
  const result = spawnSync(command, flags, { encoding: 'utf8' })
  return result.error || result.status !== 0 ? null : `${result.stdout}${result.stderr}`.split('\n')[0]
}

const [major, minor] = process.versions.node.split('.').map(Number)
if (major < 20 || (major === 20 && minor < 19))
  fail(`CB_REQUIREMENT: Node is ${process.versions.node}, 20.19 or newer is needed.`)

if (forTests) {
  const java = Number(/version "(\d+)/.exec(versionOf('java', '-version') ?? '')?.[1] ?? 0)
  const missing = [
    [java >= 17, 'Java 17 or newer (java)'],
    [versionOf('mvn', '--version') !== null, 'Maven (mvn)'],
    [versionOf('python3', '-c', 'import venv, ensurepip') !== null, 'Python 3 with venv (python3)'],
    [versionOf('g++', '--version') !== null, 'a C++ compiler (g++)'],
  ].flatMap(([present, name]) => (present ? [] : [name]))
  if (missing.length > 0) fail(`CB_REQUIREMENT: the tests need what is missing here: ${missing.join(', ')}.`)
}

const run = (command, flags) => {
  const { status, error } = spawnSync(command, flags, { cwd: root, stdio: ['ignore', 2, 2] })
  if (error || status !== 0)
    fail(`CB_REQUIREMENT: ${command} ${flags.join(' ')} failed${error ? `: ${error.message}` : ''}.`)
}

/** promtool comes in Debian's package of Prometheus. */
const unpackPromtool = (folder) => {
  if (versionOf('promtool', '--version') !== null) return
  if (!unpackPackages(join(folder, 'prometheus'), ['prometheus']))
    fail('CB_REQUIREMENT: the tests need promtool, of Debian’s package prometheus.')
}

/** What checks the files of deploy/. */
const setUpLinters = () => {
  const folder = join(root, '.tools')
  mkdirSync(folder, { recursive: true })
  run('python3', ['-m', 'venv', join(folder, 'python')])
  const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-deps']
  run(join(folder, 'python', 'bin', 'python'), [...pip, '-r', 'test/deploy/requirements.txt'])
  unpackPromtool(folder)
}

/** The Node versions that a part of the tests runs under too, as the registry has them for this machine. */
const setUpNodes = () => {
  const folder = join(root, '.tools', 'node')
  mkdirSync(folder, { recursive: true })
  const wanted = JSON.parse(readFileSync(join(root, 'test/versions/versions.json'), 'utf8'))
  const builds = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`
  const packages = wanted.map((version) => `node-${version}@npm:${builds}@${version}`)
  const flags = ['--ignore-scripts', '--no-audit', '--no-fund', '--no-save', '--loglevel=error']
  run('npm', ['install', '--prefix', folder, ...flags, ...packages])
}

/** The browser tests drive Debian's Chromium; where it is missing it is installed by whoever may. */
const setUpChromium = () => {
  const named = process.env.CHROMIUM_PATH
  if (versionOf(named || 'chromium', '--version') !== null) return
  if (named) fail(`CB_REQUIREMENT: CHROMIUM_PATH names ${named}, which does not run.`)
  const options = { stdio: ['ignore', 2, 2], env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } }
  const apt = (...flags) => spawnSync('apt-get', flags, options).status === 0
  const installed = () => apt('install', '--yes', '--quiet', '--no-install-recommends', 'chromium')
  const isInstalled = process.getuid?.() === 0 && (installed() || (apt('update', '--quiet') && installed()))
  if (!isInstalled) {
    fail('CB_REQUIREMENT: the tests need Chromium: apt-get install chromium, or name one in CHROMIUM_PATH.')
  }
}

/** Runs a step unless it ran before on the same content of the files it depends on. */
const once = (stamp, files, name, step) => {
  const content = createHash('sha256')
  for (const file of files) content.update(readFileSync(join(root, file)))
  const digest = content.digest('hex')
  const path = join(root, stamp)
  if (existsSync(path) && readFileSync(path, 'utf8') === digest) return
  say(name)
  step()
  writeFileSync(path, digest)
}

once('node_modules/.prepared', ['package-lock.json'], 'installing packages', () =>
  run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']),
)
say('compiling')
run(join(root, 'node_modules', '.bin', 'tsc'), ['-b'])
if (forTests) {
  setUpChromium()
  say('setting the compiler of the kernels up')
  setUpCompiler()
  say('setting TensorFlow up')
  run('npm', ['run', '--silent', 'setup:tensorflow'])
  const pins = ['test/oracle/requirements.txt', 'deploy/clients/python/requirements.txt']
  once('.python/.prepared', pins, 'setting Python up', () => run('npm', ['run', '--silent', 'setup:python']))
  once('.tools/.prepared-node', ['test/versions/versions.json'], 'setting Node versions up', setUpNodes)
  once('.tools/.prepared', ['test/deploy/requirements.txt'], 'setting the linters of deploy up', setUpLinters)
}
