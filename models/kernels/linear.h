// Linear layers, and what goes element by element.
#pragma once
#include "pool.h"
#include "product.h"

typedef struct {
  int rows, inputs, outputs;
  const real *x, *weight, *panels, *bias, *dy;
  // Of each thread, one block of the widest rows.
  real *scratch;
  int scratch_row;
  real *y, *dx;
  // Of each part: [outputs, inputs] and [outputs] in whole panels.
  real *parts;
  int apart;
} linear_job;

static void copy_rows(real *to, int columns, const real *from, int from_row, int rows) {
  for (int row = 0; row < rows; row++)
    __builtin_memcpy(to + row * columns, from + row * from_row, columns * sizeof(real));
}

static void linear_block(const void *given, int block, int thread) {
  const linear_job *job = given;
  const range at = block_of(block, job->rows);
  const int width = job->scratch_row;
  real *own = job->scratch + thread * BLOCK * width;
  multiply(at.rows, own, width, job->bias, 0, job->x + at.first * job->inputs, job->inputs, job->panels, job->inputs,
           width);
  copy_rows(job->y + at.first * job->outputs, job->outputs, own, width, at.rows);
}

// panels: inputs · width, padded: width, scratch: width BLOCK for each thread; width: outputs in whole panels.
void linear(int rows, int inputs, int outputs, const real *x, const real *weight, const real *bias, real *panels,
            real *padded, real *scratch, real *y) {
  const int width = rounded_up(outputs, PANEL);
  const linear_job job = {
    .rows = rows, .inputs = inputs, .outputs = outputs, .x = x, .panels = panels, .bias = padded, .scratch = scratch,
    .scratch_row = width, .y = y,
  };
  pack_transposed(weight, outputs, inputs, panels, inputs * PANEL);
  for (int c = 0; c < width; c++) padded[c] = c < outputs ? bias[c] : 0;
  run_tasks(linear_block, &job, blocks_of(rows));
}

static void linear_part(const void *given, int part, int thread) {
  const linear_job *job = given;
  const int inputs = job->inputs, outputs = job->outputs, width = job->scratch_row;
  real *own = job->scratch + thread * BLOCK * width, *by_weight = job->parts + part * job->apart;
  real *by_bias = by_weight + rounded_up(outputs, PANEL) * width;
  __builtin_memset(by_weight, 0, job->apart * sizeof(real));
  EACH_BLOCK(block, part, job->rows) {
    const range at = block_of(block, job->rows);
    const real *dy = job->dy + at.first * outputs;
    multiply(at.rows, own, width, 0, 0, dy, outputs, job->panels, outputs, width);
    copy_rows(job->dx + at.first * inputs, inputs, own, width, at.rows);
    add_transposed(at.rows, by_weight, width, dy, outputs, outputs, job->x + at.first * inputs, inputs, width);
    add_column_sums(at.rows, by_bias, dy, outputs, outputs);
  }
}

// panels: outputs width, scratch: width BLOCK for each thread, parts: PARTS padded outputs (width + 1); width: inputs.
void linear_backward(int rows, int inputs, int outputs, const real *x, const real *weight, const real *dy, real *panels,
                     real *scratch, real *parts, real *dx, real *d_weight, real *d_bias) {
  const int width = rounded_up(inputs, PANEL), height = rounded_up(outputs, PANEL), apart = height * (width + 1);
  const linear_job job = {
    rows, inputs, outputs, x, weight, panels, 0, dy, scratch, width, 0, dx, parts, apart,
  };
  pack_rows(weight, outputs, inputs, panels, outputs, 0);
  run_tasks(linear_part, &job, PARTS);
  add_parts(d_weight, outputs, inputs, parts, apart, width);
  add_parts(d_bias, 1, outputs, parts + height * width, apart, 0);
}

// NaN stays NaN.
void relu(int count, const real *x, real *y) {
  for (int c = 0; c < count; c++) y[c] = x[c] < 0 ? 0 : x[c];
}

void relu_backward(int count, const real *y, const real *dy, real *dx) {
  for (int c = 0; c < count; c++) dx[c] = y[c] > 0 ? dy[c] : 0;
}

void scale(int count, const real *x, double factor, real *y) {
  for (int c = 0; c < count; c++) y[c] = (real)factor * x[c];
}

void add_scaled(int count, const real *x, double factor, real *y) {
  for (int c = 0; c < count; c++) y[c] += (real)factor * x[c];
}

double dot(int count, const real *a, const real *b) {
  double sum = 0;
  for (int c = 0; c < count; c++) sum += (double)a[c] * (double)b[c];
  return sum;
}

// Columns [first, first + count) of rows of `wide`.
void put_columns(int rows, int count, const real *narrow, real *wide, int wide_row, int first) {
  for (int row = 0; row < rows; row++)
    __builtin_memcpy(wide + row * wide_row + first, narrow + row * count, count * sizeof(real));
}

void take_columns(int rows, int count, real *narrow, const real *wide, int wide_row, int first) {
  copy_rows(narrow, count, wide + first, wide_row, rows);
}
