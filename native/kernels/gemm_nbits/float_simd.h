// The vector body of GemmNbitsFloat, over one ops_*.h: a chunk of columns of a few panels is dequantized into the first
// cache, then multiplied with many rows of activations.
#pragma once
#include "kernels/gemm_nbits/block_simd.h"

namespace gossamer {
namespace {

constexpr size_t kFloatChunk = 64;                       // columns; whole groups of any width
constexpr size_t kFloatRows = 6, kFloatRowBlock = 48;    // rows of a tile; rows between two dequantizations
constexpr size_t kFloatWidth = kFloatPanels * kNbitsPanel;

// Columns of one group, from bit position kPosition of each 32-bit lane on: to[column * kFloatWidth].
template <unsigned kBits, unsigned kPosition = 0, class Raw>
inline void DequantizeGroup(Raw raw, const Decoder<kBits>& decode, bool shift, F32 zero, F32 scale, float* to) {
  if constexpr (kPosition < 32 / kBits) {
    constexpr size_t kFields = 8 / kBits, kColumn = kPosition % kFields * 4 + kPosition / kFields;
    const F32 value = decode(ShiftRightWord<kPosition * kBits>(raw));
    Store(to + kColumn * kFloatWidth, Mul(shift ? Sub(value, zero) : value, scale));
    DequantizeGroup<kBits, kPosition + 1>(raw, decode, shift, zero, scale, to);
  }
}

// Columns k .. k + count - 1 (rounded up to groups) of kPanels panels.
template <unsigned kBits, size_t kPanels>
void DequantizeChunk(const NbitsWeights& w, size_t panel, size_t k, size_t count, float* to) {
  constexpr size_t kColumns = 32 / kBits;
  const size_t place_groups = w.block_size / kColumns;
  const Decoder<kBits> decode(w.table);
  const bool shift = w.table == nullptr;
  for (size_t p = 0; p < kPanels; ++p) {
    for (size_t i = 0; i < count; i += kColumns) {
      const size_t place = NbitsPlace(w, panel + p, (k + i) / w.block_size);
      const uint8_t* group = w.codes + (place * place_groups + (k + i) % w.block_size / kColumns) * 64;
      for (size_t v = 0; v < kPanelVectors; ++v) {
        const size_t at = place * kNbitsPanel + v * kLanes;
        const F32 zero = shift ? LoadZeros(w, at) : Fill(0.0f);
        DequantizeGroup<kBits>(LoadGroup(group, v), decode, shift, zero, LoadScales(w, at),
                               to + i * kFloatWidth + p * kNbitsPanel + v * kLanes);
      }
    }
  }
}

// sums[m][n] = fma(x[m][i], weights[i][n], sums[m][n]) for i < count, in order.
template <size_t kRows, size_t kPanels>
void FloatTile(const float* weights, size_t count, const float* x, size_t x_stride, float* sums) {
  constexpr size_t kVectors = kPanels * kPanelVectors;
  F32 acc[kRows][kVectors];
  for (size_t m = 0; m < kRows; ++m) {
    for (size_t v = 0; v < kVectors; ++v) acc[m][v] = Load(sums + m * kFloatWidth + v * kLanes);
  }
  for (size_t i = 0; i < count; ++i) {
    F32 column[kVectors];
    for (size_t v = 0; v < kVectors; ++v) column[v] = Load(weights + i * kFloatWidth + v * kLanes);
    for (size_t m = 0; m < kRows; ++m) {
      const F32 one = Fill(x[m * x_stride + i]);
      for (size_t v = 0; v < kVectors; ++v) acc[m][v] = Fma(one, column[v], acc[m][v]);
    }
  }
  for (size_t m = 0; m < kRows; ++m) {
    for (size_t v = 0; v < kVectors; ++v) Store(sums + m * kFloatWidth + v * kLanes, acc[m][v]);
  }
}

template <size_t kPanels>
void FloatTiles(const float* weights, size_t count, const float* x, size_t x_stride, size_t rows, float* sums) {
  for (size_t m = 0; m < rows; m += kFloatRows, x += kFloatRows * x_stride, sums += kFloatRows * kFloatWidth) {
    switch (rows - m) {
      case 1: FloatTile<1, kPanels>(weights, count, x, x_stride, sums); break;
      case 2: FloatTile<2, kPanels>(weights, count, x, x_stride, sums); break;
      case 3: FloatTile<3, kPanels>(weights, count, x, x_stride, sums); break;
      case 4: FloatTile<4, kPanels>(weights, count, x, x_stride, sums); break;
      case 5: FloatTile<5, kPanels>(weights, count, x, x_stride, sums); break;
      default: FloatTile<kFloatRows, kPanels>(weights, count, x, x_stride, sums);
    }
  }
}

template <unsigned kBits, size_t kPanels>
void FloatPanels(const NbitsWeights& w, size_t panel, const float* x, size_t x_stride, size_t row, size_t rows,
                 const FloatOutput& out) {
  alignas(64) float weights[kFloatChunk * kFloatWidth];
  alignas(64) float sums[kFloatRowBlock * kFloatWidth];
  for (size_t i = 0; i < rows * kFloatWidth; ++i) sums[i] = 0;
  for (size_t k = 0; k < w.k; k += kFloatChunk) {
    const size_t count = w.k - k < kFloatChunk ? w.k - k : kFloatChunk;
    DequantizeChunk<kBits, kPanels>(w, panel, k, count, weights);
    FloatTiles<kPanels>(weights, count, x + row * x_stride + k, x_stride, rows, sums);
  }
  const size_t n = panel * kNbitsPanel, rest = w.n - n;
  for (size_t m = 0; m < rows; ++m) {
    FinishRow(sums + m * kFloatWidth, row + m, n, rest < kPanels * kNbitsPanel ? rest : kPanels * kNbitsPanel, out);
  }
}

template <unsigned kBits>
void FloatBits(const NbitsWeights& w, size_t first_panel, size_t panels, const float* x, size_t x_stride,
               size_t first_row, size_t rows, const FloatOutput& out) {
  for (size_t p = 0; p < panels;) {
    const bool wide = panels - p >= kFloatPanels;
    for (size_t m = 0; m < rows; m += kFloatRowBlock) {
      const size_t count = rows - m < kFloatRowBlock ? rows - m : kFloatRowBlock;
      (wide ? FloatPanels<kBits, kFloatPanels> : FloatPanels<kBits, 1>)(w, first_panel + p, x, x_stride, first_row + m,
                                                                        count, out);
    }
    p += wide ? kFloatPanels : 1;
  }
}

}  // namespace

void GOSSAMER_SIMD(GemmNbitsFloat)(const NbitsWeights& w, size_t first_panel, size_t panels, const float* x,
                                   size_t x_stride, size_t first_row, size_t rows, const FloatOutput& out) {
  if (w.bits == 2) return FloatBits<2>(w, first_panel, panels, x, x_stride, first_row, rows, out);
  if (w.bits == 4) return FloatBits<4>(w, first_panel, panels, x, x_stride, first_row, rows, out);
  FloatBits<8>(w, first_panel, panels, x, x_stride, first_row, rows, out);
}

}  // namespace gossamer
