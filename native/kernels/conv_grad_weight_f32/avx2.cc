#include "kernels/simd/avx2.h"

namespace gossamer {
namespace {

constexpr size_t kWidest = 1;
// 12 sums, of 16 registers.
constexpr size_t MaxRows(size_t) { return 6; }

}  // namespace
}  // namespace gossamer

#include "kernels/conv_grad_weight_f32/simd.h"
