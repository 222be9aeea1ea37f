import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** Files that take minutes: begun last, one of them would run on alone. */
const longest = [
  'test/readme/readme.test.ts',
  'test/checks/planted-signal.test.ts',
  'test/faults/real-schedules.test.ts',
  'test/faults/world.test.ts',
  'test/versions/node-versions.test.ts',
]

/** Begins with the files that take longest, so that both cores have work until the end. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification): number => {
      const place = longest.findIndex((name) => moduleId.endsWith(name))
      return place < 0 ? longest.length : place
    }
    return (await super.sort(files)).sort((a, b) => rank(a) - rank(b))
  }
}
