// Graph attention over neighbour lists, slot 0 the name itself, -1 = none; the score is factorised into one number per
// name on either side. On the way back each name collects from the edges that point to it, in the order of the edges,
// so that no two threads add to one row.
#pragma once
#include "pool.h"
#include "product.h"

typedef struct {
  // width: heads · size in whole panels.
  int n, slots, heads, size, width;
  real slope;
  const real *h;
  // [n, slots]
  const int *index;
  const real *panels, *left, *right;
  // W h [n, width], a_L · W h and a_R · W h [n, heads], α [n, slots, heads], ELU(Σ α W h) [n, width]
  real *projected, *left_scores, *right_scores, *attention, *activated;
  real *z;
} gat_job;

INLINE real dot_product(const real *a, const real *b, int count) {
  vec sums = {};
  int c = 0;
  for (; c + LANES <= count; c += LANES) sums += load(a + c) * load(b + c);
  real sum = 0;
  for (; c < count; c++) sum += a[c] * b[c];
  for (int lane = 0; lane < LANES; lane++) sum += sums[lane];
  return sum;
}

INLINE void add_times(real *restrict to, real factor, const real *restrict from, int count) {
  int c = 0;
  for (; c + LANES <= count; c += LANES) store(to + c, load(to + c) + factor * load(from + c));
  for (; c < count; c++) to[c] += factor * from[c];
}

static void gat_project(const void *given, int block, int thread) {
  (void)thread;
  const gat_job *job = given;
  const int heads = job->heads, size = job->size, width = job->width, count = heads * size;
  const range at = block_of(block, job->n);
  real *projected = job->projected + at.first * width;
  multiply(at.rows, projected, width, 0, 0, job->h + at.first * count, count, job->panels, count, width);
  for (int i = at.first; i < at.first + at.rows; i++) {
    for (int head = 0; head < heads; head++) {
      const real *own = job->projected + i * width + head * size;
      job->left_scores[i * heads + head] = dot_product(own, job->left + head * size, size);
      job->right_scores[i * heads + head] = dot_product(own, job->right + head * size, size);
    }
  }
}

// α of one name.
static void attend(const gat_job *job, int i) {
  const int slots = job->slots, heads = job->heads;
  const int *index = job->index + i * slots;
  real *attention = job->attention + i * slots * heads;
  for (int head = 0; head < heads; head++) {
    const real own = job->left_scores[i * heads + head];
    real largest = 0;
    for (int slot = 0; slot < slots; slot++) {
      if (index[slot] < 0) continue;
      const real raw = own + job->right_scores[index[slot] * heads + head];
      const real score = raw > 0 ? raw : raw * job->slope;
      attention[slot * heads + head] = score;
      if (slot == 0 || score > largest) largest = score;
    }
    for (int slot = 0; slot < slots; slot++) attention[slot * heads + head] -= largest;
  }
  int c = 0;
  for (; c + LANES <= slots * heads; c += LANES) store(attention + c, vexp(load(attention + c)));
  if (c < slots * heads) {
    real rest[LANES] = {};
    for (int lane = 0; c + lane < slots * heads; lane++) rest[lane] = attention[c + lane];
    store(rest, vexp(load(rest)));
    for (int lane = 0; c + lane < slots * heads; lane++) attention[c + lane] = rest[lane];
  }
  for (int head = 0; head < heads; head++) {
    real total = 0;
    for (int slot = 0; slot < slots; slot++) {
      real *power = attention + slot * heads + head;
      if (index[slot] < 0) *power = 0;
      total += *power;
    }
    for (int slot = 0; slot < slots; slot++) attention[slot * heads + head] /= total;
  }
}

