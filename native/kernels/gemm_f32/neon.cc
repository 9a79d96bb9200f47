#include "kernels/simd/neon.h"

namespace gossamer {
namespace {

constexpr size_t kWidest = 1, kWidestRow = 4;
// 24 sums, of 32 registers.
constexpr size_t MaxRows(size_t) { return 6; }

}  // namespace
}  // namespace gossamer

#include "kernels/gemm_f32/simd.h"
