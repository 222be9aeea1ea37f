import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { limits, type Limit, type Measure } from '../../schemas/limits.ts'
import type { Act } from '../../src/cli/act.ts'
import { buildProgram } from '../../src/cli/program.ts'
import { metricNames } from '../../src/monitor/server/monitor-metrics.ts'

const root = join(import.meta.dirname, '..', '..')
const folder = join(root, 'deploy')
const textOf = (...parts: readonly string[]): string => readFileSync(join(folder, ...parts), 'utf8')

/** A tool that `npm test` brings; without it a check would be none, so its absence is a failure. */
function tool(...places: readonly string[]): string {
  const found = places.find((place) => existsSync(place) || spawnSync(place, ['--version']).error === undefined)
  if (found === undefined) throw new Error(`${places.at(-1)} is missing: node deploy/prepare.mjs tests brings it`)
  return found
}
const python = (name: string): string => join(root, '.tools', 'python', 'bin', name)
const promtool = (): string => tool(join(root, '.tools', 'prometheus', 'usr', 'bin', 'promtool'), 'promtool')

/** Runs a tool on deploy/; answers what it said, whether or not it was content. */
function ran(command: string, ...parameters: readonly string[]): { status: number | null; said: string } {
  const { status, stdout, stderr } = spawnSync(command, parameters, { cwd: folder, encoding: 'utf8' })
  return { status, said: `${stdout}${stderr}` }
}

describe('compose.yaml', () => {
  const config = (): { services: Record<string, { image?: string; command?: string[]; user?: string }> } =>
    JSON.parse(
      execFileSync(python('python'), ['-c', 'import json, sys, yaml; print(json.dumps(yaml.safe_load(sys.stdin)))'], {
        input: execFileSync(tool(python('docker-compose')), ['-f', 'compose.yaml', 'config'], { cwd: folder }),
      }).toString(),
    ) as ReturnType<typeof config>

  it('is valid for docker-compose and brings what a day needs', () => {
    const names = Object.keys(config().services)
    for (const name of ['kafka', 'questdb', 'close', 'model', 'sink', 'monitor', 'serve', 'prometheus', 'grafana']) {
      expect(names).toContain(name)
    }
  })

  it('runs Kafka and QuestDB in the versions that the tests run', () => {
    const pom = textOf('services', 'pom.xml')
    const pinned = (name: string): string => new RegExp(`<${name}.version>(.*)</`).exec(pom)?.[1] ?? ''
    const { services } = config()
    expect(services['kafka'].image).toBe(`apache/kafka:${pinned('kafka')}`)
    expect(services['questdb'].image).toBe(`questdb/questdb:${pinned('questdb')}`)
  })

  it('starts every worker by a command line that the program takes', async () => {
    const workers = Object.entries(config().services).filter(([, { image }]) => image?.startsWith('closebell:'))
    const lines = workers.flatMap(([, { command }]) => (command === undefined ? [] : [command.join(' ')]))
    expect(lines.length).toBeGreaterThan(6)
    for (const line of lines) expect([line, await parsed(line)]).toEqual([line, line.split(' ')[0]])
  })
})

describe('Dockerfile', () => {
  it('pleases its linter', () => {
    const { status, said } = ran(tool(python('hadolint')), 'Dockerfile')
    expect([status, said]).toEqual([0, ''])
  })

  it('ends each of its two targets as another user than root, with a check of its health', () => {
    const stages = textOf('Dockerfile').split(/^FROM /m)
    for (const target of ['cpu', 'gpu']) {
      const stage = stages.find((text) => new RegExp(`^\\S+ AS ${target}\\n`).test(text)) ?? ''
      expect([target, /^USER 10001:10001$/m.test(stage), /^HEALTHCHECK /m.test(stage)]).toEqual([target, true, true])
    }
  })
})

