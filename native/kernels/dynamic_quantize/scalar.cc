#include <cmath>

#include "kernels/dynamic_quantize/dynamic_quantize.h"

namespace gossamer {
namespace {

uint8_t Saturate(float v) { return static_cast<uint8_t>(v < 0 ? 0 : v > 255 ? 255 : v); }

}  // namespace

void RangeF32Scalar(const float* x, size_t count, float* low, float* high) {
  for (size_t i = 0; i < count; ++i) {
    if (x[i] < *low) *low = x[i];
    if (x[i] > *high) *high = x[i];
  }
}

void QuantizeU8Scalar(const float* x, size_t count, float scale, uint8_t zero_point, uint8_t* y) {
  for (size_t i = 0; i < count; ++i) {
    const float quotient = x[i] / scale;
    y[i] = std::isnan(quotient) ? 0 : Saturate(std::nearbyint(quotient) + static_cast<float>(zero_point));
  }
}

QuantizeU8Params DynamicParamsU8(float low, float high) {
  const float range = (high - low) / 255.0f, scale = range == 0 ? 1.0f : range;
  const float zero = std::nearbyint(0.0f - low / scale);
  return {scale, std::isnan(zero) ? uint8_t{0} : Saturate(zero)};
}

}  // namespace gossamer
