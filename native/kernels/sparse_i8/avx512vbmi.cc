// 64 bytes of a row stay in a register; one vpermb fetches what the four non-zeros of 16 outputs meet there, one
// vpdpbusd adds the products.
#include "kernels/simd/avx512.h"

#include <cstring>

#include "kernels/simd/activation.h"
#include "kernels/simd/int8_avx512.h"
#include "kernels/simd/int8_output.h"
#include "kernels/sparse_i8/sparse_i8.h"
#include "kernels/sparse_i8/tile.h"

namespace gossamer {
namespace {

// Rows of one tile: an accumulator and a window each, with two registers for a round and some to spare.
constexpr size_t kMostRows = 14, kMostBlockRows = 6;
// Few rows are too few chains to hide the latency of vpdpbusd: every second round then has its own.
constexpr size_t kFewRows = 4;
// How far ahead of its use data is fetched; with few rows the hardware's own fetching is faster.
constexpr size_t kAhead = 1536;

template <size_t kRows>
inline void Round(const int8_t* data, const __m512i (&window)[kRows], __m512i (&acc)[kRows]) {
  const __m512i index = _mm512_load_si512(data), value = _mm512_load_si512(data + 64);
  if (kRows > kFewRows) {
    GOSSAMER_PREFETCH(data + kAhead);
    GOSSAMER_PREFETCH(data + kAhead + 64);
  }
  GOSSAMER_UNROLL
  for (size_t r = 0; r < kRows; ++r) {
    acc[r] = _mm512_dpbusd_epi32(acc[r], _mm512_permutexvar_epi8(index, window[r]), value);
  }
}

// Fetches what a tile may: as many lines with each step as there are for it, or the same one again.
class Ahead {
 public:
  Ahead(const SparseTile& tile, size_t steps)
      : at_(tile.ahead), pace_(steps == 0 ? 0 : (tile.ahead_bytes + steps - 1) / steps), lines_(pace_ / 96 + 1) {
    pace_ /= lines_;
  }
  void Step() {
    for (size_t i = 0; i < lines_; ++i, at_ += pace_) GOSSAMER_PREFETCH_FAR(at_);
  }

