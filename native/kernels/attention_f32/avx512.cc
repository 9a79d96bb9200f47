#include "kernels/simd/avx512.h"

namespace gossamer {
namespace {

constexpr size_t kTileVectors = 4;  // columns of a tile, beside its six rows

}  // namespace
}  // namespace gossamer

#include "kernels/attention_f32/simd.h"
