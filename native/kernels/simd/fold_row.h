// Folding a row of floats into one number, in an order that every instruction set shares: element i belongs to partial
// result i % 64, and the 64 are folded by halves (p[l] with p[l + 32], then + 16, ... + 1). Over the operations of one
// kernels/simd/ header, which is included first.
#pragma once
#include <cstddef>

#if defined(__clang__)
#define GOSSAMER_UNROLL _Pragma("unroll")
#elif defined(__GNUC__)
#define GOSSAMER_UNROLL _Pragma("GCC unroll 16")
#else
#define GOSSAMER_UNROLL
#endif

namespace gossamer {
namespace {

constexpr size_t kPartials = 64;
constexpr size_t kRowVectors = kPartials / kLanes;

inline F32 MinOf(F32 a, F32 b) { return Pick(IsNan(a), a, Smaller(a, b)); }  // NaN when one is
inline F32 MaxOf(F32 a, F32 b) { return Pick(IsNan(a), a, Larger(a, b)); }

// Calls visit(i, lanes, v) for every vector of a row: elements i .. i + lanes - 1 belong to partial vector v.
template <class Visit>
inline void ForRowVectors(size_t count, const Visit& visit) {
  size_t i = 0;
  for (; i + kPartials <= count; i += kPartials) {
    GOSSAMER_UNROLL
    for (size_t v = 0; v < kRowVectors; ++v) visit(i + v * kLanes, kLanes, v);
  }
  GOSSAMER_UNROLL
  for (size_t v = 0; v < kRowVectors; ++v) {
    const size_t at = i + v * kLanes;
    if (at < count) visit(at, count - at < kLanes ? count - at : kLanes, v);
  }
}

// Elements i .. i + lanes - 1; lanes beyond have the value of `padding`.
inline F32 LoadLanes(const float* p, size_t lanes, F32 padding) {
  return lanes == kLanes ? Load(p) : LoadFirstOr(p, lanes, padding);
}
inline void StoreLanes(float* p, F32 v, size_t lanes) {
  if (lanes == kLanes) {
    Store(p, v);
  } else {
    StoreFirst(p, v, lanes);
  }
}

template <class Combine>
inline float FoldPartials(F32 (&acc)[kRowVectors], const Combine& combine) {
  GOSSAMER_UNROLL
  for (size_t half = kRowVectors / 2; half > 0; half /= 2) {
    GOSSAMER_UNROLL
    for (size_t v = 0; v < half; ++v) acc[v] = combine(acc[v], acc[v + half]);
  }
  float p[2 * kLanes] = {};
  Store(p, acc[0]);
  for (size_t half = kLanes / 2; half > 0; half /= 2) {
    // Lanes from `half` on are folded into the first ones; what they then hold is not used.
    Store(p, combine(Load(p), Load(p + half)));
  }
  return p[0];
}

inline float SumPartials(F32 (&acc)[kRowVectors]) {
  constexpr size_t kTree = kLanes > 16 ? 1 : 16 / kLanes;
  GOSSAMER_UNROLL
  for (size_t half = kRowVectors / 2; half >= kTree; half /= 2) {
    GOSSAMER_UNROLL
    for (size_t v = 0; v < half; ++v) acc[v] = Add(acc[v], acc[v + half]);
  }
  F32 last[kTree];
  for (size_t v = 0; v < kTree; ++v) last[v] = acc[v];
  return TreeSum(last);
}

// The sum of term(x) over a row; term(padding) must be 0.
template <class Term>
inline float SumRow(const float* x, size_t count, float padding, const Term& add_term) {
  F32 acc[kRowVectors];
  GOSSAMER_UNROLL
  for (size_t v = 0; v < kRowVectors; ++v) acc[v] = Fill(0.0f);
  const F32 pad = Fill(padding);
  ForRowVectors(count,
                [&](size_t i, size_t lanes, size_t v) { acc[v] = add_term(acc[v], LoadLanes(x + i, lanes, pad)); });
  return SumPartials(acc);
}

// combine over a row; identity where it is empty.
template <class Combine>
inline float FoldRow(const float* x, size_t count, float identity, const Combine& combine) {
  F32 acc[kRowVectors];
  const F32 pad = Fill(identity);
  GOSSAMER_UNROLL
  for (size_t v = 0; v < kRowVectors; ++v) acc[v] = pad;
  ForRowVectors(count,
                [&](size_t i, size_t lanes, size_t v) { acc[v] = combine(acc[v], LoadLanes(x + i, lanes, pad)); });
  return FoldPartials(acc, combine);
}

}  // namespace
}  // namespace gossamer
