// The geometry of convolutions over NHWC: one spatial axis (W) or two (H, W). Axis 0 of the pairs is H, of height 1
// where there is only W.
#pragma once
#include <algorithm>
#include <cstdint>

#include "engine/operator.h"
#include "kernels/linear.h"

namespace gossamer {

// From the attributes strides, pads (begins, then ends), dilations and group, and from the dims of w, [M, C / group,
// kH, kW] or [M, C / group, kW]. Every number is at least 1 (pads: 0) and below 2^31; outputs is a multiple of group.
struct ConvAttributes {
  size_t spatial;  // 1 or 2
  size_t outputs, group, group_channels;
  size_t kernel[2], stride[2], pad_begin[2], pad_end[2], dilation[2];

  bool Padded() const { return (pad_begin[0] | pad_begin[1] | pad_end[0] | pad_end[1]) != 0; }
  // One position, every pixel once.
  bool IsMatrix() const { return Taps() == 1 && stride[0] == 1 && stride[1] == 1 && !Padded(); }
  size_t Channels() const { return group * group_channels; }
  size_t Taps() const { return kernel[0] * kernel[1]; }
};
ConvAttributes ConvAttributesOf(const char* type, const Attributes& attributes, const Dims& w);

// ERR_ENGINE_SHAPE unless x is [B, H, W, C] or [B, W, C] with the channels of w and, a row of channels behind it
// included, has fewer than 2^31 elements.
void CheckConvInput(const char* type, const ConvAttributes& attributes, const Dims& x);

// What the offsets of a run depend on. Every position of the input, and one row of channels behind it, has an offset
// below 2^31.
struct ConvGeometry {
  size_t batch, channels, in[2], out[2];
  size_t kernel[2], stride[2], dilation[2];
  int64_t pad_begin[2];  // negative: so many pixels are left out

  size_t InputPixels() const { return batch * in[0] * in[1]; }
  size_t InputCount() const { return InputPixels() * channels; }
  size_t Pixels() const { return batch * out[0] * out[1]; }  // of the output
  size_t Taps() const { return kernel[0] * kernel[1]; }
  bool operator==(const ConvGeometry& other) const;
};
// For an input of these dims. Throws EngineError (ERR_ENGINE_SHAPE).
ConvGeometry ConvGeometryOf(const char* type, const ConvAttributes& attributes, const Dims& x);
// The dims of an output of `batch` images of `out` pixels.
Dims ConvOutputDims(const ConvAttributes& attributes, size_t batch, const size_t (&out)[2]);

// The same convolution over a copy of its input that has the pads. Throws EngineError (ERR_ENGINE_SHAPE).
ConvGeometry PaddedGeometry(const char* type, const ConvAttributes& attributes, const ConvGeometry& geometry);
// That copy, with pads of `value`, in scratch memory.
template <class T>
T* CopyPadded(const ConvGeometry& geometry, const ConvGeometry& padded, const T* x, T value, RunContext& context) {
  auto* copy = static_cast<T*>(context.Scratch(padded.InputCount() * sizeof(T)));
  const size_t in_line = geometry.in[1] * geometry.channels, line = padded.in[1] * geometry.channels;
  const auto above = static_cast<size_t>(geometry.pad_begin[0]);  // attributes have no negative pads
  const size_t before = static_cast<size_t>(geometry.pad_begin[1]) * geometry.channels;
  const size_t lines = geometry.batch * padded.in[0];
  const size_t block = std::max<size_t>(1, (256 << 10) / (line * sizeof(T) + 1));
  context.Parallel((lines + block - 1) / block, [&](size_t tile) {
    for (size_t i = tile * block; i < std::min(lines, (tile + 1) * block); ++i) {
      const size_t image = i / padded.in[0], row = i % padded.in[0] - above;  // wraps above the image
      T* to = copy + i * line;
      const bool inside = row < geometry.in[0];
      std::fill_n(to, inside ? before : line, value);
      if (!inside) continue;
      std::copy_n(x + (image * geometry.in[0] + row) * in_line, in_line, to + before);
      std::fill_n(to + before + in_line, line - before - in_line, value);
    }
  });
  return copy;
}

// Asks for what is soon read: no processor foresees it across pages.
inline void FetchAhead(const float* from, const float* end) {
#if defined(__GNUC__)
  constexpr ptrdiff_t kLine = 16;  // floats
  for (; from < end; from += std::min(kLine, end - from)) __builtin_prefetch(from);
#endif
}

// The first element of x under the last kernel row of output pixel m: what lies before it has been read with the pixels
// before. Of pixel m == Pixels(): the end of x.
size_t UnderLast(const ConvGeometry& geometry, size_t m);
// Asks for what the `count` output pixels from m on read first, where x is too large to be in the cache.
void FetchUnder(const ConvGeometry& geometry, const float* x, size_t m, size_t count);

// Whether all that lies under the outputs, pads included, has fewer than 2^31 elements, as PadTile needs.
bool MayPadTiles(const ConvGeometry& geometry);
// Output pixels m0 .. m1 - 1 of a convolution without dilation along W, by kernel rows: a piece has kW * C numbers.
// What lies under them is copied, with its pads, to memory that the thread keeps until it asks again.
struct PaddedTile {
  const float* x;
  ActivationRows rows;
};
PaddedTile PadTile(const ConvGeometry& geometry, const float* x, size_t m0, size_t m1);

// offsets[t * (m1 - m0) + m - m0]: the element of x where the channels under tap t (kernel position, row by row) of
// output pixel m begin, m counting through batch, rows, columns; outside of the image `zero_row`.
void FillOffsets(const ConvGeometry& geometry, size_t m0, size_t m1, int32_t zero_row, int32_t* offsets);

}  // namespace gossamer
