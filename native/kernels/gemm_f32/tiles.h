// Register tiles of a product with packed weights: the body of gemm_f32 and gemm_bf16. Included first: one
// kernels/simd/ header, and in an unnamed namespace
//   Element: of activations and weights; kPerStep of them along k are multiplied and added at a time
//   Broadcast(const Element*): kPerStep elements, in every lane of a vector
//   LoadWeights(const Element*), MultiplyAdd(value, weights, F32 sums)
//   MaxRows(strips): rows of a tile that is `strips` strips wide, so many that its sums stay in registers
//   kWidest: the widest tile of several rows, in strips; kWidestRow: of one row, where columns alone must hide the
//     latency of a chain of multiply-adds
#include <algorithm>
#include <utility>

#include "kernels/gemm_f32/gemm_f32.h"
#include "kernels/simd/activation.h"

// Before a loop without a loop in it: a compiler then keeps what it indexes in registers.
#if defined(__GNUC__)
#define GOSSAMER_UNROLL _Pragma("GCC unroll 64")
#else
#define GOSSAMER_UNROLL
#endif

namespace gossamer {
namespace {

constexpr size_t kStripVectors = kStripF32 / kLanes;

struct Call {
  const Element* x;
  const ActivationRows& rows;
  const Element* weights;
  size_t row_stride, strip_stride;  // of the weights; a row is a step of k
  const FloatOutput& output;
  size_t n_end;
  size_t step;  // of transposed activations: from one k to the next
};

// Bias, residual and clamp of the first `columns` sums of a row.
void FinishRow(const FloatOutput& output, const float* sums, size_t m, size_t n, size_t columns) {
  float* y = output.y + m * output.y_stride + n;
  const float* residual = output.residual == nullptr ? nullptr : output.residual + m * output.residual_stride + n;
  for (size_t i = 0; i < columns; i += kLanes) {
    const size_t count = std::min(kLanes, columns - i);
    F32 sum = LoadFirst(sums + i, count);
    if (output.bias != nullptr) sum = Add(sum, LoadFirst(output.bias + n + i, count));
    if (residual != nullptr) sum = Add(sum, LoadFirst(residual + i, count));
    if (output.act.kind == Activation::kClamp) sum = Clamp(sum, Fill(output.act.a), Fill(output.act.b));
    StoreFirst(y + i, sum, count);
  }
}

// Where the chains of a tile go on from: what y holds, as far as there are columns.
template <size_t kRows, size_t kVectors>
inline void LoadSums(const FloatOutput& output, size_t m, size_t n, size_t columns, F32 (&sums)[kRows * kVectors]) {
  for (size_t j = 0; j < kRows * kVectors; ++j) {
    const float* y = output.y + (m + j / kVectors) * output.y_stride + n;
    const size_t first = j % kVectors * kLanes;
    if (first < columns) sums[j] = LoadFirst(y + first, std::min(kLanes, columns - first));
  }
}

// The other activations, over rows that have just been written: one copy of their code for all tiles.
void ActivateTile(const FloatOutput& output, size_t m, size_t rows, size_t n, size_t columns) {
  for (size_t r = 0; r < rows; ++r) ActivateRow(output.act, output.y + (m + r) * output.y_stride + n, columns);
}

// kRows rows from m by kStrips strips from `strip`. kTransposed: activations are call.step apart along k,
// and the sums may go on from y; otherwise they are side by side.
template <size_t kRows, size_t kStrips, bool kTransposed>
void Tile(const Call& call, size_t m, size_t strip) {
  constexpr size_t kVectors = kStrips * kStripVectors, kWidth = kStrips * kStripF32;
  const size_t n = strip * kStripF32, columns = call.n_end - n;
  const size_t row_stride = call.row_stride, strip_stride = call.strip_stride;
  const size_t step = kTransposed ? call.step : kPerStep;
  const FloatOutput& output = call.output;
  F32 sums[kRows * kVectors];
  GOSSAMER_UNROLL
  for (size_t j = 0; j < kRows * kVectors; ++j) sums[j] = Fill(0.0f);
  if (kTransposed && output.goes_on) LoadSums<kRows, kVectors>(output, m, n, columns, sums);
  const Element* w = call.weights + strip * strip_stride;
  for (size_t t = 0; t < call.rows.taps; ++t) {
    const Element* x[kRows];
    GOSSAMER_UNROLL
    for (size_t r = 0; r < kRows; ++r) x[r] = call.x + PieceOffset(call.rows, t, m + r);
    for (size_t i = 0, at = 0; i < call.rows.piece; i += kPerStep, at += step, w += row_stride) {
      using Factor = decltype(Broadcast(x[0]));
      Factor weights[kVectors], value;
      GOSSAMER_UNROLL
      for (size_t v = 0; v < kVectors; ++v) {
        weights[v] = LoadWeights(w + v / kStripVectors * strip_stride + v % kStripVectors * kLanes * kPerStep);
      }
      GOSSAMER_UNROLL
      for (size_t j = 0; j < kRows * kVectors; ++j) {
        if (j % kVectors == 0) value = Broadcast(x[j / kVectors] + at);
        sums[j] = MultiplyAdd(value, weights[j % kVectors], sums[j]);
      }
    }
  }

  if (columns >= kWidth) {
    if (output.bias != nullptr) {
      GOSSAMER_UNROLL
      for (size_t j = 0; j < kRows * kVectors; ++j) {
        sums[j] = Add(sums[j], Load(output.bias + n + j % kVectors * kLanes));
      }
    }
    if (output.residual != nullptr) {
      const float* residual = output.residual + m * output.residual_stride + n;
      GOSSAMER_UNROLL
      for (size_t j = 0; j < kRows * kVectors; ++j) {
        sums[j] = Add(sums[j], Load(residual + j / kVectors * output.residual_stride + j % kVectors * kLanes));
      }
    }
    if (output.act.kind == Activation::kClamp) {
      const F32 low = Fill(output.act.a), high = Fill(output.act.b);
      GOSSAMER_UNROLL
      for (size_t j = 0; j < kRows * kVectors; ++j) sums[j] = Clamp(sums[j], low, high);
    }
    float* y = output.y + m * output.y_stride + n;
    GOSSAMER_UNROLL
    for (size_t j = 0; j < kRows * kVectors; ++j) {
      Store(y + j / kVectors * output.y_stride + j % kVectors * kLanes, sums[j]);
    }
  } else {
    alignas(64) float ragged[kRows * kWidth];
    GOSSAMER_UNROLL
    for (size_t j = 0; j < kRows * kVectors; ++j) Store(ragged + j * kLanes, sums[j]);
    for (size_t r = 0; r < kRows; ++r) FinishRow(output, ragged + r * kWidth, m + r, n, columns);
  }
  if (output.act.kind != Activation::kNone && output.act.kind != Activation::kClamp) {
    ActivateTile(output, m, kRows, n, std::min(kWidth, columns));
  }
}

using TileFn = void(const Call&, size_t, size_t);

template <size_t kStrips, bool kTransposed, size_t... kLess>
inline TileFn* PickTile(size_t rows, std::index_sequence<kLess...>) {
  static constexpr TileFn* kTiles[] = {Tile<kLess + 1, kStrips, kTransposed>...};
  return kTiles[rows - 1];
}

// Rows m0 .. m1 - 1 of kStrips strips, in tiles of as even a height as can be.
template <size_t kStrips, bool kTransposed>
void Strips(const Call& call, size_t m0, size_t m1, size_t strip) {
  constexpr size_t kMost = MaxRows(kStrips);
  const size_t rows = m1 - m0, tiles = (rows + kMost - 1) / kMost, low = rows / tiles, higher = rows % tiles;
  constexpr auto kHeights = std::make_index_sequence<kMost>();
  TileFn* const tile = PickTile<kStrips, kTransposed>(low, kHeights);
  TileFn* const higher_tile = higher == 0 ? tile : PickTile<kStrips, kTransposed>(low + 1, kHeights);
  for (size_t i = 0; i < higher; ++i, m0 += low + 1) higher_tile(call, m0, strip);
  for (size_t i = higher; i < tiles; ++i, m0 += low) tile(call, m0, strip);
}

using StripsFn = void(const Call&, size_t, size_t, size_t);

template <bool kTransposed, size_t... kLess>
inline StripsFn* PickStrips(size_t strips, std::index_sequence<kLess...>) {
  static constexpr StripsFn* kStrips[] = {Strips<kLess + 1, kTransposed>...};
  return kStrips[strips - 1];
}

// Rows m0 .. m1 - 1 by columns n0 .. n_end - 1.
template <bool kTransposed>
inline void Product(const Call& call, size_t m0, size_t m1, size_t n0) {
  if (m0 >= m1) return;
  size_t strip = n0 / kStripF32;
  const size_t end = StripsF32(call.n_end);
  for (; m1 - m0 == 1 && end - strip >= kWidestRow; strip += kWidestRow) {
    Tile<1, kWidestRow, kTransposed>(call, m0, strip);
  }
  for (; strip < end; strip += kWidest) {
    constexpr auto kWidths = std::make_index_sequence<kWidest>();
    PickStrips<kTransposed>(std::min(kWidest, end - strip), kWidths)(call, m0, m1, strip);
  }
}

}  // namespace
}  // namespace gossamer
