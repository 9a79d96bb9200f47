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
void Tile(const Call& call, size_t m, size_t c) {
  constexpr size_t kSums = kPixels * kVectors;
  const size_t stride = DepthwiseStrideF32(call.rows.piece);
  const size_t channels = std::min(call.rows.piece - c, kVectors * kLanes);
  F32 sums[kSums];
  GOSSAMER_UNROLL
  for (size_t j = 0; j < kSums; ++j) sums[j] = Fill(0.0f);
  const float* w = call.weights + c;
  for (size_t t = 0; t < call.rows.taps; ++t, w += stride) {
    F32 weights[kVectors];
    const float* x = nullptr;
    GOSSAMER_UNROLL
    for (size_t v = 0; v < kVectors; ++v) weights[v] = Load(w + v * kLanes);
    GOSSAMER_UNROLL
    for (size_t j = 0; j < kSums; ++j) {
      if (j % kVectors == 0) x = call.x + PieceOffset(call.rows, t, m + j / kVectors) + c;
      sums[j] = Fma(Load(x + j % kVectors * kLanes), weights[j % kVectors], sums[j]);
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
    if (j % kVectors + 1 < kVectors) {
      Store(y, sums[j]);
    } else {
      StoreFirst(y, sums[j], rest);
    }
  }
  if (clamp || output.act.kind == Activation::kNone) return;
  for (size_t p = 0; p < kPixels; ++p) ActivateRow(output.act, output.y + (m + p) * output.y_stride + c, channels);
}

using TileFn = void(const Call&, size_t, size_t);

template <size_t kPixels, size_t... kLess>
inline TileFn* PickTile(size_t vectors, std::index_sequence<kLess...>) {
  static constexpr TileFn* kTiles[] = {Tile<kPixels, kLess + 1>...};
  return kTiles[vectors - 1];
}

template <size_t kPixels>
inline void Pixels(const Call& call, size_t m) {
  for (size_t c = 0; c < call.rows.piece; c += kWidest * kLanes) {
    const size_t vectors = (std::min(call.rows.piece - c, kWidest * kLanes) + kLanes - 1) / kLanes;
    PickTile<kPixels>(vectors, std::make_index_sequence<kWidest>())(call, m, c);
  }
}

}  // namespace

void GOSSAMER_SIMD(DepthwiseF32)(const float* x, const ActivationRows& rows, size_t m0, size_t m1, const float* weights,
                                 const FloatOutput& output) {
  const Call call{x, rows, weights, output};
  size_t m = m0;
  for (; m + kMostPixels <= m1; m += kMostPixels) Pixels<kMostPixels>(call, m);
  for (; m < m1; ++m) Pixels<1>(call, m);
}

}  // namespace gossamer
