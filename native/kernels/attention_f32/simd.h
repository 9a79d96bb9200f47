// The body of AttentionF32 over the operations of one kernels/simd/ header, which is included first with the tile's
// kTileVectors; over simd/scalar.h it is the definition.
#pragma once
#include <math.h>

#include "kernels/attention_f32/attention_f32.h"
#include "kernels/simd/float_math.h"
#include "kernels/transpose/transpose.h"

namespace gossamer {
namespace {

constexpr size_t kTileRows = 6, kDepthChunk = 128;
constexpr float kNothing = -INFINITY;

// Of the queries of one call.
struct AttentionState {
  alignas(64) float scores[kAttentionRows * kAttentionKeys];  // then their exponentials
  alignas(64) float keys[kDepthChunk * kAttentionKeys];       // a chunk of the depth, [depth][key]
  float largest[kAttentionRows], sum[kAttentionRows], correction[kAttentionRows];
};

// scores[m][j] += sum over c < depth of q[m][c] * keys[c][j]; from 0 where `start`. kVectors of j.
template <size_t kRows, size_t kVectors>
void ScoreTile(const float* q, size_t q_stride, const float* keys, size_t depth, bool start, float* scores) {
  F32 acc[kRows][kVectors];
#pragma GCC unroll 8
  for (size_t m = 0; m < kRows; ++m) {
#pragma GCC unroll 8
    for (size_t v = 0; v < kVectors; ++v) {
      acc[m][v] = start ? Fill(0.0f) : Load(scores + m * kAttentionKeys + v * kLanes);
    }
  }
  for (size_t c = 0; c < depth; ++c) {
    F32 key[kVectors];
#pragma GCC unroll 8
    for (size_t v = 0; v < kVectors; ++v) key[v] = Load(keys + c * kAttentionKeys + v * kLanes);
#pragma GCC unroll 8
    for (size_t m = 0; m < kRows; ++m) {
      const F32 one = Fill(q[m * q_stride + c]);
#pragma GCC unroll 8
      for (size_t v = 0; v < kVectors; ++v) acc[m][v] = Fma(one, key[v], acc[m][v]);
    }
  }
#pragma GCC unroll 8
  for (size_t m = 0; m < kRows; ++m) {
#pragma GCC unroll 8
    for (size_t v = 0; v < kVectors; ++v) Store(scores + m * kAttentionKeys + v * kLanes, acc[m][v]);
  }
}

// y[m][c] = y[m][c] * correction[m] + sum over j < keys of p[m][j] * values[j][c], c < kVectors * kLanes, or c < lanes
// of one vector where kPartial. y counts as 0 where `start`.
template <size_t kRows, size_t kVectors, bool kPartial>
void ValueTile(const float* p, const float* correction, const float* values, size_t stride, size_t keys, bool start,
               size_t lanes, float* y, size_t y_stride) {
  F32 acc[kRows][kVectors];
#pragma GCC unroll 8
  for (size_t m = 0; m < kRows; ++m) {
    const F32 factor = Fill(correction[m]);
#pragma GCC unroll 8
    for (size_t v = 0; v < kVectors; ++v) {
      const float* at = y + m * y_stride + v * kLanes;
      acc[m][v] = start ? Fill(0.0f) : Mul(kPartial ? LoadFirst(at, lanes) : Load(at), factor);
    }
  }
  for (size_t j = 0; j < keys; ++j) {
    F32 value[kVectors];
#pragma GCC unroll 8
    for (size_t v = 0; v < kVectors; ++v) {
      const float* at = values + j * stride + v * kLanes;
      value[v] = kPartial ? LoadFirst(at, lanes) : Load(at);
    }
#pragma GCC unroll 8
    for (size_t m = 0; m < kRows; ++m) {
      const F32 one = Fill(p[m * kAttentionKeys + j]);
#pragma GCC unroll 8
      for (size_t v = 0; v < kVectors; ++v) acc[m][v] = Fma(one, value[v], acc[m][v]);
    }
  }
#pragma GCC unroll 8
  for (size_t m = 0; m < kRows; ++m) {
#pragma GCC unroll 8
    for (size_t v = 0; v < kVectors; ++v) {
      float* at = y + m * y_stride + v * kLanes;
      if (kPartial) {
        StoreFirst(at, acc[m][v], lanes);
      } else {
        Store(at, acc[m][v]);
      }
    }
  }
}

template <size_t kRows>
void ScoreRows(const float* q, size_t q_stride, const AttentionState& state, size_t depth, bool start, float* scores) {
  for (size_t j = 0; j < kAttentionKeys; j += kTileVectors * kLanes) {
    ScoreTile<kRows, kTileVectors>(q, q_stride, state.keys + j, depth, start, scores + j);
  }
}

template <size_t kRows>
void ValueRows(const AttentionHead& head, const float* p, const float* correction, size_t key, size_t keys, float* y) {
  const float* values = head.v + key * head.v_stride;
  const bool start = key == 0;
  size_t c = 0;
  for (; c + kTileVectors * kLanes <= head.value_depth; c += kTileVectors * kLanes) {
    ValueTile<kRows, kTileVectors, false>(p, correction, values + c, head.v_stride, keys, start, 0, y + c,
                                          head.y_stride);
  }
  for (; c + kLanes <= head.value_depth; c += kLanes) {
    ValueTile<kRows, 1, false>(p, correction, values + c, head.v_stride, keys, start, 0, y + c, head.y_stride);
  }
  if (c < head.value_depth) {
    ValueTile<kRows, 1, true>(p, correction, values + c, head.v_stride, keys, start, head.value_depth - c, y + c,
                              head.y_stride);
  }
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

// Scores of query `row` against `keys` keys from `key` on become exponentials; the state of that query moves on.
inline void SoftmaxRow(const AttentionHead& head, AttentionState& state, size_t m, size_t row, size_t key,
                       size_t keys) {
  alignas(64) static constexpr float kCounted[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  const int64_t seen = static_cast<int64_t>(row) + head.visible + 1 - static_cast<int64_t>(key);
  const size_t visible = seen <= 0 ? 0 : seen < static_cast<int64_t>(keys) ? static_cast<size_t>(seen) : keys;
  float* scores = state.scores + m * kAttentionKeys;
  const float* mask = head.mask == nullptr ? nullptr : head.mask + row * head.mask_stride + key * head.mask_step;
  F32 lanes_largest = Fill(kNothing);
  for (size_t j = 0; j < kAttentionKeys; j += kLanes) {
    F32 s = Fill(kNothing);
    if (j < visible) {
      const size_t rest = visible - j;
      s = Load(scores + j);
      if (mask == nullptr) {
        s = Mul(s, Fill(head.scale));
      } else {
        const F32 some = head.mask_step == 0 ? Fill(*mask) : LoadFirst(mask + j, rest < kLanes ? rest : kLanes);
        s = Fma(s, Fill(head.scale), some);
      }
      if (rest < kLanes) s = Pick(Less(Load(kCounted), Fill(static_cast<float>(rest))), s, Fill(kNothing));
    }
    Store(scores + j, s);
    lanes_largest = Larger(s, lanes_largest);
  }
  const float before = state.largest[m], block = LargestLane(lanes_largest);
  const float largest = block > before ? block : before;
  const F32 base = Fill(largest == kNothing ? 0.0f : largest);
  F32 sums[16 / kLanes];
  for (F32& sum : sums) sum = Fill(0.0f);
  for (size_t j = 0; j < kAttentionKeys; j += kLanes) {
    const F32 p = Exp(Sub(Load(scores + j), base));
    Store(scores + j, p);
    F32& sum = sums[j / kLanes % (16 / kLanes)];
    sum = Add(sum, p);
  }
  float factor[kLanes], total[kLanes];
  const F32 correction = Exp(Sub(Fill(before), base));
  Store(factor, correction);
  Store(total, Fma(Fill(state.sum[m]), correction, Fill(TreeSum(sums))));
  state.correction[m] = factor[0];
  state.sum[m] = total[0];
  state.largest[m] = largest;
}

inline void DivideRow(float* y, size_t count, float by) {
  const F32 divisor = Fill(by);
  size_t c = 0;
  for (; c + kLanes <= count; c += kLanes) Store(y + c, Div(Load(y + c), divisor));
  if (c < count) StoreFirst(y + c, Div(LoadFirst(y + c, count - c), divisor), count - c);
}

}  // namespace

void GOSSAMER_SIMD(AttentionF32)(const AttentionHead& head, size_t first, size_t count) {
  AttentionState state;
  for (size_t m = 0; m < count; ++m) {
    state.largest[m] = kNothing;
    state.sum[m] = 0;
  }
  float* y = head.y + first * head.y_stride;
  const int64_t last_seen = static_cast<int64_t>(first + count - 1) + head.visible;
  for (size_t key = 0; key < head.keys; key += kAttentionKeys) {
    // What no query sees changes nothing, but the first block sets y.
    if (key > 0 && static_cast<int64_t>(key) > last_seen) break;
    const size_t keys = head.keys - key < kAttentionKeys ? head.keys - key : kAttentionKeys;
    for (size_t c = 0; c == 0 || c < head.depth; c += kDepthChunk) {
      const size_t depth = head.depth - c < kDepthChunk ? head.depth - c : kDepthChunk;
      if (keys < kAttentionKeys) {
        for (size_t i = 0; i < depth * kAttentionKeys; ++i) state.keys[i] = 0;
      }
      Transpose32()(reinterpret_cast<const uint32_t*>(head.k + key * head.k_stride + c), keys, depth, head.k_stride,
                    reinterpret_cast<uint32_t*>(state.keys), kAttentionKeys);
      ForRowTiles(count, [&](auto rows, size_t m) {
        ScoreRows<decltype(rows)::value>(head.q + (first + m) * head.q_stride + c, head.q_stride, state, depth, c == 0,
                                         state.scores + m * kAttentionKeys);
      });
    }
    for (size_t m = 0; m < count; ++m) SoftmaxRow(head, state, m, first + m, key, keys);
    ForRowTiles(count, [&](auto rows, size_t m) {
      ValueRows<decltype(rows)::value>(head, state.scores + m * kAttentionKeys, state.correction + m, key, keys,
                                       y + m * head.y_stride);
    });
  }
  for (size_t m = 0; m < count; ++m) {
    float* row = y + m * head.y_stride;
    if (head.keys == 0) {
      for (size_t c = 0; c < head.value_depth; ++c) row[c] = NAN;
    } else {
      DivideRow(row, head.value_depth, state.sum[m]);
    }
  }
}

}  // namespace gossamer
