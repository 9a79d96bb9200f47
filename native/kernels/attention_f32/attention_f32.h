// Attention of one head: y = softmax(q k^T * scale + mask) v, without the matrix of scores in memory.
#pragma once
#include <cstddef>
#include <cstdint>

#include "kernels/dispatch.h"

namespace gossamer {

constexpr size_t kAttentionKeys = 128;  // keys that are looked at together
constexpr size_t kAttentionRows = 256;  // most queries of a call
// Bytes of scratch memory that a call needs, aligned to 64: packed keys, scores.
constexpr size_t kAttentionScratchBytes = 200 << 10;

// Strides are in elements between positions of the sequence; elements of a position follow each other. Query i sees key
// j where j <= i + visible (a causal model with p keys before the first query: visible = p; all: visible = keys).
struct AttentionHead {
  const float *q, *k, *v;
  float* y;
  size_t q_stride, k_stride, v_stride, y_stride;
  size_t keys, depth, value_depth;  // depth of q and k; value_depth of v and y
  const float* mask;                // added to the scores, [i, j] at i * mask_stride + j * mask_step; null: none
  size_t mask_stride, mask_step;    // mask_step 0 or 1
  float scale;
  int64_t visible;
};

// Queries first .. first + count - 1, count <= kAttentionRows; none of the strides of y overlap. In float32, per query:
// for each block of kAttentionKeys keys in order, with m the largest score so far (0 while all are -inf),
//   s[j] = fma(dot, scale, mask) or dot * scale, dot summed by fma over the depth in order; -inf where not visible,
//   p[j] = 2^((s[j] - m) * log2(e)), 0 below 2^-126; c the same of (m of the blocks before - m),
//   sum = fma(sum, c, p summed as 16 sums, of j % 16 each, folded by halves),
//   y = y * c, then y = fma(p[j], v[j], y) for j in order up to the last key that one of the query's tile of six sees;
// and at last y * (1 / sum); NaN for a query that sees no key. Bit-exact across variants (which NaN it is aside).
// Source: Milakov and Gimelshein, "Online normalizer calculation for softmax" (arXiv:1805.02867); Dao et al.,
// "FlashAttention" (arXiv:2205.14135), algorithm 1.
using AttentionF32Fn = void(const AttentionHead& head, size_t first, size_t count, void* scratch);

AttentionF32Fn AttentionF32Scalar, AttentionF32Avx2, AttentionF32Avx512, AttentionF32Neon;

VariantList<AttentionF32Fn> AttentionF32Variants();
AttentionF32Fn& AttentionF32();  // best one for this CPU

}  // namespace gossamer
