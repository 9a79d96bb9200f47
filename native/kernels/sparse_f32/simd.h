// The vector body of sparse_f32, over the operations of one kernels/simd/ header, which is included first together with
//   TransposeSquare(v): v[i][j] and v[j][i] of kLanes vectors change places
// Rows of activations become lanes: those of a block are turned round, so that one non-zero meets up to 64 rows in a
// few vectors side by side, and the sums are turned back.
#pragma once
#include "kernels/simd/activation.h"
#include "kernels/sparse_f32/sparse_f32.h"

#if defined(__GNUC__)
#define GOSSAMER_UNROLL _Pragma("GCC unroll 16")
#else
#define GOSSAMER_UNROLL
#endif

namespace gossamer {
namespace {

constexpr size_t kMostVectors = 4;  // of rows: with two chains each, as many as hide the latency of a multiply-add
static_assert(kMostVectors * kLanes <= kSparseScratchRows, "scratch memory is for so many");

// Activations k of block k0 .. k1 - 1 of rows m .. m + count - 1 to turned[(k - k0) * width + row]; rows behind the
// last one are zeros.
inline void TurnBlock(const float* x, const ActivationRows& rows, size_t m, size_t count, size_t k0, size_t k1,
                      size_t width, float* turned) {
  for (size_t k = k0; k < k1;) {
    const size_t tap = k / rows.piece, within = k % rows.piece;
    const size_t left = rows.piece - within, length = left < k1 - k ? left : k1 - k;
    float* to = turned + (k - k0) * width;
    for (size_t r = 0; r < width; r += kLanes) {
      const float* from[kLanes];
      const size_t present = count > r ? (count - r < kLanes ? count - r : kLanes) : 0;
      for (size_t i = 0; i < present; ++i) from[i] = x + PieceOffset(rows, tap, m + r + i) + within;
      size_t j = 0;
      for (; present == kLanes && j + kLanes <= length; j += kLanes) {
        F32 v[kLanes];
        GOSSAMER_UNROLL
        for (size_t i = 0; i < kLanes; ++i) v[i] = Load(from[i] + j);
        TransposeSquare(v);
        GOSSAMER_UNROLL
        for (size_t i = 0; i < kLanes; ++i) Store(to + (j + i) * width + r, v[i]);
      }
      for (; j < length; ++j) {
        for (size_t i = 0; i < present; ++i) to[j * width + r + i] = from[i][j];
        for (size_t i = present; i < kLanes; ++i) to[j * width + r + i] = 0;
      }
    }
    k += length;
  }
}

// Goes on with the sums of a panel in one block.
template <size_t kVectors>
void AddBlock(const SparseWeightsF32& w, size_t panel, const float* turned, float* sums) {
  constexpr size_t kWidth = kVectors * kLanes;
  const uint8_t *counts = w.counts + panel * kSparsePanelF32, *order = w.order + panel * kSparsePanelF32;
  const uint8_t* place = w.places + w.starts[panel];
  const float* value = w.values + w.starts[panel];
  for (size_t i = 0; i < kSparsePanelF32; ++i) {
    size_t left = counts[i];
    if (left == 0) continue;
    float* const sum = sums + order[i] * kWidth;
    F32 even[kVectors], odd[kVectors];
    GOSSAMER_UNROLL
    for (size_t v = 0; v < kVectors; ++v) {
      even[v] = Load(sum + v * kLanes);
      odd[v] = Fill(0.0f);
    }
    for (; left >= 2; left -= 2, place += 2, value += 2) {
      const float *a = turned + place[0] * kWidth, *b = turned + place[1] * kWidth;
      const F32 first = Fill(value[0]), second = Fill(value[1]);
      GOSSAMER_UNROLL
      for (size_t v = 0; v < kVectors; ++v) {
        even[v] = Fma(first, Load(a + v * kLanes), even[v]);
        odd[v] = Fma(second, Load(b + v * kLanes), odd[v]);
      }
    }
    if (left != 0) {
      const float* a = turned + *place++ * kWidth;
      const F32 last = Fill(*value++);
      GOSSAMER_UNROLL
      for (size_t v = 0; v < kVectors; ++v) even[v] = Fma(last, Load(a + v * kLanes), even[v]);
    }
    GOSSAMER_UNROLL
    for (size_t v = 0; v < kVectors; ++v) Store(sum + v * kLanes, Add(even[v], odd[v]));
  }
}

using AddBlockFn = void(const SparseWeightsF32&, size_t panel, const float* turned, float* sums);
constexpr AddBlockFn* kAddBlock[] = {nullptr, AddBlock<1>, AddBlock<2>, AddBlock<3>, AddBlock<4>};

// Row m, outputs n .. n + count - 1 <= kLanes: bias, residual and clamp.
inline void StoreSums(const FloatOutput& o, size_t m, size_t n, size_t count, F32 sum) {
  if (o.bias != nullptr) sum = Add(sum, LoadFirst(o.bias + n, count));
  if (o.residual != nullptr) sum = Add(sum, LoadFirst(o.residual + m * o.residual_stride + n, count));
  if (o.act.kind == Activation::kClamp) sum = Clamp(sum, Fill(o.act.a), Fill(o.act.b));
  StoreFirst(o.y + m * o.y_stride + n, sum, count);
}

// The sums of rows m .. m + count - 1 and outputs n0 .. n1 - 1 go to y.
inline void FinishTile(const FloatOutput& o, size_t m, size_t count, size_t n0, size_t n1, size_t width,
                       const float* sums) {
  for (size_t n = n0; n < n1; n += kLanes) {
    const size_t outputs = n1 - n < kLanes ? n1 - n : kLanes;
    for (size_t r = 0; r < count; r += kLanes) {
      F32 v[kLanes];
      GOSSAMER_UNROLL
      for (size_t i = 0; i < kLanes; ++i) v[i] = i < outputs ? Load(sums + (n - n0 + i) * width + r) : Fill(0.0f);
      TransposeSquare(v);
      const size_t here = count - r < kLanes ? count - r : kLanes;
      for (size_t i = 0; i < here; ++i) StoreSums(o, m + r + i, n, outputs, v[i]);
    }
  }
  if (o.act.kind == Activation::kNone || o.act.kind == Activation::kClamp) return;
  for (size_t r = m; r < m + count; ++r) ActivateRow(o.act, o.y + r * o.y_stride + n0, n1 - n0);
}

}  // namespace

void GOSSAMER_SIMD(SparseF32)(const float* x, const ActivationRows& rows, size_t m0, size_t m1,
                              const SparseWeightsF32& w, size_t n0, size_t n1, const FloatOutput& output,
                              void* scratch) {
  float* const turned = static_cast<float*>(scratch);
  float* const sums = turned + kSparseBlockF32 * kSparseScratchRows;
  for (size_t m = m0; m < m1;) {
    const size_t most = kMostVectors * kLanes, count = m1 - m < most ? m1 - m : most;
    const size_t vectors = (count + kLanes - 1) / kLanes, width = vectors * kLanes;
    for (size_t first = n0; first < n1; first += kSparseScratchOutputs) {
      const size_t end = n1 - first < kSparseScratchOutputs ? n1 : first + kSparseScratchOutputs;
      const size_t panels = (end - first + kSparsePanelF32 - 1) / kSparsePanelF32;
      for (size_t i = 0; i < panels * kSparsePanelF32 * width; i += kLanes) Store(sums + i, Fill(0.0f));
      for (size_t block = 0; block < w.Blocks(); ++block) {
        const size_t k0 = block * kSparseBlockF32, k1 = w.depth - k0 < kSparseBlockF32 ? w.depth : k0 + kSparseBlockF32;
        TurnBlock(x, rows, m, count, k0, k1, width, turned);
        for (size_t p = 0; p < panels; ++p) {
          const size_t panel = block * w.Panels() + first / kSparsePanelF32 + p;
          kAddBlock[vectors](w, panel, turned, sums + p * kSparsePanelF32 * width);
        }
      }
      FinishTile(output, m, count, first, end, width, sums);
    }
    m += count;
  }
}

}  // namespace gossamer
