// Products with weights of 2, 4 or 8 bits in blocks along k, each block with a scale of its own:
//   y[m, n] = act(sum_k x[m, k] * value(code[n, k]) * scale[n, b] + bias[n] + residual[m, n]),   b = k / block_size,
// where value is code - zero[n, b] (com.microsoft::MatMulNBits), or a look-up in a table (NF4, k-means, log2).
#pragma once
#include <cstddef>
#include <cstdint>

#include "kernels/dispatch.h"
#include "kernels/linear.h"

namespace gossamer {

constexpr size_t kNbitsPanel = 16;  // rows of weights that are packed together
constexpr size_t kNbitsGroup = 2;   // panels whose blocks alternate: what a tile needs is read in one go
constexpr size_t kNbitsMinBlock = 16, kNbitsMaxBlock = 256;  // powers of two

// Packed weights (pack.h makes them). Rows are padded to panels and columns to blocks: codes and scales there are 0.
// Block b of panel p is at NbitsPlace.
//   codes: a place has block_size * bits / 32 groups of 64 bytes. A group holds 32 / bits columns, from k0 on, of 16
//     rows: byte 4 * row + j holds columns k0 + 4 * f + j in its bits f * bits .. (f + 1) * bits - 1. So the f-th field
//     of a group is what an instruction wants that adds four products of bytes into each 32-bit lane.
//   scales, zeros: a place has one for each of the 16 rows.
struct NbitsWeights {
  size_t n, k, block_size;
  unsigned bits;
  const uint8_t* codes;         // aligned to 64 bytes
  const float* scales;          // or
  const uint16_t* half_scales;  // the same as float16; the other one is null
  const uint8_t* byte_zeros;    // or
  const float* float_zeros;     // the same as floats; both null:
  int32_t zero;                 // of every block
  const float* table;           // 1 << bits values, or null: code - zero
};

// Static, here and below: no copy built for one instruction set can be linked into code for another.
static inline constexpr size_t NbitsBlocks(size_t k, size_t block_size) { return (k + block_size - 1) / block_size; }
static inline constexpr size_t NbitsPanels(size_t n) { return (n + kNbitsPanel - 1) / kNbitsPanel; }
// Panels in the group of panel p: kNbitsGroup, or fewer in the last. The places of its blocks are that far apart.
static inline constexpr size_t NbitsGroupPanels(size_t n, size_t p) {
  const size_t rest = NbitsPanels(n) - p / kNbitsGroup * kNbitsGroup;
  return rest < kNbitsGroup ? rest : kNbitsGroup;
}
static inline constexpr size_t NbitsPlace(const NbitsWeights& w, size_t p, size_t b) {
  const size_t first = p / kNbitsGroup * kNbitsGroup;
  return first * NbitsBlocks(w.k, w.block_size) + b * NbitsGroupPanels(w.n, p) + (p - first);
}

// Activations quantized to int8 by block. Row m: codes at codes + m * stride, blocks * block_size of them, 0 beyond k;
// scales and sums at m * blocks. sums[b] is the sum of the block's codes times the factor that was asked for.
struct NbitsRows {
  const int8_t* codes;
  size_t stride;
  const float* scales;
  const int32_t* sums;
};

// What QuantizeRowsNbits multiplies sums with for these weights: 1 where they have zero points of their own, else
// -zero.
static inline constexpr int32_t NbitsSumFactor(const NbitsWeights& w) {
  return w.byte_zeros != nullptr || w.float_zeros != nullptr ? 1 : -w.zero;
}

// Quantizes `rows` rows of k floats, `stride` apart, by blocks: with a the largest magnitude of a block, scale =
// a / 127 and code = round_half_even(x * (127 / a)). A block with a < 2^-120 is one of zeros; one with an infinity or
// NaN gets codes 0 and a NaN scale, so that its products are NaN. Bit-exact across variants.
// Source: ONNX Runtime, MLAS, QuantizeARow_CompInt8 (accuracy_level 4), which leaves those last two cases open.
using QuantizeRowsNbitsFn = void(const float* x, size_t rows, size_t stride, size_t k, size_t block_size,
                                 int32_t sum_factor, int8_t* codes, size_t code_stride, float* scales, int32_t* sums);

// Rows first_row .. first_row + rows - 1 of y, columns of panels first_panel .. first_panel + panels - 1, from int8
// activations; the weights have no table. With d the exact dot product of a block's codes and s its sum,
//   sum = fma(t, scale_x[m, b] * scale_w[n, b], sum),  t = float(d + s), or fma(-zero[n, b], float(s), float(d)),
// block after block from sum = 0, in float32. Bit-exact across variants (which NaN it is aside).
using GemmNbitsInt8Fn = void(const NbitsWeights& w, size_t first_panel, size_t panels, const NbitsRows& x,
                             size_t first_row, size_t rows, const FloatOutput& out);

// The same from float activations, row m at x + m * x_stride:
//   sum = fma(x[m, k], float(value) * scale[n, b], sum),  value = float(code) - zero[n, b] or table[code],
// k after k from sum = 0, in float32. Bit-exact across variants (which NaN it is aside).
using GemmNbitsFloatFn = void(const NbitsWeights& w, size_t first_panel, size_t panels, const float* x, size_t x_stride,
                              size_t first_row, size_t rows, const FloatOutput& out);

QuantizeRowsNbitsFn QuantizeRowsNbitsScalar, QuantizeRowsNbitsAvx2, QuantizeRowsNbitsAvx512, QuantizeRowsNbitsNeon;
GemmNbitsInt8Fn GemmNbitsInt8Scalar, GemmNbitsInt8Avx2, GemmNbitsInt8AvxVnni, GemmNbitsInt8Avx512Vnni,
    GemmNbitsInt8Neon, GemmNbitsInt8NeonDotprod;
GemmNbitsFloatFn GemmNbitsFloatScalar, GemmNbitsFloatAvx2, GemmNbitsFloatAvx512, GemmNbitsFloatNeon;

VariantList<QuantizeRowsNbitsFn> QuantizeRowsNbitsVariants();
VariantList<GemmNbitsInt8Fn> GemmNbitsInt8Variants();
VariantList<GemmNbitsFloatFn> GemmNbitsFloatVariants();

QuantizeRowsNbitsFn& QuantizeRowsNbits();  // best one for this CPU
GemmNbitsInt8Fn& GemmNbitsInt8();
GemmNbitsFloatFn& GemmNbitsFloat();

}  // namespace gossamer
