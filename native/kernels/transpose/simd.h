// The vector body of transpose over 16-byte vectors. The including file defines Vector, LoadVector, StoreVector, Or,
// InterleaveLow<T> and InterleaveHigh<T>: a0 b0 a1 b1 ... of the lower, or upper, halves of a and b in elements of T; and
// ShuffleBytes(v, at): byte i is byte at[i] of v, 0 where at[i] is kNoByte.
#include "kernels/transpose/transpose.h"

namespace gossamer {
namespace {

// A square of 16 / sizeof(T) rows. Interleaving row i with row i + side / 2 moves one bit of the row number into the
// column number; after log2(side) rounds they have changed places.
template <class T>
inline void TransposeSquare(const T* x, size_t stride, T* out, size_t out_stride) {
  constexpr size_t kSide = 16 / sizeof(T);
  Vector v[kSide], next[kSide];
  for (size_t r = 0; r < kSide; ++r) v[r] = LoadVector(x + r * stride);
  for (size_t round = 1; round < kSide; round *= 2) {
    for (size_t i = 0; i < kSide / 2; ++i) {
      next[2 * i] = InterleaveLow<T>(v[i], v[i + kSide / 2]);
      next[2 * i + 1] = InterleaveHigh<T>(v[i], v[i + kSide / 2]);
    }
    for (size_t i = 0; i < kSide; ++i) v[i] = next[i];
  }
  for (size_t r = 0; r < kSide; ++r) StoreVector(out + r * out_stride, v[r]);
}

// Matrices of three rows, or three columns, without gaps: the colours of images. Byte i of result k is a byte of one of
// the three sources: table[k][source][i], kNoByte in the two others.
constexpr uint8_t kNoByte = 0x80;
struct ShuffleTable {
  uint8_t at[3][3][16];
};
template <class T>
constexpr ShuffleTable TableOfThree(bool joins) {
  ShuffleTable table{};
  for (size_t k = 0; k < 3; ++k) {
    for (size_t i = 0; i < 16; ++i) {
      // Joined, element e of all three results is element e / 3 of source e % 3; the other way round for the other.
      const size_t e = (16 * k + i) / sizeof(T), part = i % sizeof(T);
      const size_t byte = joins ? e / 3 * sizeof(T) + part : (i / sizeof(T) * 3 + k) * sizeof(T) + part;
      const size_t source = joins ? e % 3 : byte / 16;
      for (size_t s = 0; s < 3; ++s) table.at[k][s][i] = s == source ? static_cast<uint8_t>(byte % 16) : kNoByte;
    }
  }
  return table;
}

// kJoins: x are rows of `count` elements, stride apart, and out is their columns; else the other way round. Returns how
// many of count are done.
template <class T, bool kJoins>
inline size_t ShuffleThree(const T* x, size_t count, size_t stride, T* out, size_t out_stride) {
  constexpr size_t kElements = 16 / sizeof(T);
  static constexpr ShuffleTable kTable = TableOfThree<T>(kJoins);
  size_t done = 0;
  for (; done + kElements <= count; done += kElements) {
    Vector v[3];
    for (size_t s = 0; s < 3; ++s) v[s] = LoadVector(kJoins ? x + s * stride + done : x + 3 * done + s * kElements);
    for (size_t k = 0; k < 3; ++k) {
      const Vector first = Or(ShuffleBytes(v[0], kTable.at[k][0]), ShuffleBytes(v[1], kTable.at[k][1]));
      const Vector all = Or(first, ShuffleBytes(v[2], kTable.at[k][2]));
      StoreVector(kJoins ? out + 3 * done + k * kElements : out + k * out_stride + done, all);
    }
  }
  return done;
}

template <class T>
inline void TransposeTile(const T* x, size_t rows, size_t cols, size_t stride, T* out, size_t out_stride,
                          TransposeFn<T>& scalar) {
  constexpr size_t kSide = 16 / sizeof(T);
  if (rows == 3 && out_stride == 3) {
    const size_t done = ShuffleThree<T, true>(x, cols, stride, out, out_stride);
    return scalar(x + done, rows, cols - done, stride, out + 3 * done, out_stride);
  }
  if (cols == 3 && stride == 3) {
    const size_t done = ShuffleThree<T, false>(x, rows, stride, out, out_stride);
    return scalar(x + 3 * done, rows - done, cols, stride, out + done, out_stride);
  }
  const size_t whole_rows = rows - rows % kSide, whole_cols = cols - cols % kSide;
  for (size_t r = 0; r < whole_rows; r += kSide) {
    for (size_t c = 0; c < whole_cols; c += kSide) {
      TransposeSquare(x + r * stride + c, stride, out + c * out_stride + r, out_stride);
    }
  }
  scalar(x + whole_cols, whole_rows, cols - whole_cols, stride, out + whole_cols * out_stride, out_stride);
  scalar(x + whole_rows * stride, rows - whole_rows, cols, stride, out + whole_rows, out_stride);
}

}  // namespace

void GOSSAMER_SIMD(Transpose8)(const uint8_t* x, size_t rows, size_t cols, size_t stride, uint8_t* out,
                               size_t out_stride) {
  TransposeTile(x, rows, cols, stride, out, out_stride, Transpose8Scalar);
}

void GOSSAMER_SIMD(Transpose16)(const uint16_t* x, size_t rows, size_t cols, size_t stride, uint16_t* out,
                                size_t out_stride) {
  TransposeTile(x, rows, cols, stride, out, out_stride, Transpose16Scalar);
}

void GOSSAMER_SIMD(Transpose32)(const uint32_t* x, size_t rows, size_t cols, size_t stride, uint32_t* out,
                                size_t out_stride) {
  TransposeTile(x, rows, cols, stride, out, out_stride, Transpose32Scalar);
}

void GOSSAMER_SIMD(Transpose64)(const uint64_t* x, size_t rows, size_t cols, size_t stride, uint64_t* out,
                                size_t out_stride) {
  TransposeTile(x, rows, cols, stride, out, out_stride, Transpose64Scalar);
}

}  // namespace gossamer
