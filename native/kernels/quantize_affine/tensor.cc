#include "kernels/quantize_affine/tensor.h"

#include <algorithm>

#include "engine/tiles.h"
#include "kernels/pack_bits/pack_bits.h"

namespace gossamer {
namespace {

// Elements a thread takes at a time: about 20 us of work. Even, so that no two tiles share a packed byte.
constexpr size_t kTile = size_t{1} << 16;
// Codes that wait for packing; small enough for the L1 cache, even.
constexpr size_t kStaging = 4096;

void QuantizeRange(const float* x, const QuantizedTensor& tensor, CodeRange range, size_t begin, size_t end,
                   uint8_t* codes) {
  while (begin < end) {
    const Segment s = SegmentAt(tensor.layout, begin, end);
    const float* scale = tensor.scale + s.parameter;
    const int32_t* zero_point = tensor.zero_point + s.parameter;
    if (s.each) {
      QuantizeAffineEach()(x + s.offset, s.count, scale, zero_point, range, codes);
    } else {
      QuantizeAffine()(x + s.offset, s.count, {*scale, *zero_point}, range, codes);
    }
    codes += s.count;
    begin += s.count;
  }
}

void DequantizeRange(const uint8_t* codes, const QuantizedTensor& tensor, size_t begin, size_t end, float* x) {
  while (begin < end) {
    const Segment s = SegmentAt(tensor.layout, begin, end);
    const float* scale = tensor.scale + s.parameter;
    const int32_t* zero_point = tensor.zero_point + s.parameter;
    if (s.each) {
      DequantizeAffineEach()(codes, s.count, tensor.is_signed, scale, zero_point, x + s.offset);
    } else {
      DequantizeAffine()(codes, s.count, tensor.is_signed, {*scale, *zero_point}, x + s.offset);
    }
    codes += s.count;
    begin += s.count;
  }
}

}  // namespace

bool QuantizeTensor(const float* x, const QuantizedTensor& tensor, CodeRange range, uint8_t* codes, AbortFlag abort) {
  return ForEachTile(tensor.layout.Count(), kTile, abort, [&](size_t begin, size_t end) {
    if (tensor.storage == CodeStorage::kBytes) {
      QuantizeRange(x, tensor, range, begin, end, codes + begin);
      return;
    }
    uint8_t staging[kStaging];
    for (size_t at = begin; at < end; at += kStaging) {
      const size_t stop = std::min(end, at + kStaging);
      QuantizeRange(x, tensor, range, at, stop, staging);
      PackNibbles()(staging, stop - at, codes + at / 2);
    }
  });
}

bool DequantizeTensor(const uint8_t* codes, const QuantizedTensor& tensor, float* x, AbortFlag abort) {
  return ForEachTile(tensor.layout.Count(), kTile, abort, [&](size_t begin, size_t end) {
    if (tensor.storage == CodeStorage::kBytes) {
      DequantizeRange(codes + begin, tensor, begin, end, x);
      return;
    }
    uint8_t staging[kStaging];
    for (size_t at = begin; at < end; at += kStaging) {
      const size_t stop = std::min(end, at + kStaging);
      UnpackNibbles()(codes + at / 2, stop - at, tensor.is_signed, staging);
      DequantizeRange(staging, tensor, at, stop, x);
    }
  });
}

}  // namespace gossamer