 private:
  const int8_t* at_;
  size_t pace_, lines_;
};

template <size_t kRows>
void RoundSums(const SparseTile& tile, const SparseI8Weights& w, size_t group, int32_t* sums) {
  constexpr bool kTwoChains = kRows <= kFewRows;
  const int8_t* data = w.data + w.starts[group];
  const size_t* first_step = w.first_step + group * tile.pieces;
  const SparseStep* step = w.steps + *first_step;
  const int32_t* offsets = tile.offsets;
  Ahead ahead(tile, first_step[tile.pieces] - first_step[0]);
  __m512i acc[kRows], second[kRows];
  GOSSAMER_UNROLL
  for (size_t r = 0; r < kRows; ++r) acc[r] = second[r] = _mm512_setzero_si512();
  for (size_t t = 0; t < tile.pieces; ++t, offsets += tile.apart) {
    const uint8_t* row[kRows];
    GOSSAMER_UNROLL
    for (size_t r = 0; r < kRows; ++r) row[r] = tile.base + offsets[r];
    for (const SparseStep* end = w.steps + *++first_step; step != end; ++step) {
      const size_t k = step->k;
      size_t left = step->rounds;
      if (kRows > kFewRows) ahead.Step();
      __m512i window[kRows];
      GOSSAMER_UNROLL
      for (size_t r = 0; r < kRows; ++r) window[r] = _mm512_loadu_si512(row[r] + k);
      if (kTwoChains) {
        for (; left >= 2; left -= 2, data += 2 * kSparseRoundBytes) {
          Round<kRows>(data, window, acc);
          Round<kRows>(data + kSparseRoundBytes, window, second);
        }
      }
      for (; left > 0; --left, data += kSparseRoundBytes) Round<kRows>(data, window, acc);
    }
  }
  GOSSAMER_UNROLL
  for (size_t r = 0; r < kRows; ++r) {
    _mm512_store_si512(sums + r * kSparsePanel, kTwoChains ? _mm512_add_epi32(acc[r], second[r]) : acc[r]);
  }
}

// The 64 outputs of a panel: as in a dense product, a broadcast of four elements meets four vectors of weights.
template <size_t kRows>
void BlockSums(const SparseTile& tile, const SparseI8Weights& w, size_t panel, int32_t* sums) {
  const int8_t* data = w.data + w.starts[panel];
  const size_t* first_step = w.first_step + panel * tile.pieces;
  const SparseStep* step = w.steps + *first_step;
  const int32_t* offsets = tile.offsets;
  Ahead ahead(tile, first_step[tile.pieces] - first_step[0]);
  __m512i acc[kRows * 4];
  GOSSAMER_UNROLL
  for (size_t i = 0; i < kRows * 4; ++i) acc[i] = _mm512_setzero_si512();
  for (size_t t = 0; t < tile.pieces; ++t, offsets += tile.apart) {
    const uint8_t* row[kRows];
    GOSSAMER_UNROLL
    for (size_t r = 0; r < kRows; ++r) row[r] = tile.base + offsets[r];
    for (const SparseStep* end = w.steps + *++first_step; step != end; ++step, data += kSparseTileBytes) {
      const size_t k = step->k;
      ahead.Step();
      __m512i value[4];
      GOSSAMER_UNROLL
      for (size_t j = 0; j < 4; ++j) value[j] = _mm512_load_si512(data + 64 * j);
      GOSSAMER_UNROLL
      for (size_t r = 0; r < kRows; ++r) {
        int32_t four;
        std::memcpy(&four, row[r] + k, sizeof four);
        const __m512i elements = _mm512_set1_epi32(four);
        acc[4 * r] = _mm512_dpbusd_epi32(acc[4 * r], elements, value[0]);
        acc[4 * r + 1] = _mm512_dpbusd_epi32(acc[4 * r + 1], elements, value[1]);
        acc[4 * r + 2] = _mm512_dpbusd_epi32(acc[4 * r + 2], elements, value[2]);
        acc[4 * r + 3] = _mm512_dpbusd_epi32(acc[4 * r + 3], elements, value[3]);
      }
    }
  }
  GOSSAMER_UNROLL
  for (size_t i = 0; i < kRows * 4; ++i) _mm512_store_si512(sums + i * 16, acc[i]);
}

using SumsFn = void(const SparseTile&, const SparseI8Weights&, size_t group, int32_t* sums);

constexpr SumsFn* kRoundSums[kMostRows + 1] = {
    nullptr,      RoundSums<1>, RoundSums<2>,  RoundSums<3>,  RoundSums<4>,  RoundSums<5>,  RoundSums<6>, RoundSums<7>,
    RoundSums<8>, RoundSums<9>, RoundSums<10>, RoundSums<11>, RoundSums<12>, RoundSums<13>, RoundSums<14>};
constexpr SumsFn* kBlockSums[kMostBlockRows + 1] = {nullptr,      BlockSums<1>, BlockSums<2>, BlockSums<3>,
                                                    BlockSums<4>, BlockSums<5>, BlockSums<6>};

struct Ops {
  static constexpr size_t kRows = kMostRows, kBlockRows = kMostBlockRows, kSpan = 64;

  static void CopyPiece(uint8_t* to, const uint8_t* from, size_t bytes) {
    for (size_t i = 0; i < bytes; i += 64) _mm512_storeu_si512(to + i, _mm512_loadu_si512(from + i));
  }

  static void Rounds(const SparseTile& tile, size_t rows, const SparseI8Weights& w, size_t group, int32_t* sums) {
    kRoundSums[rows](tile, w, group, sums);
  }
  static void Blocks(const SparseTile& tile, size_t rows, const SparseI8Weights& w, size_t panel, int32_t* sums) {
    kBlockSums[rows](tile, w, panel, sums);
  }

  static void Unsort(int32_t* sums, const uint8_t* slots) {
    __m512i packed[4];
    for (size_t j = 0; j < 4; ++j) packed[j] = _mm512_load_si512(sums + 16 * j);
    for (size_t j = 0; j < 4; ++j) {
      const __m512i slot = _mm512_cvtepu8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(slots + 16 * j)));
      // vpermi2d reads five bits of an index; the sixth says which half.
      const __m512i low = _mm512_permutex2var_epi32(packed[0], slot, packed[1]);
      const __m512i high = _mm512_permutex2var_epi32(packed[2], slot, packed[3]);
      const __mmask16 upper = _mm512_test_epi32_mask(slot, _mm512_set1_epi32(32));
      _mm512_store_si512(sums + 16 * j, _mm512_mask_blend_epi32(upper, low, high));
    }
  }
};

}  // namespace
}  // namespace gossamer

#include "kernels/sparse_i8/run.h"

namespace gossamer {

void SparseI8Avx512Vbmi(const uint8_t* x, const ActivationRows& rows, size_t row_begin, size_t row_end,
                        const SparseI8Weights& weights, size_t panel_begin, size_t panel_end, const Int8Output& output,
                        uint8_t* scratch) {
  RunSparseI8<Ops>(x, rows, row_begin, row_end, weights, panel_begin, panel_end, output, scratch);
}

}  // namespace gossamer
