// The vector body of GemmNbitsInt8, over one ops_*.h and Dot<kBits>(acc, fields, activations), which adds to each lane
// four products of unsigned fields and signed bytes. The name of the kernel is GOSSAMER_NBITS_INT8.
#pragma once
#include "kernels/gemm_nbits/block_simd.h"

namespace gossamer {
namespace {

// Bytes. With few rows of activations the product waits for its weights, which processors fetch ahead by themselves
// too late: asked for this early they come up to 1.8 times as fast.
constexpr size_t kCodesAhead = 8192, kScalesAhead = 2048;

// kRows rows of activations times kPanels panels of one group. Loops over rows and vectors are unrolled whole, so that
// sums stay in registers.
template <unsigned kBits, size_t kRows, size_t kPanels>
void Int8Tile(const NbitsWeights& w, size_t panel, const NbitsRows& x, size_t row, const FloatOutput& out) {
  constexpr size_t kVectors = kPanels * kPanelVectors, kColumns = 32 / kBits;
  constexpr size_t kStep = 16 / kColumns;  // groups of 16 columns: blocks are whole multiples
  const size_t blocks = NbitsBlocks(w.k, w.block_size), groups = w.block_size / kColumns;
  const size_t place_bytes = groups * 64, step = NbitsGroupPanels(w.n, panel);  // places from block to block
  const bool has_zeros = w.byte_zeros != nullptr || w.float_zeros != nullptr;
  size_t place = NbitsPlace(w, panel, 0);
  F32 sums[kRows][kVectors];
#pragma GCC unroll 8
  for (size_t m = 0; m < kRows; ++m) {
#pragma GCC unroll 8
    for (size_t v = 0; v < kVectors; ++v) sums[m][v] = Fill(0.0f);
  }
  for (size_t b = 0; b < blocks; ++b, place += step) {
    const uint8_t* codes = w.codes + place * place_bytes;
    I32 dots[kRows][kVectors], odd_dots[kVectors];
#pragma GCC unroll 8
    for (size_t m = 0; m < kRows; ++m) {
      const I32 start = FillI(has_zeros ? 0 : x.sums[(row + m) * blocks + b]);
#pragma GCC unroll 8
      for (size_t v = 0; v < kVectors; ++v) dots[m][v] = start;
    }
    if (kRows == 1) {
#pragma GCC unroll 8
      for (size_t v = 0; v < kVectors; ++v) odd_dots[v] = FillI(0);
    }
    const int8_t* columns = x.codes + row * x.stride + b * w.block_size;
    for (size_t g = 0; g < groups; g += kStep, codes += 64 * kStep, columns += kStep * kColumns) {
      Bytes raw[kVectors];
#pragma GCC unroll 4
      for (size_t f = 0; f < 4; ++f) {  // four times four columns, whatever the bits
        Bytes fields[kVectors];
#pragma GCC unroll 8
        for (size_t v = 0; v < kVectors; ++v) {
          if (f % (kColumns / 4) == 0) {
            const uint8_t* group = codes + 4 * f / kColumns * 64 + v / kPanelVectors * place_bytes;
            raw[v] = LoadGroup(group, v % kPanelVectors);
            if (v % kPanelVectors == 0) Prefetch(group + kCodesAhead);
          }
          fields[v] = Field<kBits>(raw[v], f % (kColumns / 4));
        }
#pragma GCC unroll 8
        for (size_t m = 0; m < kRows; ++m) {
          const auto four = BroadcastFour(columns + m * x.stride + 4 * f);
#pragma GCC unroll 8
          for (size_t v = 0; v < kVectors; ++v) {
            I32& dot = kRows == 1 && f % 2 == 1 ? odd_dots[v] : dots[m][v];
            dot = Dot<kBits>(dot, fields[v], four);
          }
        }
      }
    }
    if (kRows == 1) {
#pragma GCC unroll 8
      for (size_t v = 0; v < kVectors; ++v) dots[0][v] = AddI(dots[0][v], odd_dots[v]);
    }
    F32 scales[kVectors];
    const size_t at = place * kNbitsPanel;
    LoadScales<kVectors>(w, at, scales);
    const uint8_t* next = w.scales != nullptr ? reinterpret_cast<const uint8_t*>(w.scales + at)
                                              : reinterpret_cast<const uint8_t*>(w.half_scales + at);
#pragma GCC unroll 8
    for (size_t line = 0; line < kPanels; ++line) Prefetch(next + kScalesAhead + 64 * line);
    if (has_zeros) {
#pragma GCC unroll 8
      for (size_t v = 0; v < kVectors; ++v) {
        const F32 minus_zero = Negate(LoadZeros(w, at + v * kLanes));
#pragma GCC unroll 8
        for (size_t m = 0; m < kRows; ++m) {
          const size_t i = (row + m) * blocks + b;
          const F32 t = Fma(minus_zero, ToFloat(FillI(x.sums[i])), ToFloat(dots[m][v]));
          sums[m][v] = Fma(t, Mul(scales[v], Fill(x.scales[i])), sums[m][v]);
        }
      }
    } else {
#pragma GCC unroll 8
      for (size_t m = 0; m < kRows; ++m) {
        const F32 scale = Fill(x.scales[(row + m) * blocks + b]);
#pragma GCC unroll 8
        for (size_t v = 0; v < kVectors; ++v) sums[m][v] = Fma(ToFloat(dots[m][v]), Mul(scales[v], scale), sums[m][v]);
      }
    }
  }
  const size_t n = panel * kNbitsPanel, rest = w.n - n;
#pragma GCC unroll 8
  for (size_t m = 0; m < kRows; ++m) {
    float row_sums[kPanels * kNbitsPanel];
#pragma GCC unroll 8
    for (size_t v = 0; v < kVectors; ++v) Store(row_sums + v * kLanes, sums[m][v]);
    FinishRow(row_sums, row + m, n, rest < kPanels * kNbitsPanel ? rest : kPanels * kNbitsPanel, out);
  }
}

using Int8TileFn = void(const NbitsWeights&, size_t, const NbitsRows&, size_t, const FloatOutput&);

template <unsigned kBits, size_t kPanels>
Int8TileFn* Int8TileOfRows(size_t rows) {
  switch (rows) {
    case 1: return Int8Tile<kBits, 1, kPanels>;
    case 2: return Int8Tile<kBits, 2, kPanels>;
    case 3: return Int8Tile<kBits, 3, kPanels>;
    case 4: return Int8Tile<kBits, 4, kPanels>;
    case 5: return Int8Tile<kBits, 5, kPanels>;
    default: return Int8Tile<kBits, 6, kPanels>;
  }
}

template <unsigned kBits>
void Int8Rows(const NbitsWeights& w, size_t first_panel, size_t panels, const NbitsRows& x, size_t first_row,
              size_t rows, const FloatOutput& out) {
  constexpr size_t kWide = kInt8Panels, kWidest = kNbitsGroup;
  const size_t tiles = (rows + kInt8Rows - 1) / kInt8Rows, last = first_panel + panels;
  for (size_t p = first_panel; p < last;) {
    const size_t together = PanelsTogether(p, last - p, rows <= 2 ? kWidest : kWide);
    for (size_t t = 0, m = 0; t < tiles; ++t) {
      const size_t count = (rows - m + tiles - t - 1) / (tiles - t);  // tiles of even height
      Int8TileFn* tile = together == kWide ? Int8TileOfRows<kBits, kWide>(count) : Int8TileOfRows<kBits, 1>(count);
      if (together > kWide) tile = count == 1 ? Int8Tile<kBits, 1, kWidest> : Int8Tile<kBits, 2, kWidest>;
      tile(w, p, x, first_row + m, out);
      m += count;
    }
    p += together;
  }
}

}  // namespace

void GOSSAMER_NBITS_INT8(const NbitsWeights& w, size_t first_panel, size_t panels, const NbitsRows& x,
                         size_t first_row, size_t rows, const FloatOutput& out) {
  if (w.bits == 2) return Int8Rows<2>(w, first_panel, panels, x, first_row, rows, out);
  if (w.bits == 4) return Int8Rows<4>(w, first_panel, panels, x, first_row, rows, out);
  Int8Rows<8>(w, first_panel, panels, x, first_row, rows, out);
}

}  // namespace gossamer
