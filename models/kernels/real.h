// The number that the kernels compute in, f32 or with -DDOUBLE f64, in vectors of two registers. WebAssembly's SIMD has
// no fused multiply-add, so that every processor gives the same bits.
#pragma once

#ifdef DOUBLE
typedef double real;
typedef long long bits;
#define MANTISSA 52
#define TERMS 13
#else
typedef float real;
typedef int bits;
#define MANTISSA 23
#define TERMS 7
#endif

#define LANES ((int)(32 / sizeof(real)))
typedef real vec __attribute__((vector_size(32), aligned(sizeof(real))));
typedef bits lanes __attribute__((vector_size(32)));

#define INLINE static inline __attribute__((always_inline))

INLINE vec load(const real *from) {
  return *(const vec *)from;
}

INLINE void store(real *to, vec v) {
  *(vec *)to = v;
}

INLINE vec choose(lanes mask, vec yes, vec no) {
  return (vec)((mask & (lanes)yes) | (~mask & (lanes)no));
}

INLINE int rounded_up(int count, int to) {
  return (count + to - 1) / to * to;
}

// Not constant: a constant vector costs V8 six instructions wherever it stands, one that is loaded costs one.
struct {
  // Beyond it e^x leaves the range of the type.
  real largest_power;
  real per_ln2, magic, ln2_high, ln2_low, one, two;
  // 1/2!, 1/3!, ... of the series of (e^r - 1 - r) / r^2; |r| <= ln 2 / 2.
  real series[TERMS - 1];
} constants = {
#ifdef DOUBLE
  708, 1.4426950408889634, 3.0 * (1LL << 51), 0.693147180369123816490, 1.90821492927058770002e-10, 1, 2,
#else
  87, 1.44269504f, 3.0f * (1 << 22), 0.693359375f, -2.12194440e-4f, 1, 2,
#endif
  {
    1.0 / 2, 1.0 / 6, 1.0 / 24, 1.0 / 120, 1.0 / 720, 1.0 / 5040,
#ifdef DOUBLE
    1.0 / 40320, 1.0 / 362880, 1.0 / 3628800, 1.0 / 39916800, 1.0 / 479001600, 1.0 / 6227020800,
#endif
  },
};

typedef struct {
  vec scale, part;
} power;

// e^x - 1 = scale · part + (scale - 1), scale a power of 2. Powers past the range of the type are cut off; NaN stays.
INLINE power exponential(vec x) {
  const vec top = constants.largest_power - (vec){};
  x = choose((lanes)(x > top), top, x);
  x = choose((lanes)(x < -top), -top, x);
  const vec shifted = x * constants.per_ln2 + constants.magic;
  const vec whole = shifted - constants.magic;
  const vec r = (x - whole * constants.ln2_high) - whole * constants.ln2_low;
  vec series = constants.series[TERMS - 2] - (vec){};
#pragma unroll
  for (int term = TERMS - 3; term >= 0; term--) series = series * r + constants.series[term];
  const vec scale = (vec)(((lanes)shifted << MANTISSA) + (lanes)(constants.one - (vec){}));
  return (power){scale, r + r * r * series};
}

INLINE vec vexp(vec x) {
  const power e = exponential(x);
  return e.scale + e.scale * e.part;
}

INLINE vec vsigmoid(vec x) {
  return constants.one / (constants.one + vexp(-x));
}

// (e^2x - 1) / (e^2x + 1), as exact near 0 as elsewhere.
INLINE vec vtanh(vec x) {
  const vec bound = constants.largest_power / 4 - (vec){};
  const power e = exponential(constants.two * choose((lanes)(x > bound), bound, x));
  const vec less = e.scale * e.part + (e.scale - constants.one);
  return less / (less + constants.two);
}
