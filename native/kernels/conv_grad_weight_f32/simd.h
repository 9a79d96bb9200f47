// The vector body of conv_grad_weight_f32, written over the operations of one kernels/simd/ header, which is included
// first with
//   kWidest: the widest tile, in strips
//   MaxRows(strips): rows of a tile that is `strips` strips wide, so many that its sums stay in registers
#include <algorithm>
#include <utility>

#include "kernels/conv_grad_weight_f32/conv_grad_weight_f32.h"

// Before a loop without a loop in it: a compiler then keeps what it indexes in registers.
#if defined(__GNUC__)
#define GOSSAMER_UNROLL _Pragma("GCC unroll 64")
#else
#define GOSSAMER_UNROLL
#endif

namespace gossamer {
namespace {

constexpr size_t kStripVectors = kStripF32 / kLanes;

// kRows rows from m by kStrips strips from `strip`.
template <size_t kRows, size_t kStrips>
void Tile(const PixelLines& pixels, size_t m, size_t strip, float* all, size_t strip_stride) {
  constexpr size_t kVectors = kStrips * kStripVectors;
  float* to = all + strip * strip_stride + m * kStripF32;
  const size_t x_step = pixels.x_step, dy_step = pixels.dy_step;
  F32 sums[kRows * kVectors];
  GOSSAMER_UNROLL
  for (size_t j = 0; j < kRows * kVectors; ++j) {
    const size_t r = j / kVectors, v = j % kVectors;
    sums[j] = Load(to + v / kStripVectors * strip_stride + r * kStripF32 + v % kStripVectors * kLanes);
  }
  for (size_t i = 0; i < pixels.count; ++i) {
    const PixelLine& line = pixels.lines[i];
    const float *x = line.x + m, *dy = line.dy + strip * kStripF32;
    for (size_t p = line.pixels; p > 0; --p, x += x_step, dy += dy_step) {
      F32 factors[kVectors], value = Fill(0.0f);
      GOSSAMER_UNROLL
      for (size_t v = 0; v < kVectors; ++v) factors[v] = Load(dy + v * kLanes);
      GOSSAMER_UNROLL
      for (size_t j = 0; j < kRows * kVectors; ++j) {
        if (j % kVectors == 0) value = Fill(x[j / kVectors]);
        sums[j] = Fma(value, factors[j % kVectors], sums[j]);
      }
    }
  }
  GOSSAMER_UNROLL
  for (size_t j = 0; j < kRows * kVectors; ++j) {
    const size_t r = j / kVectors, v = j % kVectors;
    Store(to + v / kStripVectors * strip_stride + r * kStripF32 + v % kStripVectors * kLanes, sums[j]);
  }
}

using TileFn = void(const PixelLines&, size_t, size_t, float*, size_t);

template <size_t kStrips, size_t... kLess>
inline TileFn* PickTile(size_t rows, std::index_sequence<kLess...>) {
  static constexpr TileFn* kTiles[] = {Tile<kLess + 1, kStrips>...};
  return kTiles[rows - 1];
}

// All rows of kStrips strips, in tiles of as even a height as can be.
template <size_t kStrips>
void Strips(const PixelLines& pixels, size_t rows, size_t strip, float* sums, size_t strip_stride) {
  constexpr size_t kMost = MaxRows(kStrips);
  const size_t tiles = (rows + kMost - 1) / kMost, low = rows / tiles, higher = rows % tiles;
  for (size_t i = 0, m = 0; i < tiles; ++i) {
    const size_t height = low + (i < higher ? 1 : 0);
    PickTile<kStrips>(height, std::make_index_sequence<kMost>())(pixels, m, strip, sums, strip_stride);
    m += height;
  }
}

using StripsFn = void(const PixelLines&, size_t, size_t, float*, size_t);

template <size_t... kLess>
inline StripsFn* PickStrips(size_t strips, std::index_sequence<kLess...>) {
  static constexpr StripsFn* kStrips[] = {Strips<kLess + 1>...};
  return kStrips[strips - 1];
}

}  // namespace

void GOSSAMER_SIMD(ConvGradWeightF32)(const PixelLines& pixels, size_t rows, size_t columns, float* sums,
                                      size_t strip_stride) {
  if (rows == 0) return;
  const size_t strips = StripsF32(columns), blocks = (strips + kWidest - 1) / kWidest;
  for (size_t b = 0, strip = 0; b < blocks; ++b) {  // blocks of strips as even as can be
    const size_t width = strips / blocks + (b < strips % blocks ? 1 : 0);
    PickStrips(width, std::make_index_sequence<kWidest>())(pixels, rows, strip, sums, strip_stride);
    strip += width;
  }
}

}  // namespace gossamer
