// Transposition of matrices of 1-, 2-, 4- and 8-byte elements.
#pragma once
#include <cstddef>
#include <cstdint>

#include "engine/thread_pool.h"
#include "kernels/dispatch.h"

namespace gossamer {

// out[c * out_stride + r] = x[r * stride + c] for r < rows, c < cols; strides in elements. No overlap.
template <class T>
using TransposeFn = void(const T* x, size_t rows, size_t cols, size_t stride, T* out, size_t out_stride);

using Transpose8Fn = TransposeFn<uint8_t>;
using Transpose16Fn = TransposeFn<uint16_t>;
using Transpose32Fn = TransposeFn<uint32_t>;
using Transpose64Fn = TransposeFn<uint64_t>;

Transpose8Fn Transpose8Scalar, Transpose8Avx2, Transpose8Neon;
Transpose16Fn Transpose16Scalar, Transpose16Avx2, Transpose16Neon;
Transpose32Fn Transpose32Scalar, Transpose32Avx2, Transpose32Neon;
Transpose64Fn Transpose64Scalar, Transpose64Avx2, Transpose64Neon;

VariantList<Transpose8Fn> Transpose8Variants();
VariantList<Transpose16Fn> Transpose16Variants();
VariantList<Transpose32Fn> Transpose32Variants();
VariantList<Transpose64Fn> Transpose64Variants();

Transpose8Fn& Transpose8();  // best one for this CPU
Transpose16Fn& Transpose16();
Transpose32Fn& Transpose32();
Transpose64Fn& Transpose64();

// The whole [rows, cols] matrix in tiles, split over the pool. False when aborted.
bool TransposeMatrix(const uint8_t* x, size_t rows, size_t cols, uint8_t* out, AbortFlag abort);
bool TransposeMatrix(const uint16_t* x, size_t rows, size_t cols, uint16_t* out, AbortFlag abort);
bool TransposeMatrix(const uint32_t* x, size_t rows, size_t cols, uint32_t* out, AbortFlag abort);
bool TransposeMatrix(const uint64_t* x, size_t rows, size_t cols, uint64_t* out, AbortFlag abort);

}  // namespace gossamer
