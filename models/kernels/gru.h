// The reset-after GRU. A block of rows runs all its steps on one thread, the weights of one panel in the nearest
// cache. Gates lie as n r z u, `width` columns each (u: U_n h + c_n), so that both the three that x enters and the
// three that h enters lie side by side.
#pragma once
#include "pool.h"
#include "product.h"

typedef struct {
  int n, steps, features, size, width;
  const real *x, *mask;
  // Panels of gate n (features rows), r and z (features + size), u (size).
  const real *panels, *bias;
  // Kept for the way back: [T, n, 4 width] and [T + 1, n, width]; without them the thread's own scratch is used.
  real *gates, *states;
  real *scratch;
  // State before the first day [n, size]; zero without it.
  const real *before;
  real *h;
} gru_forward_job;

static void pack_gru(const gru_forward_job *job, const real *input, const real *hidden, const real *input_bias,
                     const real *hidden_bias, real *panels, real *bias) {
  const int f = job->features, size = job->size, width = job->width;
  real *reset = panels + width * f, *update = reset + width * (f + size), *product = update + width * (f + size);
  const int apart = (f + size) * PANEL;
  pack_transposed(input + 2 * size * f, size, f, panels, f * PANEL);
  pack_transposed(input, size, f, reset, apart);
  pack_transposed(hidden, size, size, reset + f * PANEL, apart);
  pack_transposed(input + size * f, size, f, update, apart);
  pack_transposed(hidden + size * size, size, size, update + f * PANEL, apart);
  pack_transposed(hidden + 2 * size * size, size, size, product, size * PANEL);
  for (int c = 0; c < width; c++) {
    const int inside = c < size;
    bias[c] = inside ? input_bias[2 * size + c] : 0;
    bias[width + c] = inside ? input_bias[c] + hidden_bias[c] : 0;
    bias[2 * width + c] = inside ? input_bias[size + c] + hidden_bias[size + c] : 0;
    bias[3 * width + c] = inside ? hidden_bias[2 * size + c] : 0;
  }
}

// Sums of all four gates of `rows` rows.
static void gate_sums(const gru_forward_job *job, int rows, const real *x, const real *h, real *gates) {
  const int f = job->features, size = job->size, width = job->width;
  const real *panels = job->panels;
  for (int gate = 0; gate < 4; gate++) {
    const int by_x = gate < 3 ? f : 0, by_h = gate > 0 ? size : 0;
    for (int column = 0; column < width; column += PANEL) {
      const factors input = {x, f, 1, panels, PANEL, by_x};
      const factors state = {h, width, 1, panels + by_x * PANEL, PANEL, by_h};
      const int at = gate * width + column;
      panel(rows, gates + at, 4 * width, job->bias + at, 0, input, state);
      panels += (by_x + by_h) * PANEL;
    }
  }
}

// h' = h + m (1 - z) (n - h), so that a masked day keeps the bits of h; the sums become the gates.
static void step_forward(int rows, int width, const real *mask, real *gates, const real *before, real *after) {
  for (int row = 0; row < rows; row++) {
    real *n = gates + row * 4 * width, *r = n + width, *z = r + width, *u = z + width;
    for (int c = 0; c < width; c += LANES) {
      const vec reset = vsigmoid(load(r + c)), update = vsigmoid(load(z + c));
      const vec candidate = vtanh(load(n + c) + reset * load(u + c));
      const vec h = load(before + row * width + c);
      store(after + row * width + c, h + mask[row] * ((real)1 - update) * (candidate - h));
      store(n + c, candidate);
      store(r + c, reset);
      store(z + c, update);
    }
  }
}

static void gru_forward_block(const void *given, int block, int thread) {
  const gru_forward_job *job = given;
  const int n = job->n, width = job->width;
  const range at = block_of(block, n);
  const int first = at.first, rows = at.rows;
  real *own = job->scratch + thread * BLOCK * 5 * width;
  real *state = job->states ? job->states + first * width : own + BLOCK * 4 * width;
  __builtin_memset(state, 0, rows * width * sizeof(real));
  for (int row = 0; job->before && row < rows; row++)
    __builtin_memcpy(state + row * width, job->before + (first + row) * job->size, job->size * sizeof(real));
  for (int t = 0; t < job->steps; t++) {
    real *gates = job->gates ? job->gates + (t * n + first) * 4 * width : own;
    real *after = job->states ? state + n * width : state;
    gate_sums(job, rows, job->x + (t * n + first) * job->features, state, gates);
    step_forward(rows, width, job->mask + t * n + first, gates, state, after);
    state = after;
  }
  for (int row = 0; row < rows; row++)
    __builtin_memcpy(job->h + (first + row) * job->size, state + row * width, job->size * sizeof(real));
}

