#include "kernels/transpose/transpose.h"

namespace gossamer {
namespace {

template <class T>
void Transpose(const T* x, size_t rows, size_t cols, size_t stride, T* out, size_t out_stride) {
  for (size_t r = 0; r < rows; ++r) {
    for (size_t c = 0; c < cols; ++c) out[c * out_stride + r] = x[r * stride + c];
  }
}

}  // namespace

void Transpose8Scalar(const uint8_t* x, size_t rows, size_t cols, size_t stride, uint8_t* out, size_t out_stride) {
  Transpose(x, rows, cols, stride, out, out_stride);
}

void Transpose16Scalar(const uint16_t* x, size_t rows, size_t cols, size_t stride, uint16_t* out, size_t out_stride) {
  Transpose(x, rows, cols, stride, out, out_stride);
}

void Transpose32Scalar(const uint32_t* x, size_t rows, size_t cols, size_t stride, uint32_t* out, size_t out_stride) {
  Transpose(x, rows, cols, stride, out, out_stride);
}

void Transpose64Scalar(const uint64_t* x, size_t rows, size_t cols, size_t stride, uint64_t* out, size_t out_stride) {
  Transpose(x, rows, cols, stride, out, out_stride);
}

}  // namespace gossamer
