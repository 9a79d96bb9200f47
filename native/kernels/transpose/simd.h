// The vector body of transpose over 16-byte vectors. The including file defines Vector, LoadVector, StoreVector, and
// InterleaveLow<T> and InterleaveHigh<T>: a0 b0 a1 b1 ... of the lower, or upper, halves of a and b in elements of T.
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

template <class T>
inline void TransposeTile(const T* x, size_t rows, size_t cols, size_t stride, T* out, size_t out_stride,
                          TransposeFn<T>& scalar) {
  constexpr size_t kSide = 16 / sizeof(T);
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
