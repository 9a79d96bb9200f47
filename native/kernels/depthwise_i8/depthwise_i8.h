// Depthwise convolutions over NHWC in 8-bit integers: every channel by itself.
#pragma once
#include <cstddef>
#include <cstdint>

#include "kernels/dispatch.h"
#include "kernels/linear.h"

namespace gossamer {

constexpr size_t kBlockChannels = 64;  // of a full block
constexpr size_t kLaneChannels = 16;

// Weights w[c, t] (channel, position of the kernel), as the kernels read them. Channels come in blocks of 64; what is
// left at the end makes one of 32 and one of 16, as far as needed, filled up with zeros. In a block of 16 * lanes
// channels lie, for each four positions (the last ones filled up with zeros), the weights of
//   [channel / 4 % 4][channel / 16: lanes][channel % 4][position % 4]     int8
// which is the order that interleaving the bytes of four pixels in 128-bit lanes gives.
struct PackedDepthwiseI8 {
  size_t channels, taps;
  size_t groups;         // of four taps
  const int8_t* blocks;  // aligned to 64 bytes; block b begins at blocks + channels before it * groups * 4
};

// Bytes of blocks; throws std::bad_alloc where they do not fit size_t.
size_t DepthwiseBytesI8(size_t channels, size_t taps);
// w: int8 [channels][taps]. Fills blocks (DepthwiseBytesI8, aligned to 64).
PackedDepthwiseI8 PackDepthwiseI8(const int8_t* w, size_t channels, size_t taps, int8_t* blocks);

// Rows row_begin .. row_end - 1 of y, n being the channel: p[m, n] = sum_t x[m, t, n] * w[n, t]. Tap t of row m is at
// rows.offsets[t * rows.count + m] (rows.taps is that of the weights, rows.piece the channels). The arrays of `output`
// that are indexed by output can be read up to the next multiple of 16, its residual (kReadSlack) behind its end;
// output.row_sums is null. Bit-exact across variants.
using DepthwiseI8Fn = void(const uint8_t* x, const ActivationRows& rows, size_t row_begin, size_t row_end,
                           const PackedDepthwiseI8& weights, const Int8Output& output);

DepthwiseI8Fn DepthwiseI8Scalar, DepthwiseI8Avx2, DepthwiseI8AvxVnni, DepthwiseI8Avx512, DepthwiseI8Avx512Vnni,
    DepthwiseI8Neon, DepthwiseI8NeonDotprod, DepthwiseI8NeonI8mm;

VariantList<DepthwiseI8Fn> DepthwiseI8Variants();
DepthwiseI8Fn& DepthwiseI8();  // best one for this CPU

}  // namespace gossamer