static void gat_attend(const void *given, int block, int thread) {
  (void)thread;
  const gat_job *job = given;
  const int slots = job->slots, heads = job->heads, size = job->size, width = job->width, count = heads * size;
  const range at = block_of(block, job->n);
  for (int i = at.first; i < at.first + at.rows; i++) {
    attend(job, i);
    real *sum = job->activated + i * width;
    __builtin_memset(sum, 0, width * sizeof(real));
    for (int slot = 0; slot < slots; slot++) {
      const int neighbour = job->index[i * slots + slot];
      if (neighbour < 0) continue;
      for (int head = 0; head < heads; head++) {
        const real weight = job->attention[(i * slots + slot) * heads + head];
        add_times(sum + head * size, weight, job->projected + neighbour * width + head * size, size);
      }
    }
    for (int c = 0; c < width; c += LANES) {
      const vec v = load(sum + c);
      const power e = exponential(v);
      store(sum + c, choose((lanes)(v < 0), e.scale * e.part + (e.scale - constants.one), v));
    }
    for (int c = 0; c < count; c++) job->z[i * count + c] = sum[c] + job->h[i * count + c];
  }
}

// panels: count width; width: count = heads · size in whole panels.
void gat_forward(int n, int slots, int heads, int size, double slope, const real *h, const int *index,
                 const real *weight, const real *left, const real *right, real *panels, real *projected,
                 real *left_scores, real *right_scores, real *attention, real *activated, real *z) {
  const int count = heads * size, width = rounded_up(count, PANEL);
  const gat_job job = {
    n, slots, heads, size, width, (real)slope, h, index, panels, left, right, projected, left_scores, right_scores,
    attention, activated, z,
  };
  pack_transposed(weight, count, count, panels, count * PANEL);
  run_tasks(gat_project, &job, blocks_of(n));
  run_tasks(gat_attend, &job, blocks_of(n));
}

typedef struct {
  int n, slots, heads, size, width;
  real slope;
  const real *h;
  const int *index;
  // Edges into name j are edges[starts[j]..starts[j + 1]), each slots · i + slot, ascending.
  const int *starts, *edges;
  const real *panels, *left, *right;
  const real *projected, *left_scores, *right_scores, *attention, *activated;
  const real *dz;
  // Of Σ α W h [n, width], of the score of each edge [n, slots, heads], of left_scores [n, heads]
  real *d_sum, *d_scores, *d_left_scores;
  // Of each thread, 2 BLOCK width.
  real *scratch;
  // Of each part: [width, width], then d_left and d_right, `width` each.
  real *parts;
  int apart;
  real *dh;
} gat_backward_job;

// A softmax feels no shift: left_scores has a gradient only where LeakyReLU bends among the edges of a name. Taking the
// bend of the self loop away first leaves exactly 0 where there is none, instead of rounding.
static void score_gradients(const gat_backward_job *job, int i) {
  const int slots = job->slots, heads = job->heads, size = job->size, width = job->width;
  const int *index = job->index + i * slots;
  for (int head = 0; head < heads; head++) {
    const real *d = job->d_sum + i * width + head * size;
    const real *attention = job->attention + i * slots * heads + head;
    real *to = job->d_scores + i * slots * heads + head;
    const real own = job->left_scores[i * heads + head];
    real mean = 0;
    for (int slot = 0; slot < slots; slot++) {
      if (index[slot] < 0) continue;
      const real reached = dot_product(d, job->projected + index[slot] * width + head * size, size);
      to[slot * heads] = reached;
      mean += attention[slot * heads] * reached;
    }
    const real straight = own + job->right_scores[i * heads + head] > 0 ? 1 : job->slope;
    real bent = 0;
    for (int slot = 0; slot < slots; slot++) {
      if (index[slot] < 0) continue;
      const real steep = own + job->right_scores[index[slot] * heads + head] > 0 ? 1 : job->slope;
      const real ahead = attention[slot * heads] * (to[slot * heads] - mean);
      bent += ahead * (steep - straight);
      to[slot * heads] = ahead * steep;
    }
    job->d_left_scores[i * heads + head] = bent;
  }
}

