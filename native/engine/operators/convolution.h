// The geometry of convolutions over NHWC: one spatial axis (W) or two (H, W). Axis 0 of the pairs is H, of height 1
// where there is only W.
#pragma once
#include <cstdint>

#include "engine/operator.h"

namespace gossamer {

// From the attributes strides, pads (begins, then ends), dilations and group, and from the dims of w, [M, C / group,
// kH, kW] or [M, C / group, kW]. Every number is at least 1 (pads: 0) and below 2^31; outputs is a multiple of group.
struct ConvAttributes {
  size_t spatial;  // 1 or 2
  size_t outputs, group, group_channels;
  size_t kernel[2], stride[2], pad_begin[2], pad_end[2], dilation[2];

  bool Padded() const { return (pad_begin[0] | pad_begin[1] | pad_end[0] | pad_end[1]) != 0; }
  size_t Channels() const { return group * group_channels; }
  size_t Taps() const { return kernel[0] * kernel[1]; }
};
ConvAttributes ConvAttributesOf(const char* type, const Attributes& attributes, const Dims& w);

// What the offsets of a run depend on. Every position of the input, and one row of channels behind it, has an offset
// below 2^31.
struct ConvGeometry {
  size_t batch, channels, in[2], out[2];
  size_t kernel[2], stride[2], pad_begin[2], dilation[2];

  size_t Pixels() const { return batch * out[0] * out[1]; }
  size_t InputCount() const { return batch * in[0] * in[1] * channels; }
};
// For an input of these dims, [B, H, W, C] or [B, W, C]. Throws EngineError (ERR_ENGINE_SHAPE).
ConvGeometry ConvGeometryOf(const char* type, const ConvAttributes& attributes, const Dims& x);
// The dims of an output with `outputs` channels.
Dims ConvOutputDims(const ConvAttributes& attributes, const ConvGeometry& geometry);

// offsets[t * (m1 - m0) + m - m0]: the element of x where the channels under tap t (kernel position, row by row) of
// output pixel m begin, m counting through batch, rows, columns; outside of the image `zero_row`.
void FillOffsets(const ConvGeometry& geometry, size_t m0, size_t m1, int32_t zero_row, int32_t* offsets);

}  // namespace gossamer
