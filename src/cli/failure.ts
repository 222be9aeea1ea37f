import { CommanderError } from 'commander'
import { ClosebellError } from '../../schemas/errors.ts'

/** Whatever was thrown, as an error with a code, a fact and a remedy. */
export function asClosebellError(error: unknown): ClosebellError {
  if (error instanceof ClosebellError) return error
  if (error instanceof CommanderError) return misuse(error)
  const { message = String(error), code } = error as Partial<NodeJS.ErrnoException>
  if (code === 'ENOENT' || code === 'ENOTDIR') return new ClosebellError('CB_ABSENT', message, { cause: error })
  return new ClosebellError('CB_INTERNAL', message, { cause: error })
}

/** commander: "error: unknown option '--flow-sizes'\n(Did you mean --flow-size?)". */
function misuse({ code, message }: CommanderError): ClosebellError {
  if (code === 'commander.help') return new ClosebellError('CB_USAGE', 'a command is missing')
  const nearest = /\(Did you mean (?:one of )?([^?]*)\?\)/.exec(message)?.[1]
  const fact = message
    .replace(/\(Did you mean.*/s, '')
    .replace(/^error: /, '')
    .replace(/unknown option '(\S+)'/, 'unknown flag $1')
    .replace(/unknown command '(\S+)'/, 'unknown command $1')
    .replace(/option '(\S+)[^']*' argument ('.*') is invalid\. It/, '$1 $2')
    .replace(/required option '(.*)' not specified/, '$1 is missing')
    .trim()
    .replace(/\.$/, '')
  const remedy = nearest === undefined ? {} : { remedy: `The nearest is ${nearest.replace(/, ([^,]*)$/, ' or $1')}.` }
  return new ClosebellError('CB_USAGE', fact, remedy)
}

/** `CODE: fact. remedy` in one line, whatever a fact quotes. */
export const oneLine = (error: ClosebellError): string => error.message.replace(/\s+/g, ' ').trim()

export const exitCodeOf = ({ code }: ClosebellError): number => (code === 'CB_USAGE' ? 2 : 1)
