#include "kernels/simd/avx512.h"

namespace gossamer {
namespace {

// 24 sums, of 32 registers.
constexpr size_t kMostRows = 6, kWidest = 4, kWidestRow = 8;

}  // namespace
}  // namespace gossamer

#include "kernels/gemm_f64/simd.h"
