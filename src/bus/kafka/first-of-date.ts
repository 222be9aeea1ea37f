/**
 * So many records of an earlier date may stand behind the first ones of a date: two who publish at the same time, as
 * `open` and the correction of an earlier day do, do not know of each other.
 */
const straysMax = 4

/**
 * Offset of the first record in [first, next) whose date is `date` or later; `next` when there is none. Dates never
 * fall along the records, but for strays.
 */
export async function firstOfDate(
  dateAt: (offset: number) => Promise<string>,
  first: number,
  next: number,
  date: string,
): Promise<number> {
  let low = first
  let high = next
  while (low < high) {
    const middle = Math.floor((low + high) / 2)
    if ((await dateAt(middle)) >= date) high = middle
    else low = middle + 1
  }
  // What stands right before is of an earlier date: the end of the dates before, or a stray.
  for (let offset = low - 2; offset >= Math.max(first, low - 1 - straysMax); offset--)
    if ((await dateAt(offset)) >= date) return firstOfDate(dateAt, first, offset, date)
  return low
}
