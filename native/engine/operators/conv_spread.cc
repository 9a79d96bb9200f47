#include "engine/operators/conv_spread.h"

#include <algorithm>
#include <vector>

#include "engine/operators/arguments.h"
#include "kernels/binary_f32/binary_f32.h"
#include "kernels/gemm_f32/gemm_f32.h"

namespace gossamer {
namespace {

// w as a matrix [c, (tap, m)], packed.
WeightsF32 PackSpread(const ConvAttributes& conv, const float* w, RunContext& context) {
  const size_t k = conv.Channels(), outputs = conv.outputs, taps = conv.Taps(), n = taps * outputs;
  auto* packed = static_cast<float*>(context.Scratch(PackedCountF32(k, n) * sizeof(float)));
  ForTiles(context, k, n, [&](size_t first, size_t end) {
    for (size_t c = first; c < end; ++c) {
      const float* from = w + c * n;
      const auto at = [&](size_t column) -> float& {
        return packed[column / kStripF32 * k * kStripF32 + c * kStripF32 + column % kStripF32];
      };
      for (size_t m = 0; m < outputs; ++m) {
        for (size_t t = 0; t < taps; ++t) at(t * outputs + m) = from[m * taps + t];
      }
      for (size_t column = n; column < StripsF32(n) * kStripF32; ++column) at(column) = 0;
    }
  });
  return PackedF32(packed, k, n);
}

void AddRun(const float* from, size_t count, float* to) {
  constexpr size_t kFew = 16;  // of which a call is not worth while
  if (count < kFew) {
    for (size_t i = 0; i < count; ++i) to[i] += from[i];
  } else {
    BinaryF32()(Binary::kAdd, {to, count, 1}, {from, count, 1}, 1, count, to);
  }
}

// Adds the products of the input pixel in line `row` at `column` to an image of outputs.
void AddPixel(const ConvAttributes& conv, const SpreadShape& shape, size_t row, size_t column, const float* products,
              float* image) {
  const size_t outputs = conv.outputs;
  const auto width = static_cast<int64_t>(shape.out[1]), dilation = static_cast<int64_t>(conv.dilation[1]);
  const int64_t left = static_cast<int64_t>(column * conv.stride[1]) - static_cast<int64_t>(conv.pad_begin[1]);
  const auto kernel = static_cast<int64_t>(conv.kernel[1]);
  // Kernel columns first .. end - 1 reach the image.
  const auto steps = [&](int64_t distance) { return dilation == 1 ? distance : (distance + dilation - 1) / dilation; };
  const int64_t first = left >= 0 ? 0 : std::min(kernel, steps(-left));
  const int64_t end = left >= width ? first : std::max(first, std::min(kernel, steps(width - left)));
  for (size_t ky = 0; ky < conv.kernel[0]; ++ky) {
    const size_t line = row * conv.stride[0] + ky * conv.dilation[0] - conv.pad_begin[0];  // wraps above the image
    if (line >= shape.out[0]) continue;
    const float* from = products + ky * conv.kernel[1] * outputs;
    float* to = image + line * shape.out[1] * outputs;
    if (dilation == 1) {
      AddRun(from + static_cast<size_t>(first) * outputs, static_cast<size_t>(end - first) * outputs,
             to + static_cast<size_t>(left + first) * outputs);
    } else {
      for (int64_t kx = first; kx < end; ++kx) {
        const auto at = static_cast<size_t>(left + kx * dilation);
        AddRun(from + static_cast<size_t>(kx) * outputs, outputs, to + at * outputs);
      }
    }
  }
}

}  // namespace

bool SpreadPays(const ConvAttributes& conv, const SpreadShape& shape, size_t products) {
  constexpr size_t kSums = 8;        // multiply-adds that adding up one product costs
  constexpr size_t kLeastBatch = 4;  // images that threads can share
  if (conv.group != 1 || shape.batch < kLeastBatch) return false;
  const size_t columns = StripsF32(conv.Taps() * conv.outputs) * kStripF32;
  const size_t cost = shape.batch * shape.in[0] * shape.in[1] * (conv.Channels() + kSums) * columns;
  return cost + cost / 4 < products;
}

void RunSpread(const ConvAttributes& conv, const SpreadShape& shape, const float* x, const float* w, float* y,
               RunContext& context) {
  constexpr size_t kNear = 32 << 10;  // floats of products
  const WeightsF32 weights = PackSpread(conv, w, context);
  const size_t channels = conv.Channels(), pixels = shape.in[0] * shape.in[1];
  const size_t of_image = shape.out[0] * shape.out[1] * conv.outputs;
  const size_t block = std::clamp<size_t>(kNear / weights.n, 1, std::max<size_t>(pixels, 1));
  context.Parallel(shape.batch, [&](size_t image) {
    static thread_local std::vector<float> products;
    if (products.size() < block * weights.n) products.resize(block * weights.n);
    float* to = y + image * of_image;
    std::fill_n(to, of_image, 0.0f);
    const float* from = x + image * pixels * channels;
    for (size_t p = 0; p < pixels; p += block) {
      const size_t count = std::min(block, pixels - p);
      GemmF32()(from + p * channels, {nullptr, count, 1, channels, channels}, 0, count, weights, 0, weights.n,
                {nullptr, nullptr, 0, {Activation::kNone, 0, 0}, products.data(), weights.n});
      for (size_t i = 0, row = p / shape.in[1], column = p % shape.in[1]; i < count; ++i) {
        AddPixel(conv, shape, row, column, products.data() + i * weights.n, to);
        if (++column < shape.in[1]) continue;
        column = 0;
        ++row;
      }
    }
  });
}

}  // namespace gossamer
