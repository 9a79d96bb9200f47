#include "kernels/simd/avx2.h"

namespace gossamer {
namespace {

// 12 sums, of 16 registers.
constexpr size_t kMostRows = 6, kWidest = 2, kWidestRow = 8;

}  // namespace
}  // namespace gossamer

#include "kernels/gemm_f64/simd.h"
