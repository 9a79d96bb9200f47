// Packing keys for AttentionF32, over one kernels/simd/ header and, in an unnamed namespace, which are included first
//   LoadQuads(x, stride): 4 elements from x, then 4 from x + 4 * stride, and so on, for all lanes
//   InterleaveLow(a, b): a0 b0 a1 b1 of every four lanes; InterleaveHigh(a, b): a2 b2 a3 b3
//   InterleavePairsLow(a, b): a0 a1 b0 b1 of every four lanes; InterleavePairsHigh(a, b): a2 a3 b2 b3
#pragma once
#include <cstddef>

namespace gossamer {
namespace {

// Four columns of kLanes rows become four vectors.
inline void TransposeFour(const float* x, size_t stride, float* out, size_t out_stride) {
  const F32 r0 = LoadQuads(x, stride), r1 = LoadQuads(x + stride, stride);
  const F32 r2 = LoadQuads(x + 2 * stride, stride), r3 = LoadQuads(x + 3 * stride, stride);
  const F32 low01 = InterleaveLow(r0, r1), low23 = InterleaveLow(r2, r3);
  const F32 high01 = InterleaveHigh(r0, r1), high23 = InterleaveHigh(r2, r3);
  Store(out, InterleavePairsLow(low01, low23));
  Store(out + out_stride, InterleavePairsHigh(low01, low23));
  Store(out + 2 * out_stride, InterleavePairsLow(high01, high23));
  Store(out + 3 * out_stride, InterleavePairsHigh(high01, high23));
}

// out[c][j] = k[j * stride + c] for j < keys <= panel, c < depth; rows of `out` are `panel` long. What is behind the
// keys is not specified.
inline void PackKeys(const float* k, size_t keys, size_t depth, size_t stride, size_t panel, float* out) {
  size_t j = 0;
  for (; j + kLanes <= keys; j += kLanes) {
    size_t c = 0;
    for (; c + 4 <= depth; c += 4) TransposeFour(k + j * stride + c, stride, out + c * panel + j, panel);
    for (; c < depth; ++c) {
      for (size_t r = j; r < j + kLanes; ++r) out[c * panel + r] = k[r * stride + c];
    }
  }
  for (; j < keys; ++j) {
    for (size_t c = 0; c < depth; ++c) out[c * panel + j] = k[j * stride + c];
  }
}

}  // namespace
}  // namespace gossamer
