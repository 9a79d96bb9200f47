// What Int8Output (kernels/linear.h) asks for, on vectors of dot products. Included after a kernels/simd/ header, its
// int8 companion (int8_avx2.h, ...) and activation.h; equals int8_scalar.h bit for bit.
#pragma once
#include "kernels/linear.h"

#if defined(_MSC_VER) && !defined(__clang__)
#define GOSSAMER_UNROLL
#define GOSSAMER_NOINLINE __declspec(noinline)
#define GOSSAMER_PREFETCH(p) _mm_prefetch(reinterpret_cast<const char*>(p), _MM_HINT_T0)
#define GOSSAMER_PREFETCH_FAR(p) _mm_prefetch(reinterpret_cast<const char*>(p), _MM_HINT_T1)
#else
#define GOSSAMER_UNROLL _Pragma("GCC unroll 16")
#define GOSSAMER_NOINLINE __attribute__((noinline))
#define GOSSAMER_PREFETCH(p) __builtin_prefetch(p)
#define GOSSAMER_PREFETCH_FAR(p) __builtin_prefetch(p, 0, 2)  // to the second level
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

// Rows m .. m + kRows - 1, outputs n .. n + count - 1, count <= kVectors * kLanes: acc[r][v] holds the dot products
// with bias added, less the share of row_sums. One branch, then straight through the rows: short sums leave little to
// hide anything else behind.
template <int kRows, int kVectors>
inline void FinishQuantized(const Int8Output& o, size_t m, size_t n, size_t count, const I32 (&acc)[kRows][kVectors]) {
  F32 scale[kVectors];
  GOSSAMER_UNROLL
  for (int v = 0; v < kVectors; ++v) scale[v] = Load(o.scale + n + v * kLanes);
  uint8_t* y = static_cast<uint8_t*>(o.y) + m * o.y_stride + n;
  const size_t stride = o.y_stride;
  const int32_t zero = o.zero_point, low = o.low, high = o.high;
  if (o.residual == nullptr) {
    int r = 0;
#if defined(GOSSAMER_PACKS_FOUR_ROWS)
    if constexpr (kVectors == 1 && kRows >= 4) {
      GOSSAMER_UNROLL
      for (; r + 4 <= kRows; r += 4, y += 4 * stride) {
        I32 q[4];
        GOSSAMER_UNROLL
        for (int i = 0; i < 4; ++i) q[i] = RoundToInt(Mul(ToFloat(acc[r + i][0]), scale[0]));
        StoreQuantizedRows(y, stride, q[0], q[1], q[2], q[3], count, zero, low, high);
      }
    }
#endif
    GOSSAMER_UNROLL
    for (; r < kRows; ++r, y += stride) {
      I32 q[kVectors];
      GOSSAMER_UNROLL
      for (int v = 0; v < kVectors; ++v) q[v] = RoundToInt(Mul(ToFloat(acc[r][v]), scale[v]));
      StoreQuantized(y, q, count, zero, low, high);
    }
    return;
  }
  const uint8_t* residual = static_cast<const uint8_t*>(o.residual) + m * o.residual_stride + n;
  const size_t residual_stride = o.residual_stride;
  const I32 least = FillI(low - zero), most = FillI(high - zero), residual_zero = FillI(o.residual_zero);
  const F32 own = Fill(o.own_ratio), ratio = Fill(o.residual_ratio);
  const int32_t sum_zero = o.sum_zero, sum_low = o.sum_low, sum_high = o.sum_high;
  GOSSAMER_UNROLL
  for (int r = 0; r < kRows; ++r, y += stride, residual += residual_stride) {
    I32 q[kVectors];
    GOSSAMER_UNROLL
    for (int v = 0; v < kVectors; ++v) {
      const I32 rounded = RoundToInt(Mul(ToFloat(acc[r][v]), scale[v]));
      const F32 mine = ToFloat(SmallerI(LargerI(rounded, least), most));
      const F32 other = ToFloat(SubI(LoadUnsignedBytes(residual + v * kLanes), residual_zero));
      q[v] = RoundToInt(Fma(mine, own, Mul(other, ratio)));
    }
    StoreQuantized(y, q, count, sum_zero, sum_low, sum_high);
  }
}

