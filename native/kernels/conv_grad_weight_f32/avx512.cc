#include "kernels/simd/avx512.h"

namespace gossamer {
namespace {

constexpr size_t kWidest = 4;
// 24 sums, of 32 registers.
constexpr size_t MaxRows(size_t strips) { return 24 / strips; }

}  // namespace
}  // namespace gossamer

#include "kernels/conv_grad_weight_f32/simd.h"
