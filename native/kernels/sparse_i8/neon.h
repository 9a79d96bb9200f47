// The sums on NEON: vqtbl4q looks up in the 64 bytes of four registers. Included after kernels/simd/neon.h and, in an
// unnamed namespace, of the extension in use:
//   kShift              0, or 128 where both sides of Dot are signed: elements are then looked up less 128
//   Dot(acc, x, w)      acc plus the products of four bytes each, lane by lane
#pragma once
#include <cstring>

#include "kernels/simd/activation.h"
#include "kernels/simd/int8_neon.h"
#include "kernels/simd/int8_output.h"
#include "kernels/sparse_i8/sparse_i8.h"
#include "kernels/sparse_i8/tile.h"

namespace gossamer {
namespace {

inline uint8x16_t Shifted(uint8x16_t x) { return kShift == 0 ? x : veorq_u8(x, vdupq_n_u8(kShift)); }
// 128 times the weights, where kShift took so much from the elements.
inline int32x4_t Unshift(int32x4_t acc, int8x16_t w) {
  return kShift == 0 ? acc : Dot(acc, vdupq_n_u8(kShift), w);  // -128 as a signed byte: to be subtracted
}

template <size_t kRows>
void RoundSums(const SparseTile& tile, size_t first_row, const SparseI8Weights& w, size_t group, int32_t* sums) {
  const int8_t* data = w.data + w.starts[group];
  const size_t* first_step = w.first_step + group * tile.pieces;
  const SparseStep* step = w.steps + *first_step;
  const int32_t* offsets = tile.offsets + first_row;
  int32x4_t acc[kRows][4], shift[4];
  for (size_t q = 0; q < 4; ++q) {
    shift[q] = vdupq_n_s32(0);
    for (size_t r = 0; r < kRows; ++r) acc[r][q] = vdupq_n_s32(0);
  }
  for (size_t t = 0; t < tile.pieces; ++t, offsets += tile.apart) {
    for (const SparseStep* end = w.steps + *++first_step; step != end; ++step) {
      uint8x16x4_t window[kRows];
      for (size_t r = 0; r < kRows; ++r) {
        const uint8_t* x = tile.base + offsets[r] + step->k;
        for (size_t q = 0; q < 4; ++q) window[r].val[q] = Shifted(vld1q_u8(x + 16 * q));
      }
      for (size_t left = step->rounds; left > 0; --left, data += kSparseRoundBytes) {
        for (size_t q = 0; q < 4; ++q) {
          const uint8x16_t index = vld1q_u8(reinterpret_cast<const uint8_t*>(data) + 16 * q);
          const int8x16_t value = vld1q_s8(data + 64 + 16 * q);
          for (size_t r = 0; r < kRows; ++r) acc[r][q] = Dot(acc[r][q], vqtbl4q_u8(window[r], index), value);
          shift[q] = Unshift(shift[q], value);
        }
      }
    }
  }
  for (size_t q = 0; q < 4; ++q) {
    for (size_t r = 0; r < kRows; ++r) {
      vst1q_s32(sums + (first_row + r) * kSparsePanel + 4 * q, vsubq_s32(acc[r][q], shift[q]));
    }
  }
}

// 16 of the 64 outputs of a panel, from output `first` on.
template <size_t kRows>
void BlockSums(const SparseTile& tile, size_t first_row, const SparseI8Weights& w, size_t panel, size_t first,
               int32_t* sums) {
  const int8_t* data = w.data + w.starts[panel] + 4 * first;
  const size_t* first_step = w.first_step + panel * tile.pieces;
  const SparseStep* step = w.steps + *first_step;
  const int32_t* offsets = tile.offsets + first_row;
  int32x4_t acc[kRows][4], shift[4];
  for (size_t q = 0; q < 4; ++q) {
    shift[q] = vdupq_n_s32(0);
    for (size_t r = 0; r < kRows; ++r) acc[r][q] = vdupq_n_s32(0);
  }
  for (size_t t = 0; t < tile.pieces; ++t, offsets += tile.apart) {
    for (const SparseStep* end = w.steps + *++first_step; step != end; ++step, data += kSparseTileBytes) {
      uint8x16_t elements[kRows];
      for (size_t r = 0; r < kRows; ++r) {
        uint32_t four;
        std::memcpy(&four, tile.base + offsets[r] + step->k, sizeof four);
        elements[r] = Shifted(vreinterpretq_u8_u32(vdupq_n_u32(four)));
      }
      for (size_t q = 0; q < 4; ++q) {
        const int8x16_t value = vld1q_s8(data + 16 * q);
        for (size_t r = 0; r < kRows; ++r) acc[r][q] = Dot(acc[r][q], elements[r], value);
        shift[q] = Unshift(shift[q], value);
      }
    }
  }
  for (size_t q = 0; q < 4; ++q) {
    for (size_t r = 0; r < kRows; ++r) {
      vst1q_s32(sums + (first_row + r) * kSparsePanel + first + 4 * q, vsubq_s32(acc[r][q], shift[q]));
    }
  }
}

struct Ops {
  static constexpr size_t kRows = 8, kBlockRows = 8, kSpan = 16;

  static void CopyPiece(uint8_t* to, const uint8_t* from, size_t bytes) {
    for (size_t i = 0; i < bytes; i += 16) vst1q_u8(to + i, vld1q_u8(from + i));
  }

  static void Rounds(const SparseTile& tile, size_t rows, const SparseI8Weights& w, size_t group, int32_t* sums) {
    size_t r = 0;
    for (; r + 2 <= rows; r += 2) RoundSums<2>(tile, r, w, group, sums);
    if (r < rows) RoundSums<1>(tile, r, w, group, sums);
  }

  static void Blocks(const SparseTile& tile, size_t rows, const SparseI8Weights& w, size_t panel, int32_t* sums) {
    for (size_t first = 0; first < kSparsePanel; first += 16) {
      size_t r = 0;
      for (; r + 4 <= rows; r += 4) BlockSums<4>(tile, r, w, panel, first, sums);
      for (; r < rows; ++r) BlockSums<1>(tile, r, w, panel, first, sums);
    }
  }

  static void Unsort(int32_t* sums, const uint8_t* slots) {
    int32_t packed[kSparsePanel];
    std::memcpy(packed, sums, sizeof packed);
    for (size_t i = 0; i < kSparsePanel; ++i) sums[i] = packed[slots[i]];
  }
};

}  // namespace
}  // namespace gossamer

#include "kernels/sparse_i8/run.h"
