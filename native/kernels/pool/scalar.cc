#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/pool/pool.h"

namespace gossamer {
namespace {

// Calls body(element) for channel c of the window at `taps`, rows first.
template <class T, class Body>
void ForWindow(const T* x, const PoolRow& row, const PoolTaps& taps, size_t ow, size_t c, const Body& body) {
  for (size_t r = 0; r < row.rows; ++r) {
    for (size_t t = taps.first; t < taps.end; ++t) {
      const size_t column = ow * row.stride + t * row.dilation - row.pad;
      body(x[r * row.row_stride + column * row.pixel_stride + c]);
    }
  }
}

size_t CountOf(const PoolRow& row, const AverageCounts& counts, const PoolTaps& taps) {
  return counts.include_pad ? counts.rows * taps.padded : row.rows * (taps.end - taps.first);
}

}  // namespace

void MaxPoolFloatScalar(const float* x, const PoolRow& row, float* y) {
  for (size_t ow = 0; ow < row.out_width; ++ow) {
    const PoolTaps taps = TapsAt(row, 0, ow);
    for (size_t c = 0; c < row.channels; ++c) {
      float largest = -std::numeric_limits<float>::infinity();
      bool nan = false;
      ForWindow(x, row, taps, ow, c, [&](float v) {
        largest = v > largest ? v : largest;
        nan = nan || v != v;
      });
      y[ow * row.pixel_stride + c] = nan ? std::numeric_limits<float>::quiet_NaN() : largest;
    }
  }
}

void MaxPoolUint8Scalar(const uint8_t* x, const PoolRow& row, uint8_t* y) {
  for (size_t ow = 0; ow < row.out_width; ++ow) {
    const PoolTaps taps = TapsAt(row, 0, ow);
    for (size_t c = 0; c < row.channels; ++c) {
      uint8_t largest = 0;
      ForWindow(x, row, taps, ow, c, [&](uint8_t v) { largest = std::max(largest, v); });
      y[ow * row.pixel_stride + c] = largest;
    }
  }
}

void AveragePoolFloatScalar(const float* x, const PoolRow& row, const AverageCounts& counts, float* y) {
  for (size_t ow = 0; ow < row.out_width; ++ow) {
    const PoolTaps taps = TapsAt(row, counts.pad_end, ow);
    const float count = static_cast<float>(CountOf(row, counts, taps));
    for (size_t c = 0; c < row.channels; ++c) {
      float sum = 0;
      ForWindow(x, row, taps, ow, c, [&](float v) { sum += v; });
      y[ow * row.pixel_stride + c] = sum / count;
    }
  }
}

void AveragePoolUint8Scalar(const uint8_t* x, const PoolRow& row, const AverageCounts& counts,
                            const Int8AverageScales& scales, uint8_t* y) {
  for (size_t ow = 0; ow < row.out_width; ++ow) {
    const PoolTaps taps = TapsAt(row, counts.pad_end, ow);
    const size_t whole = CountOf(row, counts, taps), elements = row.rows * (taps.end - taps.first);
    const float multiplier = scales.x_scale / (scales.y_scale * static_cast<float>(whole));
    const int32_t zeros = static_cast<int32_t>(elements) * scales.x_zero;
    const FixedPoint factor = AverageFactor(scales, elements, whole);
    for (size_t c = 0; c < row.channels; ++c) {
      int32_t sum = 0;
      ForWindow(x, row, taps, ow, c, [&](uint8_t v) { sum += v; });
      if (scales.is_fixed) {
        const int64_t q = int64_t{Requantize(sum - zeros, factor)} + scales.y_zero;
        y[ow * row.pixel_stride + c] = static_cast<uint8_t>(std::min<int64_t>(std::max<int64_t>(q, 0), 255));
        continue;
      }
      // 512 on either side of the zero point is outside of 0..255; NaN (of a window without elements) goes there, too.
      const float scaled = static_cast<float>(sum - zeros) * multiplier;
      const float clamped = scaled > -512.0f ? (scaled < 512.0f ? scaled : 512.0f) : -512.0f;
      const int32_t q = static_cast<int32_t>(std::nearbyint(clamped)) + scales.y_zero;
      y[ow * row.pixel_stride + c] = static_cast<uint8_t>(std::min(std::max(q, 0), 255));
    }
  }
}

}  // namespace gossamer
