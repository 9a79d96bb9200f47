// The two products of AttentionF32 in register tiles, over the operations of one kernels/simd/ header and kTileVectors
// (vectors of columns of a tile, beside its kTileRows rows), which are included first. Every sum is one chain of fused
// multiply-adds, so tiles of any width give the same bits.
#pragma once
#include <math.h>

#include <algorithm>
#include <cstddef>

#include "kernels/attention_f32/attention_f32.h"

// Before a loop without a loop in it: a compiler then keeps what it indexes in registers.
#if defined(__GNUC__)
#define GOSSAMER_UNROLL _Pragma("GCC unroll 64")
#else
#define GOSSAMER_UNROLL
#endif

namespace gossamer {
namespace {

constexpr size_t kTileRows = 6;
constexpr size_t kPanelKeys = kTileVectors * kLanes;  // packed keys lie in panels: [panel][depth][kPanelKeys]
static_assert(kPanelKeys % 16 == 0 && kAttentionKeys % kPanelKeys == 0);

// How the dot products of a tile become scores; `mask` is that of its first query and the first key of the panel.
struct ScoreStep {
  float scale;
  const float* mask;
  size_t mask_stride, mask_step;
  bool first, last;  // chunks of the depth
};

// scores[m][j] += sum over c < depth of q[m][c] * keys[c][j], j < kPanelKeys; from 0 in the first chunk. Where kFinish,
// which is after the last, they are scaled and masked, and largest[m] moves on lane by lane.
template <size_t kRows, bool kFinish>
void ScoreTile(const ScoreStep& step, const float* q, size_t q_stride, const float* keys, size_t depth, float* scores,
               F32 (&largest)[kRows]) {
  F32 acc[kRows][kTileVectors];
  GOSSAMER_UNROLL
  for (size_t m = 0; m < kRows; ++m) {
    GOSSAMER_UNROLL
    for (size_t v = 0; v < kTileVectors; ++v) {
      acc[m][v] = step.first ? Fill(0.0f) : Load(scores + m * kAttentionKeys + v * kLanes);
    }
  }
  for (size_t c = 0; c < depth; ++c, keys += kPanelKeys) {
    F32 key[kTileVectors];
    GOSSAMER_UNROLL
    for (size_t v = 0; v < kTileVectors; ++v) key[v] = Load(keys + v * kLanes);
    GOSSAMER_UNROLL
    for (size_t m = 0; m < kRows; ++m) {
      const F32 one = Fill(q[m * q_stride + c]);
      GOSSAMER_UNROLL
      for (size_t v = 0; v < kTileVectors; ++v) acc[m][v] = Fma(one, key[v], acc[m][v]);
    }
  }
  const F32 scale = Fill(step.scale);
  GOSSAMER_UNROLL
  for (size_t m = 0; m < kRows; ++m) {
    const float* mask = step.mask == nullptr ? nullptr : step.mask + m * step.mask_stride;
    GOSSAMER_UNROLL
    for (size_t v = 0; v < kTileVectors; ++v) {
      F32 s = acc[m][v];
      if (kFinish) {
        if (step.mask == nullptr) {
          s = Mul(s, scale);
        } else {
          s = Fma(s, scale, step.mask_step == 0 ? Fill(*mask) : Load(mask + v * kLanes));
        }
        largest[m] = Larger(s, largest[m]);
      }
      Store(scores + m * kAttentionKeys + v * kLanes, s);
    }
  }
}

// What ScoreTile does with kFinish, for one row of which only the first `visible` keys are seen; the others count as
// nothing.
inline void FinishRow(const ScoreStep& step, const float* mask, size_t visible, float* scores, F32& largest) {
  alignas(64) static constexpr float kCounted[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  for (size_t j = 0; j < kPanelKeys; j += kLanes) {
    F32 s = Fill(-INFINITY);
    if (j < visible) {
      const size_t rest = std::min(visible - j, kLanes);
      s = Load(scores + j);
      if (mask == nullptr) {
        s = Mul(s, Fill(step.scale));
      } else {
        s = Fma(s, Fill(step.scale), step.mask_step == 0 ? Fill(*mask) : LoadFirst(mask + j, rest));
      }
      s = Pick(Less(Load(kCounted), Fill(static_cast<float>(rest))), s, Fill(-INFINITY));
    }
    Store(scores + j, s);
    largest = Larger(s, largest);
  }
}

// Scores of kRows queries, of which the first sees `seen` keys of the block and each later one another, with the first
// `keys` of the packed keys, whose panels lie `panel` elements apart.
template <size_t kRows>
void ScoreRows(const ScoreStep& step, const float* q, size_t q_stride, const float* packed, size_t panel, int64_t seen,
               size_t keys, size_t depth, float* scores, F32 (&largest)[kRows]) {
  ScoreStep here = step;
  for (size_t j = 0; j < keys; j += kPanelKeys, packed += panel) {
    const int64_t rest = seen - static_cast<int64_t>(j);  // that the first query sees from here on
    const int64_t here_keys = static_cast<int64_t>(std::min(kPanelKeys, keys - j));
    if (step.mask != nullptr) here.mask = step.mask + j * step.mask_step;
    if (step.last && std::min(rest, here_keys) == static_cast<int64_t>(kPanelKeys)) {
      ScoreTile<kRows, true>(here, q, q_stride, packed, depth, scores + j, largest);
      continue;
    }
    ScoreTile<kRows, false>(here, q, q_stride, packed, depth, scores + j, largest);
    for (size_t m = 0; step.last && m < kRows; ++m) {
      const int64_t visible = std::clamp(rest + static_cast<int64_t>(m), int64_t{0}, here_keys);
      const float* mask = step.mask == nullptr ? nullptr : here.mask + m * step.mask_stride;
      FinishRow(here, mask, static_cast<size_t>(visible), scores + m * kAttentionKeys + j, largest[m]);
    }
  }
}

// What becomes of kRows rows of y in a block of keys: y = (y * before[m] + sum over j < keys of p[m][j] * v[j]) *
// after[m]; y counts as 0 where `start`.
struct ValueStep {
  const float *p, *before, *after;
  const float* values;
  size_t stride, keys;  // of values
  bool start;
};

// kVectors vectors of columns of y; where kPartial, the first `lanes` columns of one vector.
template <size_t kRows, size_t kVectors, bool kPartial>
void ValueTile(const ValueStep& step, size_t column, size_t lanes, float* y, size_t y_stride) {
  F32 acc[kRows][kVectors];
  GOSSAMER_UNROLL
  for (size_t m = 0; m < kRows; ++m) {
    const F32 factor = Fill(step.before[m]);
    GOSSAMER_UNROLL
    for (size_t v = 0; v < kVectors; ++v) {
      const float* at = y + m * y_stride + column + v * kLanes;
      acc[m][v] = step.start ? Fill(0.0f) : Mul(kPartial ? LoadFirst(at, lanes) : Load(at), factor);
    }
  }
  const float *values = step.values + column, *p = step.p;
  const size_t stride = step.stride;
  for (size_t j = 0; j < step.keys; ++j, values += stride) {
    F32 value[kVectors];
    GOSSAMER_UNROLL
    for (size_t v = 0; v < kVectors; ++v) {
      value[v] = kPartial ? LoadFirst(values, lanes) : Load(values + v * kLanes);
    }
    GOSSAMER_UNROLL
    for (size_t m = 0; m < kRows; ++m) {
      const F32 one = Fill(p[m * kAttentionKeys + j]);
      GOSSAMER_UNROLL
      for (size_t v = 0; v < kVectors; ++v) acc[m][v] = Fma(one, value[v], acc[m][v]);
    }
  }
  GOSSAMER_UNROLL
  for (size_t m = 0; m < kRows; ++m) {
    const F32 factor = Fill(step.after[m]);
    GOSSAMER_UNROLL
    for (size_t v = 0; v < kVectors; ++v) {
      float* at = y + m * y_stride + column + v * kLanes;
      if (kPartial) {
        StoreFirst(at, Mul(acc[m][v], factor), lanes);
      } else {
        Store(at, Mul(acc[m][v], factor));
      }
    }
  }
}

// Columns `column` on, `vectors` vectors of them: one tile.
template <size_t kRows, size_t kVectors>
void ValueTileOf(size_t vectors, const ValueStep& step, size_t column, float* y, size_t y_stride) {
  if constexpr (kVectors > 1) {
    if (vectors < kVectors) return ValueTileOf<kRows, kVectors - 1>(vectors, step, column, y, y_stride);
  }
  ValueTile<kRows, kVectors, false>(step, column, 0, y, y_stride);
}

// All columns, in tiles of as even a width as can be.
template <size_t kRows>
void ValueRows(const ValueStep& step, size_t columns, float* y, size_t y_stride) {
  const size_t vectors = columns / kLanes, tiles = (vectors + kTileVectors - 1) / kTileVectors;
  size_t column = 0;
  for (size_t i = 0; i < tiles; ++i) {
    const size_t width = (vectors * (i + 1) / tiles) - (vectors * i / tiles);
    ValueTileOf<kRows, kTileVectors>(width, step, column, y, y_stride);
    column += width * kLanes;
  }
  if (column < columns) ValueTile<kRows, 1, true>(step, column, columns - column, y, y_stride);
}

template <size_t kRows>
struct RowCount {
  static constexpr size_t value = kRows;
};
// Calls body(RowCount of the tile, first row) over `count` rows.
template <class Body>
void ForRowTiles(size_t count, const Body& body) {
  for (size_t m = 0; m < count; m += kTileRows) {
    switch (count - m) {
      case 1: body(RowCount<1>(), m); break;
      case 2: body(RowCount<2>(), m); break;
      case 3: body(RowCount<3>(), m); break;
      case 4: body(RowCount<4>(), m); break;
      case 5: body(RowCount<5>(), m); break;
      default: body(RowCount<kTileRows>(), m);
    }
  }
}

}  // namespace
}  // namespace gossamer
