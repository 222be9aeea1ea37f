import { ClosebellError } from '../../schemas/errors.ts'

/** The token of a server; null where no file of one is named. @throws ClosebellError CB_ABSENT */
export async function readToken(file: string | undefined): Promise<string | null> {
  if (file === undefined) return null
  const { readFile } = await import('node:fs/promises')
  try {
    return (await readFile(file, 'utf8')).trim()
  } catch (cause) {
    throw new ClosebellError('CB_ABSENT', `the token file ${file} cannot be read`, { cause })
  }
}
