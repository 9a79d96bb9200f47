#include <algorithm>
#include <cstring>
#include <new>

#include "kernels/depthwise_i8/depthwise_i8.h"

namespace gossamer {
namespace {

size_t RoundUp(size_t value, size_t unit) { return (value + unit - 1) / unit * unit; }

}  // namespace

size_t DepthwiseBytesI8(size_t channels, size_t taps) {
  const size_t padded = RoundUp(channels, kLaneChannels), bytes = RoundUp(taps, 4);
  if (bytes != 0 && padded > static_cast<size_t>(-1) / 2 / bytes) throw std::bad_alloc();
  return padded * bytes;
}

PackedDepthwiseI8 PackDepthwiseI8(const int8_t* w, size_t channels, size_t taps, int8_t* blocks) {
  const size_t groups = (taps + 3) / 4;
  std::memset(blocks, 0, DepthwiseBytesI8(channels, taps));
  for (size_t first = 0, width = 0; first < channels; first += width) {
    const size_t left = channels - first;
    width = left > 48 ? kBlockChannels : left > 16 ? 32 : 16;
    const size_t lanes = width / kLaneChannels;
    int8_t* block = blocks + first * groups * 4;
    for (size_t c = 0; c < std::min(width, left); ++c) {
      for (size_t t = 0; t < taps; ++t) {
        const size_t place = (c / 4 % 4 * lanes + c / kLaneChannels) * 16 + c % 4 * 4;
        block[t / 4 * width * 4 + place + t % 4] = w[(first + c) * taps + t];
      }
    }
  }
  return {channels, taps, groups, blocks};
}

}  // namespace gossamer
