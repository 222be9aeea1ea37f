// Matrix products in tiles of four rows and PANEL columns that stay in registers. Every element is summed over k in
// order, so that its bits do not depend on the tile that it falls into.
#pragma once
#include "real.h"

#define PANEL LANES

// Rows that go through all steps together, their state and gates in the nearest caches.
#define BLOCK 32
// Sums over rows are made in so many parts, each of fixed blocks, and the parts added in order.
#define PARTS 16

// A product a · b over `count`: a by strides, b the first row of a panel, its rows `next` apart.
typedef struct {
  const real *a;
  int a_row;
  int a_k;
  const real *b;
  int next;
  int count;
} factors;

typedef struct {
  vec row0, row1, row2, row3;
} tile;

// sum[r] += Σ_k a[r, k] · b[k, 0..PANEL)
INLINE tile accumulate(tile sum, factors f, int row0, int row1, int row2, int row3) {
  const real *a0 = f.a + row0 * f.a_row, *a1 = f.a + row1 * f.a_row;
  const real *a2 = f.a + row2 * f.a_row, *a3 = f.a + row3 * f.a_row;
  for (int k = 0; k < f.count; k++) {
    const vec b = load(f.b + k * f.next);
    sum.row0 += a0[k * f.a_k] * b;
    sum.row1 += a1[k * f.a_k] * b;
    sum.row2 += a2[k * f.a_k] * b;
    sum.row3 += a3[k * f.a_k] * b;
  }
  return sum;
}

// One panel of columns: to = start + the two products; a start_row of 0 starts every row with the same values. Rows
// that the last tile lacks are its last one again.
INLINE void panel(int rows, real *to, int to_row, const real *start, int start_row, factors one, factors two) {
  for (int row = 0; row < rows; row += 4) {
    const int row1 = row + 1 < rows ? row + 1 : row, row2 = row + 2 < rows ? row + 2 : row1;
    const int row3 = row + 3 < rows ? row + 3 : row2;
    tile sum = {
      load(start + row * start_row),
      load(start + row1 * start_row),
      load(start + row2 * start_row),
      load(start + row3 * start_row),
    };
    sum = accumulate(sum, one, row, row1, row2, row3);
    sum = accumulate(sum, two, row, row1, row2, row3);
    store(to + row * to_row, sum.row0);
    store(to + row1 * to_row, sum.row1);
    store(to + row2 * to_row, sum.row2);
    store(to + row3 * to_row, sum.row3);
  }
}

// to = start + a · b for all panels of b, which have `columns` columns; without a start, a · b.
static void multiply(int rows, real *to, int to_row, const real *start, int start_row, const real *a, int a_row,
                     const real *panels, int count, int columns) {
  static const real zero[PANEL];
  const factors none = {a, 0, 0, panels, 0, 0};
  for (int column = 0; column < columns; column += PANEL) {
    const factors one = {a, a_row, 1, panels + column * count, PANEL, count};
    panel(rows, to + column, to_row, start ? start + column : zero, start ? start_row : 0, one, none);
  }
}

// to [count, columns] += aᵀ · b over `rows` rows; reads up to a panel past the ends of both, writes whole panels.
static void add_transposed(int rows, real *to, int to_row, const real *a, int a_row, int count, const real *b,
                           int b_row, int columns) {
  const factors none = {a, 0, 0, b, 0, 0};
  for (int column = 0; column < columns; column += PANEL) {
    const factors one = {a, 1, a_row, b + column, b_row, rows};
    panel(count, to + column, to_row, to + column, to_row, one, none);
  }
}

static void add_column_sums(int rows, real *to, const real *a, int a_row, int columns) {
  for (int row = 0; row < rows; row++)
    for (int c = 0; c < columns; c++) to[c] += a[row * a_row + c];
}

// Rows of w [size, count] become columns of panels, zeros where there are no more; panels lie `apart`.
static void pack_transposed(const real *w, int size, int count, real *to, int apart) {
  for (int column = 0; column < rounded_up(size, PANEL); column++) {
    real *panel_column = to + column / PANEL * apart + column % PANEL;
    for (int k = 0; k < count; k++) panel_column[k * PANEL] = column < size ? w[column * count + k] : 0;
  }
}

// Rows of w [count, size] become rows `first`.. of panels of `depth` rows; zeros where there are no more columns.
static void pack_rows(const real *w, int count, int size, real *to, int depth, int first) {
  for (int column = 0; column < rounded_up(size, PANEL); column++) {
    real *panel_column = to + column / PANEL * depth * PANEL + column % PANEL + first * PANEL;
    for (int k = 0; k < count; k++) panel_column[k * PANEL] = column < size ? w[k * size + column] : 0;
  }
}

// Sums of PARTS parts that lie `apart`, rows of `columns` elements out of rows of `part_row`.
static void add_parts(real *to, int rows, int columns, const real *parts, int apart, int part_row) {
  for (int row = 0; row < rows; row++) {
    for (int c = 0; c < columns; c++) {
      real sum = 0;
      for (int part = 0; part < PARTS; part++) sum += parts[part * apart + row * part_row + c];
      to[row * columns + c] = sum;
    }
  }
}

typedef struct {
  int first, rows;
} range;

INLINE range block_of(int block, int n) {
  const int first = block * BLOCK;
  return (range){first, n - first < BLOCK ? n - first : BLOCK};
}

INLINE int blocks_of(int n) {
  return (n + BLOCK - 1) / BLOCK;
}

// Blocks [first, last) of a part.
#define EACH_BLOCK(block, part, n) \
  for (int block = part * blocks_of(n) / PARTS, last = (part + 1) * blocks_of(n) / PARTS; block < last; block++)
