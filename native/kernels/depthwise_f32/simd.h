// The vector body of depthwise_f32, written over the operations of one kernels/simd/ header, which is included first
// with kWidest: vectors of channels in a tile of kMostPixels pixels, so many that its sums stay in registers.
#include <algorithm>
#include <utility>

#include "kernels/depthwise_f32/depthwise_f32.h"
#include "kernels/simd/activation.h"

// Before a loop without a loop in it: a compiler then keeps what it indexes in registers.
#if defined(__GNUC__)
#define GOSSAMER_UNROLL _Pragma("GCC unroll 64")
#else
#define GOSSAMER_UNROLL
#endif

namespace gossamer {
namespace {

constexpr size_t kMostPixels = 4;

struct Call {
  const float* x;
  const ActivationRows& rows;
  const float* weights;
  const FloatOutput& output;
};

// kPixels pixels from m by kVectors vectors of channels from c. The last may reach beyond the channels: what it reads
// there is slack, and what it makes of that is dropped.
template <size_t kPixels, size_t kVectors>
inline void Tile(const Call& call, size_t m, size_t c) {
  constexpr size_t kSums = kPixels * kVectors;
  const size_t stride = DepthwiseStrideF32(call.rows.piece);
  const size_t channels = std::min(call.rows.piece - c, kVectors * kLanes);
  F32 sums[kSums];
  GOSSAMER_UNROLL
  for (size_t j = 0; j < kSums; ++j) sums[j] = Fill(0.0f);
  const ActivationRows rows = call.rows;
  const float *w = call.weights + c, *from = call.x + c;
  for (size_t t = 0; t < rows.taps; ++t, w += stride) {
    const float* x[kPixels];
    GOSSAMER_UNROLL
    for (size_t p = 0; p < kPixels; ++p) x[p] = from + PieceOffset(rows, t, m + p);
    F32 weights = Fill(0.0f);
    GOSSAMER_UNROLL
    for (size_t j = 0; j < kSums; ++j) {
      const size_t p = j % kPixels, v = j / kPixels;
      if (p == 0) weights = Load(w + v * kLanes);
      sums[p * kVectors + v] = Fma(Load(x[p] + v * kLanes), weights, sums[p * kVectors + v]);
    }
  }

  const FloatOutput& output = call.output;
  constexpr size_t kLast = (kVectors - 1) * kLanes;
  const size_t rest = channels - kLast;  // in the last vector
  const F32 low = Fill(output.act.a), high = Fill(output.act.b);
  const bool clamp = output.act.kind == Activation::kClamp;
  if (output.bias != nullptr) {
    GOSSAMER_UNROLL
    for (size_t j = 0; j < kSums; ++j) {
      const float* bias = output.bias + c + j % kVectors * kLanes;
      sums[j] = Add(sums[j], j % kVectors + 1 < kVectors ? Load(bias) : LoadFirst(bias, rest));
    }
  }
  if (output.residual != nullptr) {
    GOSSAMER_UNROLL
    for (size_t j = 0; j < kSums; ++j) {
      const float* residual =
          output.residual + (m + j / kVectors) * output.residual_stride + c + j % kVectors * kLanes;
      sums[j] = Add(sums[j], j % kVectors + 1 < kVectors ? Load(residual) : LoadFirst(residual, rest));
    }
  }
  GOSSAMER_UNROLL
  for (size_t j = 0; j < kSums; ++j) {
    float* y = output.y + (m + j / kVectors) * output.y_stride + c + j % kVectors * kLanes;
    if (clamp) sums[j] = Clamp(sums[j], low, high);
    if (j % kVectors + 1 < kVectors || rest == kLanes) {
      Store(y, sums[j]);
    } else {
      StoreFirst(y, sums[j], rest);
    }
  }
  if (clamp || output.act.kind == Activation::kNone) return;
  for (size_t p = 0; p < kPixels; ++p) ActivateRow(output.act, output.y + (m + p) * output.y_stride + c, channels);
}

template <size_t kVectors>
void Pixels(const Call& call, size_t m0, size_t m1, size_t c) {
  size_t m = m0;
  for (; m + kMostPixels <= m1; m += kMostPixels) Tile<kMostPixels, kVectors>(call, m, c);
  for (; m < m1; ++m) Tile<1, kVectors>(call, m, c);
}

using PixelsFn = void(const Call&, size_t, size_t, size_t);

template <size_t... kLess>
inline PixelsFn* PickPixels(size_t vectors, std::index_sequence<kLess...>) {
  static constexpr PixelsFn* kPixels[] = {Pixels<kLess + 1>...};
  return kPixels[vectors - 1];
}

}  // namespace

void GOSSAMER_SIMD(DepthwiseF32)(const float* x, const ActivationRows& rows, size_t m0, size_t m1, const float* weights,
                                 const FloatOutput& output) {
  constexpr size_t kBlock = 8 * kMostPixels;  // pixels whose neighbourhood stays near while the channels pass
  const Call call{x, rows, weights, output};
  const size_t vectors = (rows.piece + kLanes - 1) / kLanes, blocks = (vectors + kWidest - 1) / kWidest;
  for (size_t m = m0; m < m1; m += kBlock) {
    // Blocks of channels as even as can be.
    for (size_t b = 0, v = 0; b < blocks; ++b) {
      const size_t width = vectors / blocks + (b < vectors % blocks ? 1 : 0);
      PickPixels(width, std::make_index_sequence<kWidest>())(call, m, std::min(m1, m + kBlock), v * kLanes);
      v += width;
    }
  }
}

}  // namespace gossamer
