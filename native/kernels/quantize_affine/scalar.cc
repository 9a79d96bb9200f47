#include <cmath>

#include "kernels/quantize_affine/quantize_affine.h"

namespace gossamer {
namespace {

uint8_t Quantize(float x, AffineParams params, CodeRange range) {
  // Clamping before rounding keeps lrintf in range; the bounds are exact integers in float.
  const float lo = static_cast<float>(range.min - params.zero_point);
  const float hi = static_cast<float>(range.max - params.zero_point);
  float v = x / params.scale;
  v = v > lo ? v : lo;  // NaN fails the comparison
  v = v < hi ? v : hi;
  return static_cast<uint8_t>(std::lrintf(v) + params.zero_point);
}

float Dequantize(uint8_t q, bool is_signed, AffineParams params) {
  const int32_t code = is_signed ? static_cast<int8_t>(q) : q;
  return static_cast<float>(code - params.zero_point) * params.scale;
}

}  // namespace

void QuantizeAffineScalar(const float* x, size_t count, AffineParams params, CodeRange range, uint8_t* q) {
  for (size_t i = 0; i < count; ++i) q[i] = Quantize(x[i], params, range);
}

void QuantizeAffineEachScalar(const float* x, size_t count, const float* scale, const int32_t* zero_point,
                              CodeRange range, uint8_t* q) {
  for (size_t i = 0; i < count; ++i) q[i] = Quantize(x[i], {scale[i], zero_point[i]}, range);
}

void DequantizeAffineScalar(const uint8_t* q, size_t count, bool is_signed, AffineParams params, float* x) {
  for (size_t i = 0; i < count; ++i) x[i] = Dequantize(q[i], is_signed, params);
}

void DequantizeAffineEachScalar(const uint8_t* q, size_t count, bool is_signed, const float* scale,
                                const int32_t* zero_point, float* x) {
  for (size_t i = 0; i < count; ++i) x[i] = Dequantize(q[i], is_signed, {scale[i], zero_point[i]});
}

}  // namespace gossamer
