#include "kernels/quantize_affine/channels.h"

#include <algorithm>
#include <vector>

#include "kernels/min_max/tensor.h"
#include "kernels/quantize_affine/tensor.h"

namespace gossamer {

bool QuantizeChannels(const float* w, size_t outer, size_t axis, size_t inner, int32_t quant_max, uint8_t* codes,
                      float* scales, uint64_t* non_finite, AbortFlag abort) {
  const TensorLayout layout{Granularity::kPerAxis, outer, axis, inner, 1};
  std::vector<float> min(axis), max(axis);
  uint64_t nan_count = 0, inf_count = 0;
  const bool ranged = MinMaxTensor(w, layout, min.data(), max.data(), &nan_count, &inf_count, abort);
  *non_finite = nan_count + inf_count;
  if (!ranged) return false;
  for (size_t c = 0; c < axis; ++c) {
    // A channel without finite values has min = +inf, max = -inf: magnitude 0.
    const float magnitude = std::max({max[c], -min[c], 0.0f});
    const float scale = magnitude / static_cast<float>(quant_max);
    scales[c] = scale == 0 ? 1 : scale;
  }
  const std::vector<int32_t> zero_points(axis, 0);
  const QuantizedTensor tensor{layout, scales, zero_points.data(), CodeStorage::kBytes, true};
  return QuantizeTensor(w, tensor, {-quant_max, quant_max}, codes, abort);
}

}  // namespace gossamer
