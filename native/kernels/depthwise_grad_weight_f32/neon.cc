#include "kernels/simd/neon.h"

namespace gossamer {
namespace {

constexpr bool kWide = true;

}  // namespace
}  // namespace gossamer

#include "kernels/depthwise_grad_weight_f32/simd.h"
