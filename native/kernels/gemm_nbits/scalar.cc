#include "kernels/simd/scalar.h"

#include <algorithm>
#include <limits>

#include "kernels/gemm_nbits/gemm_nbits.h"
#include "kernels/simd/activation.h"
#include "kernels/small_float/small_float.h"

namespace gossamer {
namespace {

// The parameters of one block of one row, and the codes in it.
struct Block {
  const NbitsWeights& w;
  size_t row, block;

  size_t Place() const { return NbitsPlace(w, row / kNbitsPanel, block); }
  size_t Parameter() const { return Place() * kNbitsPanel + row % kNbitsPanel; }
  float Scale() const {
    if (w.scales != nullptr) return w.scales[Parameter()];
    float scale;
    F16ToF32Scalar(w.half_scales + Parameter(), 1, &scale);
    return scale;
  }
  bool HasZero() const { return w.byte_zeros != nullptr || w.float_zeros != nullptr; }
  float Zero() const {
    if (w.byte_zeros != nullptr) return static_cast<float>(w.byte_zeros[Parameter()]);
    return w.float_zeros != nullptr ? w.float_zeros[Parameter()] : static_cast<float>(w.zero);
  }
  unsigned Code(size_t k) const {  // k counted within the block
    const size_t columns = 32 / w.bits, group = Place() * (w.block_size / columns) + k / columns;
    const uint8_t byte = w.codes[group * 64 + row % kNbitsPanel * 4 + k % 4];
    return (byte >> (k % columns / 4 * w.bits)) & ((1u << w.bits) - 1);
  }
};

void Finish(float sum, size_t m, size_t n, const FloatOutput& out) {
  if (out.bias != nullptr) sum += out.bias[n];
  if (out.residual != nullptr) sum += out.residual[m * out.residual_stride + n];
  out.y[m * out.y_stride + n] = Activate(out.act, sum);
}

}  // namespace

void QuantizeRowsNbitsScalar(const float* x, size_t rows, size_t stride, size_t k, size_t block_size,
                             int32_t sum_factor, int8_t* codes, size_t code_stride, float* scales, int32_t* sums) {
  constexpr float kSmallest = 0x1p-120f;  // 127 / a stays finite
  const size_t blocks = NbitsBlocks(k, block_size);
  for (size_t m = 0; m < rows; ++m) {
    for (size_t b = 0; b < blocks; ++b) {
      const size_t begin = b * block_size, count = std::min(block_size, k - begin);
      const float* from = x + m * stride + begin;
      int8_t* to = codes + m * code_stride + begin;
      float largest = 0;
      bool finite = true;
      for (size_t i = 0; i < count; ++i) {
        largest = std::fabs(from[i]) > largest ? std::fabs(from[i]) : largest;
        finite = finite && std::isfinite(from[i]);
      }
      const bool zero = !finite || largest < kSmallest;
      const float inverse = zero ? 0.0f : 127.0f / largest;
      int32_t sum = 0;
      for (size_t i = 0; i < block_size; ++i) {
        to[i] = zero || i >= count ? int8_t{0} : static_cast<int8_t>(std::lrintf(from[i] * inverse));
        sum += to[i];
      }
      scales[m * blocks + b] = !finite ? std::numeric_limits<float>::quiet_NaN() : zero ? 0.0f : largest / 127.0f;
      sums[m * blocks + b] = sum * sum_factor;
    }
  }
}

void GemmNbitsInt8Scalar(const NbitsWeights& w, size_t first_panel, size_t panels, const NbitsRows& x,
                         size_t first_row, size_t rows, const FloatOutput& out) {
  const size_t blocks = NbitsBlocks(w.k, w.block_size), end = std::min(w.n, (first_panel + panels) * kNbitsPanel);
  for (size_t n = first_panel * kNbitsPanel; n < end; ++n) {
    for (size_t m = first_row; m < first_row + rows; ++m) {
      float sum = 0;
      for (size_t b = 0; b < blocks; ++b) {
        const Block block{w, n, b};
        const int8_t* codes = x.codes + m * x.stride + b * w.block_size;
        int32_t dot = 0;
        for (size_t k = 0; k < w.block_size; ++k) dot += codes[k] * static_cast<int32_t>(block.Code(k));
        // All of these are whole numbers below 2^24: exact.
        const int32_t code_sum = x.sums[m * blocks + b];
        const float t = block.HasZero()
                            ? std::fma(-block.Zero(), static_cast<float>(code_sum), static_cast<float>(dot))
                            : static_cast<float>(dot + code_sum);
        sum = std::fma(t, x.scales[m * blocks + b] * block.Scale(), sum);
      }
      Finish(sum, m, n, out);
    }
  }
}

void GemmNbitsFloatScalar(const NbitsWeights& w, size_t first_panel, size_t panels, const float* x, size_t x_stride,
                          size_t first_row, size_t rows, const FloatOutput& out) {
  const size_t end = std::min(w.n, (first_panel + panels) * kNbitsPanel);
  for (size_t n = first_panel * kNbitsPanel; n < end; ++n) {
    for (size_t m = first_row; m < first_row + rows; ++m) {
      float sum = 0;
      for (size_t k = 0; k < w.k; ++k) {
        const Block block{w, n, k / w.block_size};
        const unsigned code = block.Code(k % w.block_size);
        const float value = w.table != nullptr ? w.table[code] : static_cast<float>(code) - block.Zero();
        sum = std::fma(x[m * x_stride + k], value * block.Scale(), sum);
      }
      Finish(sum, m, n, out);
    }
  }
}

}  // namespace gossamer