describe('Prometheus', () => {
  it('takes configuration and rules, and the rules fire as their tests say', () => {
    for (const check of [
      ['check', 'config', '--syntax-only', 'prometheus/prometheus.yml'],
      ['check', 'rules', 'prometheus/alerts.yml'],
      ['test', 'rules', 'prometheus/alerts.test.yml'],
    ]) {
      const { status, said } = ran(promtool(), ...check)
      expect([check, status, said]).toEqual([check, 0, said])
    }
  })

  const rules = [...textOf('prometheus', 'alerts.yml').matchAll(/- alert: (\w+)\n\s+expr: (.*)\n/g)].map(
    ([, name, expression]) => ({ name, expression }),
  )

  it('has the limits of the one table: amber past green, red past amber', () => {
    const measures = (Object.keys(limits) as Measure[]).filter((measure) => measure !== 'clock')
    for (const measure of measures) {
      const { green, amber, better }: Limit = limits[measure]
      for (const [colour, limit] of [
        ['Amber', green],
        ['Red', amber],
      ] as const) {
        const name = `Closebell${measure[0].toUpperCase()}${measure.slice(1)}${colour}`
        const expression = rules.find((rule) => rule.name === name)?.expression ?? ''
        const [, sign, value] = / ([<>]) (\S+)$/.exec(expression) ?? []
        expect([name, sign, Number(value)]).toEqual([name, better === 'less' ? '>' : '<', limit])
      }
    }
  })

  it('asks for metrics that the monitor has, as does the dashboard', () => {
    const dashboard = JSON.parse(textOf('grafana', 'dashboards', 'closebell.json')) as {
      panels: { targets: { expr: string }[] }[]
    }
    const asked = dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr))
    const expressions = [...asked, ...rules.map(({ expression }) => expression)]
    const names = expressions.flatMap((expression) => expression.match(/closebell_\w+/g) ?? [])
    expect(names.length).toBeGreaterThan(20)
    expect([...new Set(names)].filter((name) => !metricNames.includes(name))).toEqual([])
  })

  it('sends every alert to an entry of the runbook', () => {
    const headings = [...textOf('RUNBOOK.md').matchAll(/^## (.*)$/gm)].map(([, heading]) =>
      heading.toLowerCase().replaceAll(' ', '-'),
    )
    const entries = [...textOf('prometheus', 'alerts.yml').matchAll(/runbook: RUNBOOK\.md#(\S+)/g)].map(([, to]) => to)
    expect(entries).toHaveLength(rules.length)
    expect(entries.filter((entry) => !headings.includes(entry))).toEqual([])
  })
})

/** The command that commander finds in a line, without running it. */
async function parsed(line: string): Promise<string> {
  let reached = ''
  const act: Act =
    () =>
    async (...words) => {
      const command = words.at(-1) as { name(): string; parent: { name(): string } | null }
      reached = command.name()
      if (command.parent !== null && command.parent.name() !== 'closebell') reached = command.parent.name()
    }
  await buildProgram(act).parseAsync(line.split(' '), { from: 'user' })
  return reached
}

describe('RUNBOOK.md', () => {
  const text = textOf('RUNBOOK.md')
  const lines = [...text.matchAll(/^(closebell .*)$|`(closebell [a-z][^`]*)`/gm)].map(
    ([, own, quoted]) => own ?? quoted,
  )

  it('names what an operator meets: start of day, late close, gap, replay, restore, roll back a model', () => {
    for (const heading of ['Start of day', 'Late close', 'Gap', 'Replay', 'Restore', 'Roll back a model']) {
      expect(text).toContain(`\n## ${heading}\n`)
    }
  })

  it.each([...new Set(lines)])('%s is a command of this program', async (line) => {
    if (line === 'closebell feed cn-l2') return // The name of a command in running text, without its operand.
    expect(await parsed(line.replace(/^closebell /, ''))).toBe(line.split(' ')[1])
  })

  it('names services that compose.yaml has', () => {
    const compose = textOf('compose.yaml')
    for (const [, name] of text.matchAll(/docker compose .* (?:restart|run --rm) ([\w-]+)/g)) {
      expect([name, compose.includes(`\n  ${name}:\n`)]).toEqual([name, true])
    }
  })
})
