#include "kernels/simd/avx2.h"

namespace gossamer {
namespace {

constexpr size_t kWidest = 2;

}  // namespace
}  // namespace gossamer

#include "kernels/depthwise_f32/simd.h"