// panels: 4 width (features + size), bias: 4 width, scratch: 5 width BLOCK for each thread where nothing is kept.
void gru_forward(int n, int steps, int features, int size, const real *x, const real *mask, const real *input,
                 const real *hidden, const real *input_bias, const real *hidden_bias, real *panels, real *bias,
                 real *gates, real *states, real *scratch, const real *before, real *h) {
  const gru_forward_job job = {
    n, steps, features, size, rounded_up(size, PANEL), x, mask, panels, bias, gates, states, scratch, before, h,
  };
  pack_gru(&job, input, hidden, input_bias, hidden_bias, panels, bias);
  run_tasks(gru_forward_block, &job, blocks_of(n));
}

typedef struct {
  int n, steps, features, size, width;
  // Columns of x in whole panels.
  int x_width;
  const real *x, *mask, *gates, *states;
  // Panels of the hidden weights of r, z, u, each gate padded to `width` rows.
  const real *panels;
  const real *dh;
  // Of each thread, BLOCK (4 width + width).
  real *scratch;
  // Of each part: n r z by x [3 width, x_width], r z u by h [3 width, width], the biases' n r z u [4 width].
  real *parts;
  int apart;
} gru_backward_job;

// Gradients of the four sums of each row; dh becomes that of the state before, but for the part through the sums.
static void step_backward(int rows, int width, const real *mask, const real *gates, const real *before, real *d,
                          real *dh) {
  const real one = constants.one;
  for (int row = 0; row < rows; row++) {
    const real *n = gates + row * 4 * width, *r = n + width, *z = r + width, *u = z + width;
    real *to = d + row * 4 * width;
    for (int c = 0; c < width; c += LANES) {
      const vec candidate = load(n + c), reset = load(r + c), update = load(z + c), after = load(dh + row * width + c);
      const vec kept = after * mask[row], moved = kept * (one - update);
      const vec dn = moved * (one - candidate * candidate);
      store(to + c, dn);
      store(to + width + c, dn * load(u + c) * reset * (one - reset));
      store(to + 2 * width + c, kept * (load(before + row * width + c) - candidate) * update * (one - update));
      store(to + 3 * width + c, dn * reset);
      store(dh + row * width + c, after - moved);
    }
  }
}

static void gru_backward_part(const void *given, int part, int thread) {
  const gru_backward_job *job = given;
  const int n = job->n, f = job->features, width = job->width, x_width = job->x_width;
  real *d = job->scratch + thread * BLOCK * 5 * width, *dh = d + BLOCK * 4 * width;
  real *by_x = job->parts + part * job->apart, *by_h = by_x + 3 * width * x_width, *bias = by_h + 3 * width * width;
  __builtin_memset(by_x, 0, job->apart * sizeof(real));
  EACH_BLOCK(block, part, n) {
    const range at = block_of(block, n);
    __builtin_memset(dh, 0, at.rows * width * sizeof(real));
    for (int row = 0; row < at.rows; row++)
      __builtin_memcpy(dh + row * width, job->dh + (at.first + row) * job->size, job->size * sizeof(real));
    for (int t = job->steps - 1; t >= 0; t--) {
      const int first = t * n + at.first;
      const real *before = job->states + first * width;
      step_backward(at.rows, width, job->mask + first, job->gates + first * 4 * width, before, d, dh);
      multiply(at.rows, dh, width, dh, width, d + width, 4 * width, job->panels, 3 * width, width);
      add_transposed(at.rows, by_x, x_width, d, 4 * width, 3 * width, job->x + first * f, f, x_width);
      add_transposed(at.rows, by_h, width, d + width, 4 * width, 3 * width, before, width, width);
      add_column_sums(at.rows, bias, d, 4 * width, 4 * width);
    }
  }
}

// panels: 3 width width, parts: PARTS (3 width (x_width + width) + 4 width).
void gru_backward(int n, int steps, int features, int size, const real *x, const real *mask, const real *hidden,
                  const real *gates, const real *states, const real *dh, real *panels, real *scratch, real *parts,
                  real *d_input, real *d_hidden, real *d_input_bias, real *d_hidden_bias) {
  const int width = rounded_up(size, PANEL), x_width = rounded_up(features, PANEL);
  const int apart = 3 * width * (x_width + width) + 4 * width;
  const gru_backward_job job = {
    n, steps, features, size, width, x_width, x, mask, gates, states, panels, dh, scratch, parts, apart,
  };
  for (int gate = 0; gate < 3; gate++)
    pack_rows(hidden + gate * size * size, size, size, panels, 3 * width, gate * width);
  run_tasks(gru_backward_part, &job, PARTS);
  // Gates of the port lie r z n; the parts hold n r z by x, r z u by h, and biases n r z u.
  const real *by_h = parts + 3 * width * x_width, *bias = by_h + 3 * width * width;
  for (int gate = 0; gate < 3; gate++) {
    const int by_x = (gate + 1) % 3;
    add_parts(d_input + gate * size * features, size, features, parts + by_x * width * x_width, apart, x_width);
    add_parts(d_hidden + gate * size * size, size, size, by_h + gate * width * width, apart, width);
    add_parts(d_input_bias + gate * size, 1, size, bias + by_x * width, apart, 0);
    add_parts(d_hidden_bias + gate * size, 1, size, bias + (gate + 1) * width, apart, 0);
  }
}
