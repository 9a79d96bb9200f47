#include "kernels/simd/avx2.h"

namespace gossamer {
namespace {

constexpr bool kWide = false;

}  // namespace
}  // namespace gossamer

#include "kernels/depthwise_grad_weight_f32/simd.h"
