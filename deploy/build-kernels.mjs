// npm run kernels: compiles models/kernels to its two WebAssembly modules, f32.wasm and f64.wasm.
//   node deploy/build-kernels.mjs [folder for the modules]
// One compiler gives one set of bytes: Debian's clang 14, fetched where it is not unpacked yet.
import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { unpackPackages } from './debian.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const compiler = join(root, '.tools', 'clang')
const tools = join(compiler, 'usr', 'lib', 'llvm-14', 'bin')
const version = '14.0.6'

const fail = (line) => {
  console.error(`CB_REQUIREMENT: ${line}`)
  process.exit(1)
}

const run = (flags) =>
  spawnSync(join(tools, 'clang'), flags, {
    cwd: join(root, 'models', 'kernels'),
    env: { ...process.env, LD_LIBRARY_PATH: join(compiler, 'usr', 'lib', 'x86_64-linux-gnu') },
    encoding: 'utf8',
  })

const isThere = () => existsSync(join(tools, 'clang')) && run(['--version']).stdout.includes(`version ${version}`)

/** Fetches the compiler unless it is there. */
export const setUpCompiler = () => {
  if (isThere()) return
  const packages = ['clang-14', 'lld-14', 'libclang-cpp14', 'libllvm14', 'libz3-4', 'libedit2']
  if (unpackPackages(compiler, packages) && isThere()) return
  fail(`the kernels need Debian’s clang and lld ${version}: apt-get download ${packages.join(' ')} failed.`)
}

const flags = [
  ...['--target=wasm32', '-O3', '-msimd128', '-matomics', '-mbulk-memory', '-mmutable-globals'],
  ...['-ffreestanding', '-nostdlib', '-Wall', '-Wextra', '-Werror', `-fuse-ld=${join(tools, 'wasm-ld')}`],
  ...['--no-entry', '--export-dynamic', '--export=__stack_pointer', '--export=__heap_base', '--strip-all'].map(
    (flag) => `-Wl,${flag}`,
  ),
  ...['--import-memory', '--shared-memory', `--max-memory=${2 ** 31}`].map((flag) => `-Wl,${flag}`),
  ...['-Wl,-z,stack-size=65536', '-fvisibility=default'],
]

const compile = (out, ...own) => {
  const { status, stderr, error } = run([...flags, ...own, 'kernels.c', '-o', out])
  if (status !== 0) fail(`clang did not compile the kernels: ${error?.message ?? stderr}`)
  chmodSync(out, 0o644)
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  setUpCompiler()
  const folder = resolve(process.argv[2] ?? join(root, 'models', 'kernels'))
  compile(join(folder, 'f32.wasm'))
  compile(join(folder, 'f64.wasm'), '-DDOUBLE')
}
