#include "kernels/simd/avx512.h"

namespace gossamer {
namespace {

constexpr size_t kWidest = 4;

}  // namespace
}  // namespace gossamer

#include "kernels/depthwise_f32/simd.h"
