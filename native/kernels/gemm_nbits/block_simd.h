// Parameters of blocks, and what becomes of finished sums: for the vector bodies of gemm_nbits, over one ops_*.h.
#pragma once
#include "kernels/gemm_nbits/gemm_nbits.h"
#include "kernels/simd/activation.h"

namespace gossamer {
namespace {

// Scales and zero points of vector v (of kPanelVectors) of the parameters that start at `at`.
inline F32 LoadScales(const NbitsWeights& w, size_t at) {
  return w.scales != nullptr ? Load(w.scales + at) : LoadHalves(w.half_scales + at);
}
// Those of kVectors vectors that follow each other.
template <size_t kVectors>
inline void LoadScales(const NbitsWeights& w, size_t at, F32 (&scales)[kVectors]) {
  if (w.scales != nullptr) {
#pragma GCC unroll 8
    for (size_t v = 0; v < kVectors; ++v) scales[v] = Load(w.scales + at + v * kLanes);
  } else {
#pragma GCC unroll 8
    for (size_t v = 0; v < kVectors; ++v) scales[v] = LoadHalves(w.half_scales + at + v * kLanes);
  }
}
inline F32 LoadZeros(const NbitsWeights& w, size_t at) {
  if (w.byte_zeros != nullptr) return ToFloat(LoadUnsignedBytes(w.byte_zeros + at));
  return w.float_zeros != nullptr ? Load(w.float_zeros + at) : Fill(static_cast<float>(w.zero));
}

// How many panels from p on, of `left`, a tile takes: the most of `wide`, 2 and 1 that stay in a group.
inline size_t PanelsTogether(size_t p, size_t left, size_t wide) {
  while (wide > 1 && (p % wide != 0 || left < wide)) wide /= 2;
  return wide;
}

// y[m, n .. n + count - 1] from sums.
inline void FinishRow(const float* sums, size_t m, size_t n, size_t count, const FloatOutput& out) {
  float* y = out.y + m * out.y_stride + n;
  const float* bias = out.bias == nullptr ? nullptr : out.bias + n;
  const float* residual = out.residual == nullptr ? nullptr : out.residual + m * out.residual_stride + n;
  for (size_t i = 0; i < count; i += kLanes) {
    const size_t lanes = count - i < kLanes ? count - i : kLanes;
    F32 v = Load(sums + i);
    if (bias != nullptr) v = Add(v, LoadFirst(bias + i, lanes));
    if (residual != nullptr) v = Add(v, LoadFirst(residual + i, lanes));
    StoreFirst(y + i, v, lanes);
  }
  ActivateRow(out.act, y, count);
}

}  // namespace
}  // namespace gossamer
