// What Int8Output (kernels/linear.h) asks for, on vectors of dot products. Included after a kernels/simd/ header, its
// int8 companion (int8_avx2.h, ...) and activation.h; equals int8_scalar.h bit for bit.
#pragma once
#include "kernels/linear.h"

#if defined(_MSC_VER) && !defined(__clang__)
#define GOSSAMER_UNROLL
#define GOSSAMER_NOINLINE __declspec(noinline)
#define GOSSAMER_PREFETCH(p) _mm_prefetch(reinterpret_cast<const char*>(p), _MM_HINT_T0)
#else
#define GOSSAMER_UNROLL _Pragma("GCC unroll 16")
#define GOSSAMER_NOINLINE __attribute__((noinline))
#define GOSSAMER_PREFETCH(p) __builtin_prefetch(p)
#endif

namespace gossamer {
namespace {

// The part of a float result that is seldom wanted: activations but for clamp, and the residual, on rows that have just
// been written. Outputs n .. n + count - 1.
GOSSAMER_NOINLINE inline void FinishFloatRows(const Int8Output& o, size_t m, size_t rows, size_t n, size_t count) {
  for (size_t r = m; r < m + rows; ++r) {
    float* y = static_cast<float*>(o.y) + r * o.y_stride + n;
    if (o.act.kind != Activation::kClamp) ActivateRow(o.act, y, count);
    if (o.residual == nullptr) continue;
    const float* residual = static_cast<const float*>(o.residual) + r * o.residual_stride + n;
    for (size_t i = 0; i < count; i += kLanes) {
      const size_t lanes = count - i < kLanes ? count - i : kLanes;
      StoreFirst(y + i, Add(LoadFirst(y + i, lanes), LoadFirst(residual + i, lanes)), lanes);
    }
  }
}

// Row m, outputs n .. n + count - 1, count <= kVectors * kLanes: acc[v] holds the dot products with bias added, less the
// share of row_sums. Float results lack what FinishFloatRows adds.
template <int kVectors>
inline void FinishInt8Row(const Int8Output& o, size_t m, size_t n, size_t count, const I32 (&acc)[kVectors]) {
  constexpr size_t kWidth = static_cast<size_t>(kVectors) * kLanes;
  if (o.kind == Int8Result::kQuantized) {
    I32 q[kVectors];
    GOSSAMER_UNROLL
    for (int v = 0; v < kVectors; ++v) q[v] = RoundToInt(Mul(ToFloat(acc[v]), Load(o.scale + n + v * kLanes)));
    uint8_t* y = static_cast<uint8_t*>(o.y) + m * o.y_stride + n;
    if (o.residual == nullptr) {
      StoreQuantized(y, q, count, o.zero_point, o.low, o.high);
      return;
    }
    const uint8_t* residual = static_cast<const uint8_t*>(o.residual) + m * o.residual_stride + n;
    const I32 low = FillI(o.low - o.zero_point), high = FillI(o.high - o.zero_point), zero = FillI(o.residual_zero);
    const F32 own = Fill(o.own_ratio), ratio = Fill(o.residual_ratio);
    GOSSAMER_UNROLL
    for (int v = 0; v < kVectors; ++v) {
      const F32 mine = ToFloat(SmallerI(LargerI(q[v], low), high));
      const F32 other = ToFloat(SubI(LoadUnsignedBytes(residual + v * kLanes), zero));
      q[v] = RoundToInt(Fma(mine, own, Mul(other, ratio)));
    }
    StoreQuantized(y, q, count, o.sum_zero, o.sum_low, o.sum_high);
  } else if (o.kind == Int8Result::kFloat) {
    float* y = static_cast<float*>(o.y) + m * o.y_stride + n;
    GOSSAMER_UNROLL
    for (int v = 0; v < kVectors; ++v) {
      const size_t at = v * kLanes;
      F32 f = Fma(ToFloat(acc[v]), Load(o.scale + n + at), Load(o.offset + n + at));
      if (o.act.kind == Activation::kClamp) f = Clamp(f, Fill(o.act.a), Fill(o.act.b));
      if (count == kWidth) {
        Store(y + at, f);
      } else if (at < count) {
        StoreFirst(y + at, f, count - at < kLanes ? count - at : kLanes);
      }
    }
  } else {
    int32_t* y = static_cast<int32_t*>(o.y) + m * o.y_stride + n;
    GOSSAMER_UNROLL
    for (int v = 0; v < kVectors; ++v) {
      const size_t at = v * kLanes;
      if (count == kWidth) {
        StoreI(y + at, acc[v]);
      } else if (at < count) {
        StoreFirstWords(reinterpret_cast<uint32_t*>(y + at), acc[v], count - at < kLanes ? count - at : kLanes);
      }
    }
  }
}

}  // namespace
}  // namespace gossamer
