// The walk over rows and panels that the vector variants share, and what becomes of their sums. Included after a
// kernels/simd/ header, its int8 companion, activation.h and, in an unnamed namespace, a struct `Ops`:
//   kRows, kBlockRows                         most rows of one tile, at most kSparseLeastGathered
//   kSpan                                     outputs finished at a time: 16 or 64
//   CopyPiece(to, from, bytes)                copies at least `bytes`; may read and write up to 63 more
//   Rounds(tile, rows, weights, group, sums)  sums[r * 64 + i] = sum over k of row r < rows for the i-th of 16 outputs
//   Blocks(tile, rows, weights, panel, sums)  the same for the 64 outputs of a panel
//   Unsort(sums, slots)                       sums[i] = sums[slots[i]], i < 64
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "kernels/simd/int8_output.h"
#include "kernels/sparse_i8/sparse_i8.h"
#include "kernels/sparse_i8/tile.h"

namespace gossamer {
namespace {

// Outputs n .. n + count - 1 of row m, 16 * kSixteens - 15 <= count <= 16 * kSixteens.
template <size_t kSixteens>
inline void FinishSpan(const Int8Output& output, const int32_t* sums, size_t m, size_t n, size_t count) {
  constexpr int kVectors = static_cast<int>(kSixteens * 16 / kLanes);
  I32 acc[kVectors];
  GOSSAMER_UNROLL
  for (int v = 0; v < kVectors; ++v) acc[v] = AddI(LoadI(sums + v * kLanes), LoadI(output.bias + n + v * kLanes));
  if (output.row_sums != nullptr) {
    const I32 sum = FillI(output.row_sums[m]);
    GOSSAMER_UNROLL
    for (int v = 0; v < kVectors; ++v) acc[v] = SubI(acc[v], MulI(sum, LoadI(output.weight_zero + n + v * kLanes)));
  }
  FinishInt8Row<kVectors>(output, m, n, count, acc);
}

// The same for 64 outputs of several rows, quantized, without zero points of weights: what layers of few k's spend most
// of their time in, so everything that does not depend on the row stays in registers.
template <bool kResidual>
inline void FinishQuantized(const Int8Output& o, const int32_t* sums, size_t m, size_t rows, size_t n) {
  constexpr int kVectors = static_cast<int>(kSparsePanel / kLanes);
  I32 bias[kVectors];
  F32 scale[kVectors];
  for (int v = 0; v < kVectors; ++v) {
    bias[v] = LoadI(o.bias + n + v * kLanes);
    scale[v] = Load(o.scale + n + v * kLanes);
  }
  const int32_t zero = kResidual ? o.sum_zero : o.zero_point;
  const int32_t low = kResidual ? o.sum_low : o.low, high = kResidual ? o.sum_high : o.high;
  const I32 own_low = FillI(o.low - o.zero_point), own_high = FillI(o.high - o.zero_point);
  const I32 residual_zero = FillI(o.residual_zero);
  const F32 own = Fill(o.own_ratio), ratio = Fill(o.residual_ratio);
  const size_t y_stride = o.y_stride, residual_stride = o.residual_stride;
  uint8_t* y = static_cast<uint8_t*>(o.y) + m * y_stride + n;
  const uint8_t* residual = kResidual ? static_cast<const uint8_t*>(o.residual) + m * residual_stride + n : nullptr;
  for (size_t r = 0; r < rows; ++r, sums += kSparsePanel, y += y_stride) {
    I32 q[kVectors];
    GOSSAMER_UNROLL
    for (int v = 0; v < kVectors; ++v) {
      q[v] = RoundToInt(Mul(ToFloat(AddI(LoadI(sums + v * kLanes), bias[v])), scale[v]));
      if (kResidual) {
        const F32 mine = ToFloat(SmallerI(LargerI(q[v], own_low), own_high));
        const F32 other = ToFloat(SubI(LoadUnsignedBytes(residual + v * kLanes), residual_zero));
        q[v] = RoundToInt(Fma(mine, own, Mul(other, ratio)));
      }
    }
    StoreQuantized(y, q, kSparsePanel, zero, low, high);
    if (kResidual) residual += residual_stride;
  }
}

// And for float results: `activate` is the activation, on a vector.
template <class Function>
inline void FinishFloat(const Int8Output& o, const int32_t* sums, size_t m, size_t rows, size_t n,
                        const Function& activate) {
  constexpr int kVectors = static_cast<int>(kSparsePanel / kLanes);
  I32 bias[kVectors];
  F32 scale[kVectors], offset[kVectors];
  for (int v = 0; v < kVectors; ++v) {
    bias[v] = LoadI(o.bias + n + v * kLanes);
    scale[v] = Load(o.scale + n + v * kLanes);
    offset[v] = Load(o.offset + n + v * kLanes);
  }
  const size_t y_stride = o.y_stride, residual_stride = o.residual_stride;
  float* y = static_cast<float*>(o.y) + m * y_stride + n;
  const bool adds = o.residual != nullptr;
  const float* residual = adds ? static_cast<const float*>(o.residual) + m * residual_stride + n : nullptr;
  for (size_t r = 0; r < rows; ++r, sums += kSparsePanel, y += y_stride) {
    GOSSAMER_UNROLL
    for (int v = 0; v < kVectors; ++v) {
      const F32 f = activate(Fma(ToFloat(AddI(LoadI(sums + v * kLanes), bias[v])), scale[v], offset[v]));
      Store(y + v * kLanes, adds ? Add(f, Load(residual + v * kLanes)) : f);
    }
    if (adds) residual += residual_stride;
  }
}

// One copy of every activation's code, apart from that of the panels.
GOSSAMER_NOINLINE inline void FinishActivated(const Int8Output& o, const int32_t* sums, size_t m, size_t rows,
                                              size_t n) {
  ForActivation(o.act, [&](const auto& activate) { FinishFloat(o, sums, m, rows, n, activate); });
}

// Outputs n .. n + count - 1 of rows m .. m + rows - 1, count <= 64.
template <class Ops>
inline void FinishPanel(const Int8Output& output, int32_t* sums, const uint8_t* slots, size_t m, size_t rows, size_t n,
                        size_t count) {
  for (size_t r = 0; slots != nullptr && r < rows; ++r) Ops::Unsort(sums + r * kSparsePanel, slots);
  const bool whole = Ops::kSpan == kSparsePanel && count == kSparsePanel && output.row_sums == nullptr;
  if (whole && output.kind == Int8Result::kQuantized) {
    output.residual == nullptr ? FinishQuantized<false>(output, sums, m, rows, n)
                               : FinishQuantized<true>(output, sums, m, rows, n);
    return;
  }
  if (whole && output.kind == Int8Result::kFloat) return FinishActivated(output, sums, m, rows, n);
  for (size_t r = 0; r < rows; ++r, sums += kSparsePanel) {
    if (Ops::kSpan == 64 && count > 48) {
      FinishSpan<Ops::kSpan / 16>(output, sums, m + r, n, count);
      continue;
    }
    for (size_t i = 0; i < count; i += 16) {
      FinishSpan<1>(output, sums + i, m + r, n + i, count - i < 16 ? count - i : 16);
    }
  }
  const bool is_plain = output.act.kind == Activation::kNone || output.act.kind == Activation::kClamp;
  if (output.kind == Int8Result::kFloat && (!is_plain || output.residual != nullptr)) {
    FinishFloatRows(output, m, rows, n, count);
  }
}

constexpr size_t kTilesToFetch = 3;

// The rows of x, or of the memory that they were gathered in: row m, piece t starts at base + m * stride or, where
// offsets is not null, at base + offsets[t * apart + m].
struct SparseRows {
  const uint8_t* base;
  size_t stride;
  const int32_t* offsets;
  size_t apart, pieces;
};

// Rows first .. first + count - 1 of `rows`, which are rows m .. of y.
template <class Ops>
inline void RunRows(const SparseRows& rows, size_t first, size_t count, size_t m, const SparseI8Weights& w,
                    size_t panel_begin, size_t panel_end, const Int8Output& output) {
  alignas(64) int32_t sums[Ops::kRows * kSparsePanel];
  // All tiles about as tall, rather than a last one of few rows.
  const bool blocks = w.format == SparseFormat::kBlocks;
  const size_t most = blocks ? Ops::kBlockRows : Ops::kRows, tiles = (count + most - 1) / most;
  const size_t height = count / tiles, taller = count % tiles, groups = w.Groups();
  int32_t apart[Ops::kRows];  // where one row, not a table, says where the next is
  for (size_t r = 0; r < Ops::kRows; ++r) apart[r] = static_cast<int32_t>(r * rows.stride);
  for (size_t panel = panel_begin; panel < panel_end; ++panel) {
    const size_t n = panel * kSparsePanel, outputs = w.outputs - n < kSparsePanel ? w.outputs - n : kSparsePanel;
    const uint8_t* const slots = w.slots == nullptr ? nullptr : w.slots + n;
    // As many bytes as this panel has are fetched while it is used, a share of them with each unit of each tile: those
    // of the next panel or, beyond the last one, what was packed next (packed_memory.h). Few tiles use weights as fast
    // as they come.
    const int8_t* const own = w.PanelData(panel);
    const size_t bytes = static_cast<size_t>(w.PanelData(panel + 1) - own);
    const size_t units = blocks ? 1 : kSparsePanel / kSparseGroup, unit = panel * units;
    const size_t share = bytes / (tiles * units) + kSparseRoundBytes;
    size_t done = 0, fetched = tiles < kTilesToFetch ? bytes : 0;
    for (size_t i = 0; i < tiles; ++i) {
      const size_t tile_rows = height + (i < taller ? 1 : 0), at = first + done;
      const bool fetch = fetched < bytes;
      SparseTile tile = {rows.base, apart, rows.apart, rows.pieces, own, 0};
      if (rows.offsets == nullptr) {
        tile.base += at * rows.stride;
      } else {
        tile.offsets = rows.offsets + at;
      }
      if (fetch) {
        tile.ahead = own + bytes + fetched;
        tile.ahead_bytes = share;
      }
      fetched += share * units;
      if (blocks) Ops::Blocks(tile, tile_rows, w, panel, sums);
      for (size_t g = 0; !blocks && g < units && unit + g < groups; ++g) {
        Ops::Rounds(tile, tile_rows, w, unit + g, sums + g * kSparseGroup);
        tile.ahead += tile.ahead_bytes;
      }
      FinishPanel<Ops>(output, sums, slots, m + done, tile_rows, n, outputs);
      done += tile_rows;
    }
  }
}

template <class Ops>
inline void RunSparseI8(const uint8_t* x, const ActivationRows& rows, size_t row_begin, size_t row_end,
                        const SparseI8Weights& w, size_t panel_begin, size_t panel_end, const Int8Output& output,
                        uint8_t* scratch) {
  static_assert(Ops::kRows <= kSparseLeastGathered && Ops::kBlockRows <= Ops::kRows, "memory is for so many");
  if (row_end <= row_begin || panel_end <= panel_begin) return;
  const size_t count = row_end - row_begin;
  if (!w.gathered) {
    RunRows<Ops>({x, rows.stride, rows.offsets, rows.count, w.taps}, row_begin, count, row_begin, w, panel_begin,
                 panel_end, output);
    return;
  }
  const size_t row_bytes = w.GatheredBytes();
  const size_t least = w.format == SparseFormat::kBlocks ? Ops::kBlockRows : Ops::kRows;
  const size_t most = w.GatheredRows() == kSparseLeastGathered ? least : w.GatheredRows();
  const size_t turns = (count + most - 1) / most;
  size_t m = row_begin;
  for (size_t i = 0; i < turns; ++i) {
    const size_t together = count / turns + (i < count % turns ? 1 : 0);
    for (size_t r = 0; r < together; ++r) {
      // In order: what one copy writes too much, the next one overwrites.
      for (size_t t = 0; t < w.taps; ++t) {
        Ops::CopyPiece(scratch + r * row_bytes + t * w.piece, x + PieceOffset(rows, t, m + r), w.piece);
      }
    }
    RunRows<Ops>({scratch, row_bytes, nullptr, 0, 1}, 0, together, m, w, panel_begin, panel_end, output);
    m += together;
  }
}

}  // namespace
}  // namespace gossamer
