// The definition of Int8Output (kernels/linear.h): what becomes of one dot product. For scalar.cc files, after
// kernels/simd/scalar.h and activation.h.
#pragma once
#include <algorithm>

#include "kernels/linear.h"

namespace gossamer {
namespace {

// To the nearest integer, ties to even, in [low, high] after adding zero_point.
inline int32_t RoundAndClamp(float v, int32_t zero_point, int32_t low, int32_t high) {
  return static_cast<int32_t>(std::clamp<int64_t>(static_cast<int64_t>(std::nearbyint(v)) + zero_point, low, high));
}

// y[m, n] from the dot product p.
inline void FinishInt8(const Int8Output& o, size_t m, size_t n, int32_t p) {
  uint32_t sum = static_cast<uint32_t>(p) + static_cast<uint32_t>(o.bias[n]);  // unsigned: it may wrap
  if (o.row_sums != nullptr) sum -= static_cast<uint32_t>(o.row_sums[m]) * static_cast<uint32_t>(o.weight_zero[n]);
  const int32_t acc = static_cast<int32_t>(sum);
  const size_t at = m * o.y_stride + n, residual_at = m * o.residual_stride + n;
  if (o.kind == Int8Result::kInt32) {
    static_cast<int32_t*>(o.y)[at] = acc;
  } else if (o.kind == Int8Result::kFloat) {
    const float v = Activate(o.act, std::fma(static_cast<float>(acc), o.scale[n], o.offset[n]));
    static_cast<float*>(o.y)[at] = o.residual == nullptr ? v : v + static_cast<const float*>(o.residual)[residual_at];
  } else {
    const int32_t q = RoundAndClamp(static_cast<float>(acc) * o.scale[n], o.zero_point, o.low, o.high);
    if (o.residual == nullptr) {
      static_cast<uint8_t*>(o.y)[at] = static_cast<uint8_t>(q);
      return;
    }
    const int32_t r = static_cast<const uint8_t*>(o.residual)[residual_at];
    const float other = static_cast<float>(r - o.residual_zero) * o.residual_ratio;
    const float v = std::fma(static_cast<float>(q - o.zero_point), o.own_ratio, other);
    static_cast<uint8_t*>(o.y)[at] = static_cast<uint8_t>(RoundAndClamp(v, o.sum_zero, o.sum_low, o.sum_high));
  }
}

}  // namespace
}  // namespace gossamer
