#include "kernels/simd/avx512.h"

namespace gossamer {
namespace {

constexpr bool kWide = true;

}  // namespace
}  // namespace gossamer

#include "kernels/depthwise_grad_weight_f32/simd.h"