template <int kRows, int kVectors>
inline void FinishFloat(const Int8Output& o, size_t m, size_t n, size_t count, const I32 (&acc)[kRows][kVectors]) {
  float* y = static_cast<float*>(o.y) + m * o.y_stride + n;
  const size_t stride = o.y_stride;
  const bool clamps = o.act.kind == Activation::kClamp;
  const F32 low = Fill(o.act.a), high = Fill(o.act.b);
  GOSSAMER_UNROLL
  for (int v = 0; v < kVectors; ++v) {
    const size_t at = v * kLanes;
    if (at >= count) break;
    const size_t lanes = count - at < kLanes ? count - at : kLanes;
    const F32 scale = Load(o.scale + n + at), offset = Load(o.offset + n + at);
    GOSSAMER_UNROLL
    for (int r = 0; r < kRows; ++r) {
      F32 f = Fma(ToFloat(acc[r][v]), scale, offset);
      if (clamps) f = Clamp(f, low, high);
      if (lanes == kLanes) {
        Store(y + r * stride + at, f);
      } else {
        StoreFirst(y + r * stride + at, f, lanes);
      }
    }
  }
}

template <int kRows, int kVectors>
inline void FinishInt32(const Int8Output& o, size_t m, size_t n, size_t count, const I32 (&acc)[kRows][kVectors]) {
  int32_t* y = static_cast<int32_t*>(o.y) + m * o.y_stride + n;
  const size_t stride = o.y_stride;
  GOSSAMER_UNROLL
  for (int v = 0; v < kVectors; ++v) {
    const size_t at = v * kLanes;
    if (at >= count) break;
    const size_t lanes = count - at < kLanes ? count - at : kLanes;
    GOSSAMER_UNROLL
    for (int r = 0; r < kRows; ++r) {
      if (lanes == kLanes) {
        StoreI(y + r * stride + at, acc[r][v]);
      } else {
        StoreFirstWords(reinterpret_cast<uint32_t*>(y + r * stride + at), acc[r][v], lanes);
      }
    }
  }
}

template <int kRows, int kVectors>
inline void FinishInt8(const Int8Output& output, size_t m, size_t n, size_t count, const I32 (&acc)[kRows][kVectors]) {
  const Int8Output o = output;  // a copy, which stores to y cannot change
  if (o.kind == Int8Result::kQuantized) return FinishQuantized<kRows, kVectors>(o, m, n, count, acc);
  if (o.kind == Int8Result::kInt32) return FinishInt32<kRows, kVectors>(o, m, n, count, acc);
  FinishFloat<kRows, kVectors>(o, m, n, count, acc);
  const bool is_plain = o.act.kind == Activation::kNone || o.act.kind == Activation::kClamp;
  if (!is_plain || o.residual != nullptr) FinishFloatRows(output, m, kRows, n, count);
}

// One row, but for what FinishFloatRows adds.
template <int kVectors>
inline void FinishInt8Row(const Int8Output& o, size_t m, size_t n, size_t count, const I32 (&acc)[kVectors]) {
  I32 row[1][kVectors];
  GOSSAMER_UNROLL
  for (int v = 0; v < kVectors; ++v) row[0][v] = acc[v];
  if (o.kind == Int8Result::kQuantized) return FinishQuantized<1, kVectors>(o, m, n, count, row);
  if (o.kind == Int8Result::kInt32) return FinishInt32<1, kVectors>(o, m, n, count, row);
  FinishFloat<1, kVectors>(o, m, n, count, row);
}

}  // namespace
}  // namespace gossamer
