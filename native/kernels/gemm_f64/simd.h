// The vector body of gemm_f64: register tiles, written over the operations of one kernels/simd/ header, which is
// included first with
//   kMostRows: rows of a tile that is kWidest vectors wide, so many that its sums stay in registers
//   kWidest: the widest tile of several rows, in vectors; kWidestRow: of one row, where columns alone must hide the
//     latency of a chain of multiply-adds
#include <algorithm>
#include <utility>

#include "kernels/gemm_f64/gemm_f64.h"

// Before a loop without a loop in it: a compiler then keeps what it indexes in registers.
#if defined(__GNUC__)
#define GOSSAMER_UNROLL _Pragma("GCC unroll 64")
#else
#define GOSSAMER_UNROLL
#endif

namespace gossamer {
namespace {

struct Operands {
  const double* a;
  size_t a_stride;
  const double* b;
  size_t b_stride, k;
  double* c;
  size_t c_stride;
};

// kRows rows from i by kVectors vectors from column j; the last vector holds `last` columns, all of it unless kRagged.
template <size_t kRows, size_t kVectors, bool kRagged>
void Tile(const Operands& operands, size_t i, size_t j, size_t last) {
  const double *a = operands.a + i, *b = operands.b + j;
  double* c = operands.c + i * operands.c_stride + j;
  const size_t a_stride = operands.a_stride, b_stride = operands.b_stride, c_stride = operands.c_stride;
  F64 sums[kRows * kVectors];
  GOSSAMER_UNROLL
  for (size_t s = 0; s < kRows * kVectors; ++s) {
    const double* from = c + s / kVectors * c_stride + s % kVectors * kDoubleLanes;
    sums[s] = kRagged && s % kVectors == kVectors - 1 ? LoadFirstD(from, last) : LoadD(from);
  }
  for (size_t p = 0; p < operands.k; ++p, a += a_stride, b += b_stride) {
    F64 columns[kVectors], row;
    GOSSAMER_UNROLL
    for (size_t v = 0; v < kVectors; ++v) {
      const double* from = b + v * kDoubleLanes;
      columns[v] = kRagged && v == kVectors - 1 ? LoadFirstD(from, last) : LoadD(from);
    }
    GOSSAMER_UNROLL
    for (size_t s = 0; s < kRows * kVectors; ++s) {
      if (s % kVectors == 0) row = FillD(a[s / kVectors]);
      sums[s] = NegatedFmaD(row, columns[s % kVectors], sums[s]);
    }
  }
  GOSSAMER_UNROLL
  for (size_t s = 0; s < kRows * kVectors; ++s) {
    double* to = c + s / kVectors * c_stride + s % kVectors * kDoubleLanes;
    if (kRagged && s % kVectors == kVectors - 1) {
      StoreFirstD(to, sums[s], last);
    } else {
      StoreD(to, sums[s]);
    }
  }
}

using TileFn = void(const Operands&, size_t, size_t, size_t);

template <size_t kVectors, bool kRagged, size_t... kLess>
inline TileFn* PickTile(size_t rows, std::index_sequence<kLess...>) {
  static constexpr TileFn* kTiles[] = {Tile<kLess + 1, kVectors, kRagged>...};
  return kTiles[rows - 1];
}

// All rows of kVectors vectors, in tiles of as even a height as can be.
template <size_t kVectors, bool kRagged>
void Strip(const Operands& operands, size_t m, size_t j, size_t last) {
  constexpr auto kHeights = std::make_index_sequence<kMostRows>();
  const size_t tiles = (m + kMostRows - 1) / kMostRows, low = m / tiles, higher = m % tiles;
  TileFn* const tile = PickTile<kVectors, kRagged>(low, kHeights);
  TileFn* const higher_tile = higher == 0 ? tile : PickTile<kVectors, kRagged>(low + 1, kHeights);
  size_t i = 0;
  for (size_t t = 0; t < higher; ++t, i += low + 1) higher_tile(operands, i, j, last);
  for (size_t t = higher; t < tiles; ++t, i += low) tile(operands, i, j, last);
}

using StripFn = void(const Operands&, size_t, size_t, size_t);

template <size_t... kLess>
inline StripFn* PickStrip(size_t vectors, bool ragged, std::index_sequence<kLess...>) {
  static constexpr StripFn *kWhole[] = {Strip<kLess + 1, false>...}, *kRagged[] = {Strip<kLess + 1, true>...};
  return ragged ? kRagged[vectors - 1] : kWhole[vectors - 1];
}

}  // namespace

void GOSSAMER_SIMD(SubtractProductF64)(const double* a, size_t a_stride, const double* b, size_t b_stride, size_t k,
                                       double* c, size_t c_stride, size_t m, size_t n) {
  if (m == 0 || n == 0 || k == 0) return;
  const Operands operands{a, a_stride, b, b_stride, k, c, c_stride};
  size_t j = 0;
  for (; m == 1 && n - j >= kWidestRow * kDoubleLanes; j += kWidestRow * kDoubleLanes) {
    Tile<1, kWidestRow, false>(operands, 0, j, kDoubleLanes);
  }
  while (j < n) {
    const size_t columns = std::min(kWidest * kDoubleLanes, n - j), last = columns % kDoubleLanes;
    const size_t vectors = (columns + kDoubleLanes - 1) / kDoubleLanes;
    PickStrip(vectors, last != 0, std::make_index_sequence<kWidest>())(operands, m, j, last);
    j += columns;
  }
}

}  // namespace gossamer
