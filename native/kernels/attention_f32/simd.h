// The body of AttentionF32 over the operations of one kernels/simd/ header, which is included first with the tile's
// kTileVectors and PackKeys; over simd/scalar.h it is the definition.
#pragma once
#include "kernels/attention_f32/attention_f32.h"
#include "kernels/attention_f32/tiles.h"

namespace gossamer {
namespace {

constexpr size_t kDepthChunk = 128, kSums = 16 / kLanes;

// Of the queries of one call.
struct AttentionState {
  float keys[kDepthChunk * kAttentionKeys];  // a chunk of the depth in panels
  float scores[kAttentionRows * kAttentionKeys];
  float largest[kAttentionRows], sum[kAttentionRows];
};
static_assert(sizeof(AttentionState) <= kAttentionScratchBytes);

// Of the queries of a tile; whole vectors.
struct TileState {
  alignas(64) float largest[16], sum[16], before[16], after[16];
};

// 2^x for x <= 0; 0 below 2^-126, NaN for NaN. x = n + r, |r| <= 1/2: adding kMagic rounds to n, and n + 127 is in the
// low bits of the sum. Off by 1.1 units of 2^-24 (and what x is off by); the coefficients are a minimax fit.
inline F32 PowerOfTwo(F32 x) {
  constexpr float kMagic = 12582912.0f + 127.0f;  // 1.5 * 2^23, where the distance of floats is 1
  constexpr float kTail[] = {1.0f,           0.693147182f,   0.240226477f,   0.0555035993f,
                             0.00961850584f, 0.00133908074f, 0.000153264715f};
  const F32 bounded = Larger(Fill(-127.0f), x);  // whose power has the bits of 0
  const F32 shifted = Add(bounded, Fill(kMagic));
  const F32 r = Sub(bounded, Sub(shifted, Fill(kMagic)));
  F32 power = Fill(kTail[6]);
  GOSSAMER_UNROLL
  for (size_t i = 6; i-- > 0;) power = Fma(power, r, Fill(kTail[i]));
  return Mul(power, FromBits(ShiftLeft(BitsOf(shifted), 23)));
}
// exp(a - b), a <= b.
inline F32 ExpOfDifference(F32 a, F32 b) { return PowerOfTwo(Mul(Sub(a, b), Fill(1.44269504f))); }

// The scores of `keys` keys become exp(score - largest); returns their sum.
inline float Exponentials(float* scores, size_t keys, float largest) {
  const F32 base = Fill(largest);
  F32 sums[kSums];
  for (F32& sum : sums) sum = Fill(0.0f);
  for (size_t j = 0; j < keys; j += 16) {
    GOSSAMER_UNROLL
    for (size_t v = 0; v < kSums; ++v) {
      const F32 p = ExpOfDifference(Load(scores + j + v * kLanes), base);
      Store(scores + j + v * kLanes, p);
      sums[v] = Add(sums[v], p);
    }
  }
  return TreeSum(sums);
}

// A block of keys for kRows queries: scores become exponentials, by the largest of each lane; the state moves on.
// `last`: no other block follows.
template <size_t kRows>
void SoftmaxTile(const F32 (&lanes)[kRows], size_t keys, bool last, float* scores, float* largest, float* sum,
                 TileState& tile) {
  GOSSAMER_UNROLL
  for (size_t m = 0; m < kRows; ++m) {
    const float before = largest[m], block = LargestLane(lanes[m]);
    largest[m] = block > before ? block : before;
    tile.before[m] = before;
    tile.largest[m] = largest[m] == -INFINITY ? 0.0f : largest[m];
    tile.sum[m] = sum[m];
  }
  for (size_t m = 0; m < kRows; ++m) {
    tile.after[m] = Exponentials(scores + m * kAttentionKeys, keys, tile.largest[m]);
  }
  for (size_t m = 0; m < kRows; m += kLanes) {
    const F32 before = ExpOfDifference(Load(tile.before + m), Load(tile.largest + m));
    const F32 total = Fma(Load(tile.sum + m), before, Load(tile.after + m));
    Store(tile.before + m, before);
    Store(tile.sum + m, total);
    Store(tile.after + m, last ? Div(Fill(1.0f), total) : Fill(1.0f));
  }
  for (size_t m = 0; m < kRows; ++m) sum[m] = tile.sum[m];
}

}  // namespace

void GOSSAMER_SIMD(AttentionF32)(const AttentionHead& head, size_t first, size_t count, void* scratch) {
  AttentionState& state = *static_cast<AttentionState*>(scratch);
  TileState tile{};
  for (size_t m = 0; m < count; ++m) {
    state.largest[m] = -INFINITY;
    state.sum[m] = 0;
  }
  float* y = head.y + first * head.y_stride;
  for (size_t key = 0; key == 0 || key < head.keys; key += kAttentionKeys) {
    // Keys from `key` on that the first `rows` queries see between them.
    const auto seen_by = [&](size_t rows) {
      const int64_t end = std::min(static_cast<int64_t>(first + rows) + head.visible, static_cast<int64_t>(head.keys));
      return end <= static_cast<int64_t>(key) ? 0 : static_cast<size_t>(end) - key;
    };
    const size_t keys = std::min(seen_by(count), kAttentionKeys);
    if (key > 0 && keys == 0) break;
    for (size_t c = 0; c == 0 || c < head.depth; c += kDepthChunk) {
      const size_t depth = std::min(head.depth - c, kDepthChunk), panel = depth * kPanelKeys;
      const bool whole = head.depth <= kDepthChunk, last = c + depth >= head.depth;
      for (size_t j = 0; j < keys; j += kPanelKeys) {
        PackKeys(head.k + (key + j) * head.k_stride + c, std::min(kPanelKeys, keys - j), depth, head.k_stride,
                 kPanelKeys, state.keys + j / kPanelKeys * panel);
      }
      ForRowTiles(count, [&](auto rows, size_t m) {
        constexpr size_t kRows = decltype(rows)::value;
        const size_t rest = seen_by(m + kRows), seen = std::min(rest, kAttentionKeys), row = first + m;
        if (key > 0 && seen == 0) return;  // what no query sees changes nothing, but the first block sets y
        float* scores = whole ? state.scores : state.scores + m * kAttentionKeys;
        F32 largest[kRows];
        for (F32& lanes : largest) lanes = Fill(-INFINITY);
        const float* mask =
            head.mask == nullptr ? nullptr : head.mask + row * head.mask_stride + key * head.mask_step;
        ScoreRows<kRows>({head.scale, mask, head.mask_stride, head.mask_step, c == 0, last},
                         head.q + row * head.q_stride + c, head.q_stride, state.keys, panel,
                         static_cast<int64_t>(row + 1) + head.visible - static_cast<int64_t>(key), seen, depth, scores,
                         largest);
        if (!last) return;
        SoftmaxTile<kRows>(largest, seen, rest <= kAttentionKeys, scores, state.largest + m, state.sum + m, tile);
        ValueRows<kRows>({scores, tile.before, tile.after, head.v + key * head.v_stride, head.v_stride, seen, key == 0},
                         head.value_depth, y + m * head.y_stride, head.y_stride);
      });
    }
  }
}

}  // namespace gossamer
