// Dense linear layers in 8-bit integers: matrix products and convolutions without a copy of the image (im2col).
#pragma once
#include <cstddef>
#include <cstdint>

#include "kernels/dispatch.h"
#include "kernels/linear.h"

namespace gossamer {

constexpr size_t kPanelOutputs = 64;  // of a full panel
constexpr size_t kOutputQuantum = 16;

// Weights w[n, t, k] (output, piece of the row, place in the piece), as the kernels read them. Panel p holds the
// outputs from 64 * p on: 64 of them, in the last panel as many as are left, rounded up to 16 (its width). In a panel
// lie, for each piece and each group of four consecutive k (the last one filled up with zeros), four weights of each
// output:
//   [piece t][k / 4][output in the panel: width][k % 4]     int8
// so that panel p begins at panels + p * 64 * taps * steps * 4.
struct PackedWeightsI8 {
  size_t outputs, taps, piece;
  size_t steps;          // groups of four in a piece
  const int8_t* panels;  // aligned to 64 bytes
  const int32_t* sums;   // [n]: of the weights of an output; rounded up to 16 outputs, zeros at the end
};

size_t PanelCountI8(size_t outputs);
// Bytes of panels; throws std::bad_alloc where they do not fit size_t.
size_t PanelBytesI8(size_t outputs, size_t taps, size_t piece);
// w: int8 [outputs][taps][piece]. Fills panels (PanelBytesI8, aligned to 64) and sums (outputs rounded up to 16).
PackedWeightsI8 PackWeightsI8(const int8_t* w, size_t outputs, size_t taps, size_t piece, int8_t* panels,
                              int32_t* sums);

// Computes rows row_begin .. row_end - 1 of y and, of each, the outputs of panels panel_begin .. panel_end - 1. The
// pieces of `rows` are as long as those of the weights; where that is a multiple of four, nothing behind them is read.
// The arrays of `output` that are indexed by output can be read up to the next multiple of 16, its residual
// (kReadSlack) behind its end; only outputs that exist are written.
// Bit-exact across variants, activations included.
using GemmI8Fn = void(const uint8_t* x, const ActivationRows& rows, size_t row_begin, size_t row_end,
                      const PackedWeightsI8& weights, size_t panel_begin, size_t panel_end, const Int8Output& output);
// sums[m] = sum of the elements of row m, row_begin <= m < row_end: what Int8Output wants for weights with a zero
// point.
using RowSumsI8Fn = void(const uint8_t* x, const ActivationRows& rows, size_t row_begin, size_t row_end, int32_t* sums);

GemmI8Fn GemmI8Scalar, GemmI8Avx2, GemmI8AvxVnni, GemmI8Avx512, GemmI8Avx512Vnni, GemmI8Neon, GemmI8NeonDotprod,
    GemmI8NeonI8mm;
RowSumsI8Fn RowSumsI8Scalar, RowSumsI8Avx2, RowSumsI8Avx512, RowSumsI8Neon;

VariantList<GemmI8Fn> GemmI8Variants();
VariantList<RowSumsI8Fn> RowSumsI8Variants();

GemmI8Fn& GemmI8();  // best one for this CPU
RowSumsI8Fn& RowSumsI8();

}  // namespace gossamer
