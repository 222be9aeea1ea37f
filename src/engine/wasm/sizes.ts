import type { Machine } from './machine.ts'

/** Sizes that the kernels are built with: models/kernels/product.h. */

/** Rows of a block. */
export const block = 32
/** Partial sums over the rows. */
export const parts = 16

/** Columns in whole panels. */
export const padded = (machine: Machine, columns: number): number => Math.ceil(columns / machine.lanes) * machine.lanes
