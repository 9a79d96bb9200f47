// Quantization of weights in blocks: range, scale, zero point and codes of each block in one visit, with an optional
// search for the clip that loses least.
#pragma once
#include <cstddef>
#include <cstdint>

#include "kernels/dispatch.h"

namespace gossamer {

// kSymmetric:     zero point code_zero; scale = largest magnitude / (code_max - code_zero), > 0.
// kSymmetricFull: zero point code_zero; scale = v / (code_min - code_zero), v the value of largest magnitude (the
// positive
//                 one of a tie), which therefore gets code_min; negative when v is positive.
// kAsymmetric:    scale = max / L - min / L, L = code_max - code_min, the range [min, max] widened to hold 0; zero
// point =
//                 code_min + round_half_even(-min / scale).
// A scale of 0 (a block of zeros, or too small for float) becomes 1.
enum class BlockMapping { kSymmetric, kSymmetricFull, kAsymmetric };

// Codes lie in [code_min, code_max] inside [-128, 127] or [0, 255], and are stored as their low byte.
struct BlockScheme {
  BlockMapping mapping;
  int32_t code_min, code_max;
  int32_t code_zero;    // the code of 0, between the two; unused by kAsymmetric
  uint32_t clip_steps;  // 1: the scale above. More: the best of that many, scale * ratio, ratio even from 1 to clip_min
  float clip_min;       // in (0, 1)
};

// The best scale is the one of least squared error over the block, the first of equals, where an element's error is
// x - (code - zero_point) * scale in float, and the squares are summed in float: element i of the block into partial
// sum i % 16, in order, and the 16 sums folded by halves (p[j] + p[j + 8], then + 4, + 2, + 1). A sum that overflows or
// is NaN never wins. Codes are clamp(round_half_even(x / scale) + zero_point); NaN -> code_min. Ranges are over finite
// values; *non_finite is increased by the number of others.

// Blocks of `block_size` along one contiguous row, the last one maybe shorter: scales and zero_points get one entry a
// block, codes `count` bytes. Bit-exact across variants.
using QuantizeBlocksFn = void(const float* x, size_t count, size_t block_size, const BlockScheme& scheme, float* scales,
                              uint8_t* zero_points, uint8_t* codes, uint64_t* non_finite);

// One block a column: x has `rows` rows, `stride` floats apart. Codes in the shape of x, rows `code_stride` bytes
// apart. Gives a column what QuantizeBlocks gives the same values in a row.
using QuantizeColumnsFn = void(const float* x, size_t rows, size_t cols, size_t stride, const BlockScheme& scheme,
                               float* scales, uint8_t* zero_points, uint8_t* codes, size_t code_stride,
                               uint64_t* non_finite);

// The same, but codes are packed down each column, `bits` (2, 4 or 8) each, the first in the lowest bits of a 32-bit
// word: word w of column c is words[w * word_stride + c], w < ceil(rows * bits / 32). Rows missing in the last word
// hold the zero point. Unsigned codes below 1 << bits only.
using QuantizeColumnsPackedFn = void(const float* x, size_t rows, size_t cols, size_t stride, const BlockScheme& scheme,
                                     unsigned bits, float* scales, uint8_t* zero_points, uint32_t* words,
                                     size_t word_stride, uint64_t* non_finite);

QuantizeBlocksFn QuantizeBlocksScalar, QuantizeBlocksAvx2, QuantizeBlocksAvx512, QuantizeBlocksNeon;
QuantizeColumnsFn QuantizeColumnsScalar, QuantizeColumnsAvx2, QuantizeColumnsAvx512, QuantizeColumnsNeon;
QuantizeColumnsPackedFn QuantizeColumnsPackedScalar, QuantizeColumnsPackedAvx2, QuantizeColumnsPackedAvx512,
    QuantizeColumnsPackedNeon;

VariantList<QuantizeBlocksFn> QuantizeBlocksVariants();
VariantList<QuantizeColumnsFn> QuantizeColumnsVariants();
VariantList<QuantizeColumnsPackedFn> QuantizeColumnsPackedVariants();

QuantizeBlocksFn& QuantizeBlocks();  // best one for this CPU
QuantizeColumnsFn& QuantizeColumns();
QuantizeColumnsPackedFn& QuantizeColumnsPacked();

}  // namespace gossamer
