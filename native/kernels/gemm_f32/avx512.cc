#include "kernels/simd/avx512.h"

namespace gossamer {
namespace {

constexpr size_t kWidest = 4, kWidestRow = 8;
// 24 sums, of 32 registers.
constexpr size_t MaxRows(size_t strips) { return strips == 1 ? 12 : 24 / strips; }

}  // namespace
}  // namespace gossamer

#include "kernels/gemm_f32/simd.h"
