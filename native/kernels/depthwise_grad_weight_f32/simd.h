// The vector body of depthwise_grad_weight_f32, written over the operations of one kernels/simd/ header, which is
// included first with kWide: whether there are registers for 18 sums.
#include <algorithm>
#include <utility>

#include "kernels/depthwise_grad_weight_f32/depthwise_grad_weight_f32.h"

// Before a loop without a loop in it: a compiler then keeps what it indexes in registers.
#if defined(__GNUC__)
#define GOSSAMER_UNROLL _Pragma("GCC unroll 64")
#else
#define GOSSAMER_UNROLL
#endif

namespace gossamer {
namespace {

// Of a tile: enough sums to hide the latency of a multiply-add, few enough for their addresses to stay in registers.
constexpr size_t kMostTaps = 9;
// Vectors of channels of a tile: with two, memory is read in longer runs.
constexpr size_t Vectors(size_t taps) { return taps <= kMostTaps / 2 || kWide ? 2 : 1; }

// kTaps taps of kVectors vectors of channels from c.
template <size_t kTaps, size_t kVectors>
void Tile(const PixelLines& pixels, const size_t* taps, size_t c, float* sums, size_t stride) {
  constexpr size_t kSums = kTaps * kVectors;
  const size_t x_step = pixels.x_step, dy_step = pixels.dy_step;
  size_t at[kTaps];
  std::copy_n(taps, kTaps, at);
  F32 sum[kSums];
  GOSSAMER_UNROLL
  for (size_t j = 0; j < kSums; ++j) sum[j] = Load(sums + j / kVectors * stride + c + j % kVectors * kLanes);
  for (size_t i = 0; i < pixels.count; ++i) {
    const PixelLine& line = pixels.lines[i];
    const float *x = line.x + c, *dy = line.dy + c;
    for (size_t p = line.pixels; p > 0; --p, x += x_step, dy += dy_step) {
      F32 factors[kVectors];
      GOSSAMER_UNROLL
      for (size_t v = 0; v < kVectors; ++v) factors[v] = Load(dy + v * kLanes);
      GOSSAMER_UNROLL
      for (size_t j = 0; j < kSums; ++j) {
        sum[j] = Fma(Load(x + at[j / kVectors] + j % kVectors * kLanes), factors[j % kVectors], sum[j]);
      }
    }
  }
  GOSSAMER_UNROLL
  for (size_t j = 0; j < kSums; ++j) Store(sums + j / kVectors * stride + c + j % kVectors * kLanes, sum[j]);
}

template <size_t kTaps>
void Channels(const PixelLines& pixels, const size_t* taps, size_t channels, float* sums, size_t stride) {
  constexpr size_t kVectors = Vectors(kTaps);
  size_t c = 0;
  for (; c + (kVectors - 1) * kLanes < channels; c += kVectors * kLanes) {
    Tile<kTaps, kVectors>(pixels, taps, c, sums, stride);
  }
  for (; c < channels; c += kLanes) Tile<kTaps, 1>(pixels, taps, c, sums, stride);
}

using ChannelsFn = void(const PixelLines&, const size_t*, size_t, float*, size_t);

template <size_t... kLess>
inline ChannelsFn* PickChannels(size_t taps, std::index_sequence<kLess...>) {
  static constexpr ChannelsFn* kChannels[] = {Channels<kLess + 1>...};
  return kChannels[taps - 1];
}

}  // namespace

void GOSSAMER_SIMD(DepthwiseGradWeightF32)(const PixelLines& pixels, const size_t* taps, size_t tap_count,
                                           size_t channels, float* sums) {
  const size_t stride = DepthwiseStrideF32(channels), tiles = (tap_count + kMostTaps - 1) / kMostTaps;
  for (size_t i = 0, t = 0; i < tiles; ++i) {  // of as many taps as even as can be
    const size_t count = tap_count / tiles + (i < tap_count % tiles ? 1 : 0);
    PickChannels(count, std::make_index_sequence<kMostTaps>())(pixels, taps + t, channels, sums + t * stride, stride);
    t += count;
  }
}

}  // namespace gossamer
