import { accessInForce } from '../../compose/access.ts'
import { settingNames } from '../../compose/setting-names.ts'
import type { Register } from '../act.ts'
import { describe, withSettings } from '../flags.ts'

export const registerConfig: Register = (program, act) => {
  const command = describe(
    program.command('config'),
    'Print every setting that is in force and where it comes from.',
    'closebell config',
    'CLOSEBELL_PARTITIONS=7 closebell config --json',
  )
  withSettings(command, ...settingNames.map(({ key }) => key)).action(
    act(async ({ settings, origins, answer }) => {
      const { table } = await import('../table.ts')
      const rows = [
        ...settingNames.map(({ key, flag, variable }) => ({
          setting: key,
          value: settings[key],
          ...origins[key],
          flag,
          variable,
        })),
        ...accessInForce(process.env),
      ]
      answer(Object.fromEntries(rows.map(({ setting, ...row }) => [setting, row])), () =>
        table(
          ['setting', 'value', 'source', 'variable'].map((name) => ({ name, align: 'left' as const })),
          rows.map(({ setting, value, source, place, variable }) => [
            setting,
            String(value),
            place === '' || source === 'variable' ? source : `${source} ${place}`,
            variable,
          ]),
        ),
      )
    }),
  )
}
