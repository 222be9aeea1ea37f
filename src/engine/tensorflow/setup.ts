import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readFile, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { ClosebellError } from '../../../schemas/errors.ts'
import { addonPath, packageFolder, tensorflowFolder } from './binding.ts'

/**
 * Sets TensorFlow up in `.tensorflow`, outside of node_modules (whose cleaning would take it away): the Node package
 * without its install script, which would fetch a library too old for today's GPUs; the library from the PyPI wheel;
 * the package's addon compiled against it. What is in place already is kept.
 */

const nodePackage = { name: '@tensorflow/tfjs-node-gpu', version: '4.22.0' }
const headersPackage = { name: 'node-api-headers', version: '1.9.0' }
const wheel = { name: 'tensorflow-cpu', version: '2.21.0' }

export interface SetUpOptions {
  /** Folder of the project. */
  readonly root: string
  /** Folder with libtensorflow_cc.so.2 (or libtensorflow.so.2), the framework library and `include`. */
  readonly libraryFolder: string | undefined
  readonly say: (line: string) => void
}

/** Runs a command to its end; a missing or failing one is CB_REQUIREMENT with its last lines. */
const run = async (command: string, parameters: readonly string[], folder: string): Promise<void> => {
  const child = spawn(command, parameters, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  const collect = (chunk: Buffer): void => void (output = (output + chunk.toString()).slice(-2000))
  child.stdout.on('data', collect)
  child.stderr.on('data', collect)
  const code = await new Promise<number | string>((resolve) => {
    child.on('error', (error) => resolve(error.message))
    child.on('close', (exit) => resolve(exit ?? 'a signal'))
  })
  if (code === 0) return
  const fact = typeof code === 'number' ? `${command} ended with ${code}:\n${output.trim()}\n` : code
  throw new ClosebellError('CB_REQUIREMENT', fact, {
    remedy: 'Setting TensorFlow up needs npm, python3 with pip, g++.',
  })
}

const installPackage = async (root: string, say: SetUpOptions['say']): Promise<void> => {
  const folder = tensorflowFolder(root)
  await mkdir(folder, { recursive: true })
  const ownHeaders = join(dirname(dirname(process.execPath)), 'include', 'node', 'node_api.h')
  const needed = existsSync(ownHeaders) ? [nodePackage] : [nodePackage, headersPackage]
  const dependencies = Object.fromEntries(needed.map(({ name, version }) => [name, version]))
  const manifest = JSON.stringify({ private: true, dependencies }, null, 2)
  const path = join(folder, 'package.json')
  const installed = existsSync(path) && (await readFile(path, 'utf8')) === manifest
  if (installed && existsSync(join(packageFolder(root), 'package.json'))) return
  say(`installing ${nodePackage.name}@${nodePackage.version}`)
  await writeFile(path, manifest)
  await run('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund'], folder)
}

const unpackScript = `
import sys, zipfile
wheel, folder = sys.argv[1:]
parts = ('c/', 'core/platform/', 'core/common_runtime/next_pluggable_device/c/')
wanted = ['tensorflow/libtensorflow_cc.so.2', 'tensorflow/libtensorflow_framework.so.2',
          'tensorflow/include/tsl/platform/', 'tensorflow/include/xla/tsl/c/']
wanted += ['tensorflow/include/tensorflow/' + part for part in parts]
with zipfile.ZipFile(wheel) as archive:
    for name in archive.namelist():
        if name.startswith(tuple(wanted)):
            archive.extract(name, folder)
`