static void gat_backward_block(const void *given, int block, int thread) {
  (void)thread;
  const gat_backward_job *job = given;
  const int width = job->width, count = job->heads * job->size;
  const range at = block_of(block, job->n);
  for (int i = at.first; i < at.first + at.rows; i++) {
    for (int c = 0; c < count; c++) {
      const real active = job->activated[i * width + c];
      job->d_sum[i * width + c] = job->dz[i * count + c] * (active < 0 ? active + 1 : 1);
    }
    score_gradients(job, i);
  }
}

// Gradient of W h_j, [width], from the edges that point to j; adds to those of the two vectors.
static void collect(const gat_backward_job *job, int j, real *d, real *d_left, real *d_right) {
  const int slots = job->slots, heads = job->heads, size = job->size, width = job->width;
  const real *projected = job->projected + j * width;
  __builtin_memset(d, 0, width * sizeof(real));
  for (int head = 0; head < heads; head++) {
    const int at = head * size;
    real right = 0;
    for (int e = job->starts[j]; e < job->starts[j + 1]; e++) {
      const int edge = job->edges[e];
      right += job->d_scores[edge * heads + head];
      add_times(d + at, job->attention[edge * heads + head], job->d_sum + edge / slots * width + at, size);
    }
    const real left = job->d_left_scores[j * heads + head];
    add_times(d + at, left, job->left + at, size);
    add_times(d + at, right, job->right + at, size);
    add_times(d_left + at, left, projected + at, size);
    add_times(d_right + at, right, projected + at, size);
  }
}

static void gat_backward_part(const void *given, int part, int thread) {
  const gat_backward_job *job = given;
  const int width = job->width, count = job->heads * job->size;
  real *d = job->scratch + thread * 2 * BLOCK * width, *by_h = d + BLOCK * width;
  real *by_weight = job->parts + part * job->apart, *by_left = by_weight + width * width, *by_right = by_left + width;
  __builtin_memset(by_weight, 0, job->apart * sizeof(real));
  EACH_BLOCK(block, part, job->n) {
    const range at = block_of(block, job->n);
    for (int row = 0; row < at.rows; row++) collect(job, at.first + row, d + row * width, by_left, by_right);
    multiply(at.rows, by_h, width, 0, 0, d, width, job->panels, count, width);
    for (int row = 0; row < at.rows; row++) {
      const int i = (at.first + row) * count;
      for (int c = 0; c < count; c++) job->dh[i + c] = job->dz[i + c] + by_h[row * width + c];
    }
    add_transposed(at.rows, by_weight, width, d, width, count, job->h + at.first * count, count, width);
  }
}

// panels: count width, scratch: 2 BLOCK width for each thread, parts: PARTS width (width + 2).
void gat_backward(int n, int slots, int heads, int size, double slope, const real *h, const int *index,
                  const int *starts, const int *edges, const real *weight, const real *left, const real *right,
                  const real *projected, const real *left_scores, const real *right_scores, const real *attention,
                  const real *activated, const real *dz, real *panels, real *d_sum, real *d_scores,
                  real *d_left_scores, real *scratch, real *parts, real *dh, real *d_weight, real *d_left,
                  real *d_right) {
  const int count = heads * size, width = rounded_up(count, PANEL), apart = width * (width + 2);
  const gat_backward_job job = {
    n, slots, heads, size, width, (real)slope, h, index, starts, edges, panels, left, right, projected, left_scores,
    right_scores, attention, activated, dz, d_sum, d_scores, d_left_scores, scratch, parts, apart, dh,
  };
  pack_rows(weight, count, count, panels, count, 0);
  run_tasks(gat_backward_block, &job, blocks_of(n));
  run_tasks(gat_backward_part, &job, PARTS);
  add_parts(d_weight, count, count, parts, apart, width);
  add_parts(d_left, 1, count, parts + width * width, apart, 0);
  add_parts(d_right, 1, count, parts + width * width + width, apart, 0);
}
