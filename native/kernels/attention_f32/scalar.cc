#include "kernels/simd/scalar.h"

namespace gossamer {
namespace {

constexpr size_t kTileVectors = 16;  // columns of a tile, beside its six rows

// out[c][j] = k[j * stride + c] for j < keys, c < depth; rows of `out` are `panel` long.
inline void PackKeys(const float* k, size_t keys, size_t depth, size_t stride, size_t panel, float* out) {
  for (size_t j = 0; j < keys; ++j) {
    for (size_t c = 0; c < depth; ++c) out[c * panel + j] = k[j * stride + c];
  }
}

}  // namespace
}  // namespace gossamer

#include "kernels/attention_f32/simd.h"
