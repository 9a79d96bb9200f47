#include <algorithm>

#include "kernels/gemm_f32/gemm_f32.h"

namespace gossamer {
namespace {

// One piece of one strip. Outputs side by side in memory are copied row by row; otherwise a few k at a time, so that
// the lines read stay in the cache while their neighbours are written.
void PackPiece(const WeightSourceF32& source, const float* w, size_t columns, float factor, float* packed) {
  if (source.n_stride == 1 && columns == kStripF32) {
    for (size_t i = 0; i < source.piece; ++i, w += source.piece_stride, packed += kStripF32) {
      for (size_t j = 0; j < kStripF32; ++j) packed[j] = w[j] * factor;
    }
    return;
  }
  constexpr size_t kTile = 16;  // of k: a cache line of a row of [N, K]
  for (size_t first = 0; first < source.piece; first += kTile) {
    const size_t end = std::min(first + kTile, source.piece);
    for (size_t j = 0; j < kStripF32; ++j) {
      for (size_t i = first; i < end; ++i) {
        packed[i * kStripF32 + j] = j < columns ? w[j * source.n_stride + i * source.piece_stride] * factor : 0.0f;
      }
    }
  }
}

}  // namespace

void PackF32(const WeightSourceF32& source, size_t first, size_t end, float factor, float* packed) {
  if (source.piece == 0) return;  // nothing to pack, and source.data may be null
  const size_t strip_count = source.taps * source.piece * kStripF32;
  for (size_t strip = first; strip < end; ++strip) {
    const size_t n = strip * kStripF32, columns = std::min(kStripF32, source.n - n);
    for (size_t t = 0; t < source.taps; ++t) {
      PackPiece(source, source.data + n * source.n_stride + t * source.tap_stride, columns, factor,
                packed + strip * strip_count + t * source.piece * kStripF32);
    }
  }
}

void PackTapsF32(const TapSourceF32& source, size_t first, size_t end, float* packed) {
  constexpr size_t kTile = 16;  // of a piece: with all taps of 16 outputs, near until each tap has been read
  const size_t strip_count = source.tap_count * source.piece * kStripF32;
  for (size_t strip = first; strip < end; ++strip, packed += strip_count) {
    const size_t n = strip * kStripF32, columns = std::min(kStripF32, source.n - n);
    for (size_t i0 = 0; i0 < source.piece; i0 += kTile) {
      const size_t i1 = std::min(i0 + kTile, source.piece);
      for (size_t t = 0; t < source.tap_count; ++t) {
        const float* from = source.data + n * source.n_stride + source.taps[t];
        float* to = packed + t * source.piece * kStripF32;
        for (size_t i = i0; i < i1; ++i) {
          const float* w = from + i * source.piece_stride;
          for (size_t j = 0; j < columns; ++j) to[i * kStripF32 + j] = w[j * source.n_stride];
          std::fill(to + i * kStripF32 + columns, to + (i + 1) * kStripF32, 0.0f);
        }
      }
    }
  }
}

}  // namespace gossamer
