#include "engine/operators/depthwise_grad_weight.h"

#include <algorithm>
#include <vector>

#include "engine/operators/arguments.h"
#include "kernels/depthwise_grad_weight_f32/depthwise_grad_weight_f32.h"

namespace gossamer {
namespace {

// Lines of x as the kernel reads them: with the pads, where there are any.
struct Source {
  const ConvAttributes& conv;
  const ConvGeometry& geometry;
  const float* x;

  size_t Reach(size_t axis) const { return conv.dilation[axis] * (conv.kernel[axis] - 1) + 1; }
  // Pixels of a line.
  size_t Width() const {
    return conv.Padded() ? (geometry.out[1] - 1) * conv.stride[1] + Reach(1) : geometry.in[1];
  }
  // Lines under `count` lines of the result.
  size_t Height(size_t count) const { return (count - 1) * conv.stride[0] + Reach(0); }

  // The lines under those of the result from `first` on, padded into `memory` where they must be.
  const float* Lines(size_t image, size_t first, size_t count, std::vector<float>& memory) const {
    const size_t channels = geometry.channels, in_line = geometry.in[1] * channels;
    const float* of_image = x + image * geometry.in[0] * in_line;
    if (!conv.Padded()) return of_image + first * conv.stride[0] * in_line;
    const size_t line = Width() * channels, height = Height(count);
    // Up to 15 floats behind the last pixel are read.
    if (memory.size() < height * line + kReadSlack / sizeof(float)) {
      memory.resize(height * line + kReadSlack / sizeof(float));
    }
    const size_t before = std::min(conv.pad_begin[1] * channels, line), inside = std::min(line - before, in_line);
    for (size_t i = 0; i < height; ++i) {
      const size_t row = first * conv.stride[0] + i - conv.pad_begin[0];  // wraps above the image
      float* to = memory.data() + i * line;
      const bool is_inside = row < geometry.in[0];
      std::fill_n(to, is_inside ? before : line, 0.0f);
      if (!is_inside) continue;
      std::copy_n(of_image + row * in_line, inside, to + before);
      std::fill_n(to + before + inside, line - before - inside, 0.0f);
    }
    return memory.data();
  }
};

}  // namespace

void RunDepthwiseGradWeight(const ConvAttributes& conv, const ConvGeometry& geometry, const float* x, const float* dy,
                            float* dw, RunContext& context) {
  constexpr size_t kProducts = 2 << 20;      // of a slice, in about 100 microseconds
  constexpr size_t kMostSlices = 32;         // each has sums of its own
  constexpr size_t kCacheFloats = 32 << 10;  // of the lines that are read together
  const Source source{conv, geometry, x};
  const size_t channels = geometry.channels, stride = DepthwiseStrideF32(channels), taps = conv.Taps();
  const size_t width = geometry.out[1], lines = geometry.batch * geometry.out[0];
  std::vector<size_t> offsets;
  for (size_t ky = 0; ky < conv.kernel[0]; ++ky) {
    for (size_t kx = 0; kx < conv.kernel[1]; ++kx) {
      offsets.push_back((ky * conv.dilation[0] * source.Width() + kx * conv.dilation[1]) * channels);
    }
  }
  const size_t in_time = std::max<size_t>(1, kProducts / (width * channels * taps));
  const size_t of_slice = std::max(in_time, (lines + kMostSlices - 1) / kMostSlices);
  const size_t slices = (lines + of_slice - 1) / of_slice;
  const size_t of_line = (source.Width() * conv.stride[0] + width) * channels;
  const size_t together = std::max<size_t>(1, kCacheFloats / of_line);

  auto* sums = static_cast<float*>(context.Scratch(slices * taps * stride * sizeof(float)));
  context.Parallel(slices, [&](size_t slice) {
    static thread_local std::vector<float> memory;
    std::vector<PixelLine> run;
    float* to = sums + slice * taps * stride;
    std::fill_n(to, taps * stride, 0.0f);
    const size_t end = std::min(lines, (slice + 1) * of_slice);
    for (size_t line = slice * of_slice; line < end;) {
      const size_t image = line / geometry.out[0], row = line % geometry.out[0];
      const size_t count = std::min({together, end - line, geometry.out[0] - row});
      const float* from = source.Lines(image, row, count, memory);
      run.clear();
      const size_t step = conv.stride[0] * source.Width() * channels;
      for (size_t i = 0; i < count; ++i) run.push_back({from + i * step, dy + (line + i) * width * channels, width});
      const size_t next = line + count;
      FetchAhead(dy + next * width * channels, dy + std::min(next + together, end) * width * channels);
      DepthwiseGradWeightF32()({run.data(), count, conv.stride[1] * channels, channels}, offsets.data(), taps, channels,
                               to);
      line += count;
    }
  });
  for (size_t c = 0; c < channels; ++c) {
    for (size_t t = 0; t < taps; ++t) {
      float sum = 0;
      for (size_t slice = 0; slice < slices; ++slice) sum += sums[(slice * taps + t) * stride + c];
      dw[c * taps + t] = sum;
    }
  }
}

}  // namespace gossamer
