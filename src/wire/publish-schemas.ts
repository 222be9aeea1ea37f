import { writeFileSync } from 'node:fs'
import { allSchemas, publishedSchema } from './index.ts'

/**
 * `npm run schemas:publish`: writes schemas/published for readers in other languages; released files never change but
 * by defaulted columns.
 */
for (const schema of allSchemas) {
  writeFileSync(new URL(`../../../schemas/published/${schema.name}.v1.avsc`, import.meta.url), publishedSchema(schema))
}