/** The wheel's library and headers; the wheel itself is deleted, pip has checked its hash. */
const fetchLibrary = async (root: string, say: SetUpOptions['say']): Promise<string> => {
  const folder = join(tensorflowFolder(root), `${wheel.name}-${wheel.version}`)
  const done = join(folder, 'unpacked')
  const library = join(folder, 'tensorflow')
  if (existsSync(done)) return library
  say(`fetching ${wheel.name} ${wheel.version} (274 MB)`)
  await mkdir(folder, { recursive: true })
  // Any one wheel of the release holds the same library, whatever Python is here.
  const one = ['--only-binary=:all:', '--platform', 'manylinux_2_27_x86_64', '--python-version', '3.11']
  const what = [...one, '--implementation', 'cp', '--abi', 'cp311', `${wheel.name}==${wheel.version}`]
  await run('python3', ['-m', 'pip', 'download', '--no-deps', '--dest', folder, ...what], root)
  const file = (await readdir(folder)).find((name) => name.endsWith('.whl'))
  if (file === undefined) throw new ClosebellError('CB_REQUIREMENT', `pip fetched no wheel of ${wheel.name}`)
  say('unpacking the library')
  await run('python3', ['-c', unpackScript, join(folder, file), folder], root)
  await rm(join(folder, file))
  await writeFile(done, '')
  return library
}

interface Library {
  readonly folder: string
  readonly names: readonly string[]
  readonly headers: string
}

const firstOf = (paths: readonly string[], what: string): string => {
  const found = paths.find((path) => existsSync(path))
  if (found !== undefined) return found
  throw new ClosebellError('CB_REQUIREMENT', `${what} is not there: looked for ${paths.join(', ')}`)
}

/** Finds libraries and headers in a wheel's folder, or in one of libtensorflow with `lib` and `include`. */
const inspectLibrary = (folder: string): Library => {
  const places = [folder, join(folder, 'lib')]
  const names = ['libtensorflow_cc.so.2', 'libtensorflow.so.2']
  const main = firstOf(
    places.flatMap((place) => names.map((name) => join(place, name))),
    'the TensorFlow library',
  )
  const framework = firstOf([join(dirname(main), 'libtensorflow_framework.so.2')], 'its framework library')
  const headers = firstOf(
    [folder, dirname(folder)].map((place) => join(place, 'include', 'tensorflow', 'c', 'c_api.h')),
    'its header c_api.h',
  )
  return {
    folder: dirname(main),
    names: [main, framework].map((path) => path.slice(dirname(path).length + 1)),
    headers: dirname(dirname(dirname(headers))),
  }
}

/** Compiles the addon unless one is there that was compiled with the same command. */
const compileAddon = async (root: string, library: Library, say: SetUpOptions['say']): Promise<void> => {
  const from = packageFolder(root)
  const addon = join(tensorflowFolder(root), 'addon', 'tfjs_binding.node')
  const nodeHeaders = firstOf(
    [
      join(dirname(dirname(process.execPath)), 'include', 'node'),
      join(tensorflowFolder(root), 'node_modules', headersPackage.name, 'include'),
    ],
    'a folder of Node headers',
  )
  const parameters = [
    ...['-O2', '-std=c++17', '-fPIC', '-shared', '-w', '-DNAPI_VERSION=8'],
    ...['binding/tfjs_backend.cc', 'binding/tfjs_binding.cc'],
    ...[`-I${from}`, `-I${library.headers}`, `-I${nodeHeaders}`],
    ...[`-L${library.folder}`, ...library.names.map((name) => `-l:${name}`), `-Wl,-rpath,${library.folder}`],
    ...['-o', addon],
  ]
  const stamp = createHash('sha256').update(parameters.join('\n')).digest('hex')
  const stampPath = `${addon}.made-by`
  const made = existsSync(addon) && existsSync(stampPath) && (await readFile(stampPath, 'utf8')) === stamp
  if (!made) {
    say('compiling the addon with g++')
    await mkdir(dirname(addon), { recursive: true })
    await run('g++', parameters, from)
    await writeFile(stampPath, stamp)
  }
  const link = addonPath(root)
  await mkdir(dirname(link), { recursive: true })
  await rm(link, { force: true })
  await symlink(addon, link)
}

/** Makes the engine loadable; running it again only looks at what is in place. */
export const setUpTensorflow = async ({ root, libraryFolder, say }: SetUpOptions): Promise<void> => {
  await installPackage(root, say)
  const library = inspectLibrary(libraryFolder ?? (await fetchLibrary(root, say)))
  await compileAddon(root, library, say)
}
