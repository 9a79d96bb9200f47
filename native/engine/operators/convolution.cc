#include "engine/operators/convolution.h"

#include <algorithm>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "engine/operators/arguments.h"

namespace gossamer {
namespace {

constexpr int64_t kLimit = int64_t{1} << 31;

// The last `spatial` numbers of [H, W]; H without one is `otherwise`.
void Take(const char* type, const Attributes& attributes, const char* name, size_t spatial, int64_t least,
          std::initializer_list<size_t*> targets, size_t otherwise) {
  const std::vector<int64_t> values = attributes.Ints(name);
  if (!values.empty() && values.size() != spatial * targets.size()) {
    RefuseProgram(std::string(type) + " " + name, std::to_string(spatial * targets.size()) + " numbers",
                  std::to_string(values.size()));
  }
  size_t i = 0;
  for (size_t* target : targets) {
    target[0] = target[1] = otherwise;
    for (size_t axis = 2 - spatial; !values.empty() && axis < 2; ++axis, ++i) {
      if (values[i] < least || values[i] >= kLimit) {
        RefuseProgram(std::string(type) + " " + name, "numbers from " + std::to_string(least) + " below 2^31",
                      std::to_string(values[i]));
      }
      target[axis] = static_cast<size_t>(values[i]);
    }
  }
}

}  // namespace

ConvAttributes ConvAttributesOf(const char* type, const Attributes& attributes, const Dims& w) {
  if (w.Rank() != 3 && w.Rank() != 4) RefuseProgram(type, "w of rank 3 or 4", w.Text());
  ConvAttributes conv{};
  conv.spatial = w.Rank() - 2;
  Take(type, attributes, "strides", conv.spatial, 1, {conv.stride}, 1);
  Take(type, attributes, "dilations", conv.spatial, 1, {conv.dilation}, 1);
  Take(type, attributes, "pads", conv.spatial, 0, {conv.pad_begin, conv.pad_end}, 0);
  const int64_t group = attributes.Int("group", 1);
  bool fits = group >= 1 && w[0] >= 1 && w[0] % group == 0;
  for (size_t i = 0; i < w.Rank(); ++i) fits = fits && w[i] >= 1 && w[i] < kLimit;
  if (!fits || group * w[1] >= kLimit) {
    RefuseProgram(type, "w without empty axes for group " + std::to_string(group), w.Text());
  }
  conv.outputs = static_cast<size_t>(w[0]);
  conv.group = static_cast<size_t>(group);
  conv.group_channels = static_cast<size_t>(w[1]);
  conv.kernel[0] = conv.spatial == 2 ? static_cast<size_t>(w[2]) : 1;
  conv.kernel[1] = static_cast<size_t>(w[w.Rank() - 1]);
  return conv;
}

void CheckConvInput(const char* type, const ConvAttributes& conv, const Dims& x) {
  if (x.Rank() != conv.spatial + 2 || static_cast<size_t>(x[x.Rank() - 1]) != conv.Channels()) {
    RefuseShape(type,
                "x of rank " + std::to_string(conv.spatial + 2) + " with " + std::to_string(conv.Channels()) +
                    " channels last",
                x.Text());
  }
  if (x.Count() + conv.Channels() >= static_cast<size_t>(kLimit)) {
    RefuseShape(type, "fewer than 2^31 elements", x.Text());
  }
}

bool ConvGeometry::operator==(const ConvGeometry& other) const {
  bool same = batch == other.batch && channels == other.channels;
  for (size_t axis = 0; axis < 2; ++axis) {
    same = same && in[axis] == other.in[axis] && out[axis] == other.out[axis] && kernel[axis] == other.kernel[axis] &&
           stride[axis] == other.stride[axis] && pad_begin[axis] == other.pad_begin[axis] &&
           dilation[axis] == other.dilation[axis];
  }
  return same;
}

ConvGeometry ConvGeometryOf(const char* type, const ConvAttributes& conv, const Dims& x) {
  CheckConvInput(type, conv, x);
  ConvGeometry geometry{};
  geometry.batch = static_cast<size_t>(x[0]);
  geometry.channels = conv.Channels();
  for (size_t axis = 0; axis < 2; ++axis) {
    const size_t in = axis == 0 && conv.spatial == 1 ? 1 : static_cast<size_t>(x[conv.spatial - 1 + axis]);
    const size_t reach = conv.dilation[axis] * (conv.kernel[axis] - 1) + 1;  // below 2^62
    const size_t padded = in + conv.pad_begin[axis] + conv.pad_end[axis];
    if (padded < reach) RefuseShape(type, "an image and pads as large as the kernel", x.Text());
    geometry.in[axis] = in;
    geometry.out[axis] = (padded - reach) / conv.stride[axis] + 1;
    geometry.kernel[axis] = conv.kernel[axis];
    geometry.stride[axis] = conv.stride[axis];
    geometry.pad_begin[axis] = static_cast<int64_t>(conv.pad_begin[axis]);
    geometry.dilation[axis] = conv.dilation[axis];
  }
  return geometry;
}

Dims ConvOutputDims(const ConvAttributes& conv, size_t batch, const size_t (&out)[2]) {
  Dims y;
  y.Append(static_cast<int64_t>(batch));
  if (conv.spatial == 2) y.Append(static_cast<int64_t>(out[0]));
  y.Append(static_cast<int64_t>(out[1]));
  y.Append(static_cast<int64_t>(conv.outputs));
  return y;
}

ConvGeometry PaddedGeometry(const char* type, const ConvAttributes& conv, const ConvGeometry& geometry) {
  ConvAttributes without = conv;
  Dims x;
  x.Append(static_cast<int64_t>(geometry.batch));
  for (size_t axis = 0; axis < 2; ++axis) {
    without.pad_begin[axis] = without.pad_end[axis] = 0;
    if (axis == 0 && conv.spatial == 1) continue;
    x.Append(static_cast<int64_t>(geometry.in[axis] + conv.pad_begin[axis] + conv.pad_end[axis]));
  }
  x.Append(static_cast<int64_t>(geometry.channels));
  return ConvGeometryOf(type, without, x);
}

void FillOffsets(const ConvGeometry& g, size_t m0, size_t m1, int32_t zero_row, int32_t* offsets) {
  const size_t count = m1 - m0;
  const auto channels = static_cast<int64_t>(g.channels), stride = static_cast<int64_t>(g.stride[1]);
  const auto width = static_cast<int64_t>(g.in[1]);
  const auto step = static_cast<uint32_t>(stride * channels);  // unsigned: may pass the last offset
  size_t image = m0 / (g.out[0] * g.out[1]), row = m0 / g.out[1] % g.out[0], column = m0 % g.out[1];
  for (size_t m = 0; m < count;) {  // runs of pixels of one output row
    const size_t run = std::min(count - m, g.out[1] - column);
    for (size_t ky = 0; ky < g.kernel[0]; ++ky) {
      const auto from_pad = static_cast<int64_t>(row * g.stride[0] + ky * g.dilation[0]);
      const int64_t y = from_pad - g.pad_begin[0];
      const bool inside = y >= 0 && y < static_cast<int64_t>(g.in[0]);
      const int64_t line = (static_cast<int64_t>(image * g.in[0]) + y) * width * channels;
      int32_t* tap = offsets + ky * g.kernel[1] * count + m;
      int64_t x = static_cast<int64_t>(column) * stride - g.pad_begin[1];
      for (size_t kx = 0; kx < g.kernel[1]; ++kx, tap += count, x += static_cast<int64_t>(g.dilation[1])) {
        // Of the run, pixels first .. end - 1 are inside the image.
        int64_t first = 0, end = 0;
        if (inside) {
          const int64_t before = std::max<int64_t>(-x, 0), until = std::max<int64_t>(width - x, 0);
          first = std::min(stride == 1 ? before : (before + stride - 1) / stride, static_cast<int64_t>(run));
          end = std::min(stride == 1 ? until : (until + stride - 1) / stride, static_cast<int64_t>(run));
          end = std::max(first, end);
        }
        std::fill(tap, tap + first, zero_row);
        auto offset = static_cast<uint32_t>(line + (x + first * stride) * channels);
        for (int64_t i = first; i < end; ++i, offset += step) tap[i] = static_cast<int32_t>(offset);
        std::fill(tap + end, tap + run, zero_row);
      }
    }
    m += run;
    column = 0;
    if (++row == g.out[0]) {
      row = 0;
      ++image;
    }
  }
}

namespace {

// Lines first .. first + height - 1 of an image, pixels left .. left + width - 1, zeros outside of it.
void CopyWindow(const ConvGeometry& g, const float* image, int64_t first, size_t height, int64_t left, size_t width,
                float* to) {
  const auto in_width = static_cast<int64_t>(g.in[1]), count = static_cast<int64_t>(width);
  const int64_t begin = std::clamp<int64_t>(-left, 0, count);
  const int64_t end = std::clamp<int64_t>(in_width - left, begin, count);
  const size_t before = static_cast<size_t>(begin) * g.channels, inside = static_cast<size_t>(end - begin) * g.channels;
  const size_t line = width * g.channels;
  for (size_t i = 0; i < height; ++i, to += line) {
    const int64_t row = first + static_cast<int64_t>(i);
    if (row < 0 || row >= static_cast<int64_t>(g.in[0]) || inside == 0) {
      std::fill_n(to, line, 0.0f);
      continue;
    }
    std::fill_n(to, before, 0.0f);
    std::copy_n(image + static_cast<size_t>(row * in_width + left + begin) * g.channels, inside, to + before);
    std::fill_n(to + before + inside, line - before - inside, 0.0f);
  }
}

}  // namespace

size_t UnderLast(const ConvGeometry& g, size_t m) {
  if (m >= g.Pixels()) return g.InputCount();
  const size_t line = m / g.out[1], image = line / g.out[0];
  const size_t row = std::min(line % g.out[0] * g.stride[0] + (g.kernel[0] - 1) * g.dilation[0], g.in[0]);
  const size_t pixel = (image * g.in[0] + row) * g.in[1] + m % g.out[1] * g.stride[1];
  return std::min(pixel, g.InputPixels()) * g.channels;
}

void FetchUnder(const ConvGeometry& g, const float* x, size_t m, size_t count) {
  constexpr size_t kCacheFloats = 512 << 10;
  if (g.InputCount() <= kCacheFloats || g.Taps() == 0) return;
  FetchAhead(x + UnderLast(g, m), x + UnderLast(g, m + count));
}

bool MayPadTiles(const ConvGeometry& g) {
  double elements = static_cast<double>(g.batch) * static_cast<double>(g.channels);  // below 2^62 each
  for (size_t axis = 0; axis < 2; ++axis) {
    if (g.out[axis] == 0 || g.kernel[axis] == 0) return true;
    elements *= static_cast<double>((g.out[axis] - 1) * g.stride[axis] + (g.kernel[axis] - 1) * g.dilation[axis] + 1);
  }
  return elements < static_cast<double>(kLimit);
}

PaddedTile PadTile(const ConvGeometry& g, const float* x, size_t m0, size_t m1) {
  static thread_local std::vector<float> memory;
  static thread_local std::vector<int32_t> offsets;
  const size_t count = m1 - m0, taps = g.kernel[0];
  if (offsets.size() < taps * count) offsets.resize(taps * count);
  // Images one after the other: what their windows are, where they go, and the offsets into them.
  const auto of_image = [&](size_t m, size_t at, bool copies) {
    const size_t of = g.out[0] * g.out[1], image = m / of, end = std::min(m1, (image + 1) * of);
    const size_t row0 = m / g.out[1] % g.out[0], row1 = (end - 1) / g.out[1] % g.out[0];
    const bool one = row0 == row1;  // a part of a line is enough then
    const size_t column0 = one ? m % g.out[1] : 0, columns = one ? end - m : g.out[1];
    const size_t width = (columns - 1) * g.stride[1] + g.kernel[1], line = width * g.channels;
    const size_t height = (row1 - row0) * g.stride[0] + (g.kernel[0] - 1) * g.dilation[0] + 1;
    if (copies) {
      CopyWindow(g, x + image * g.in[0] * g.in[1] * g.channels,
                 static_cast<int64_t>(row0 * g.stride[0]) - g.pad_begin[0], height,
                 static_cast<int64_t>(column0 * g.stride[1]) - g.pad_begin[1], width, memory.data() + at);
      for (size_t i = m, row = row0, column = m % g.out[1]; i < end; ++row, column = 0) {
        const size_t run = std::min(end - i, g.out[1] - column);
        for (size_t ky = 0; ky < taps; ++ky) {
          size_t from = at + ((row - row0) * g.stride[0] + ky * g.dilation[0]) * line;
          from += (column - column0) * g.stride[1] * g.channels;
          int32_t* to = offsets.data() + ky * count + i - m0;
          for (size_t j = 0; j < run; ++j) to[j] = static_cast<int32_t>(from + j * g.stride[1] * g.channels);
        }
        i += run;
      }
    }
    return std::make_pair(end, at + height * line);
  };
  for (bool copies : {false, true}) {
    size_t at = 0;
    for (size_t m = m0; m < m1;) std::tie(m, at) = of_image(m, at, copies);
    if (memory.size() < at + kReadSlack / sizeof(float)) memory.resize(at + kReadSlack / sizeof(float));
  }
  return {memory.data(), {offsets.data(), count, taps, g.kernel[1] * g.channels, 0}};
}

}  // namespace gossamer
