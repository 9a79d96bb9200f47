// Operators of two inputs that broadcast.
#pragma once
#include <memory>
#include <type_traits>

#include "engine/operators/arguments.h"
#include "engine/operators/broadcast.h"

namespace gossamer {

// Element [r, c] is element r * row_stride + c * step of data; step is 0 or 1.
struct Operand {
  const void* data;
  size_t row_stride, step;
};
// y[r * cols + c] = f(a[r, c], b[r, c]).
using BinaryPiece = void(const Operand& a, const Operand& b, size_t rows, size_t cols, void* y);

template <class A, class B, class Y, class F>
void BinaryLoop(const Operand& a, const Operand& b, size_t rows, size_t cols, void* y) {
  const F f;
  Y* out = static_cast<Y*>(y);
  for (size_t r = 0; r < rows; ++r, out += cols) {
    const A* row_a = static_cast<const A*>(a.data) + r * a.row_stride;
    const B* row_b = static_cast<const B*>(b.data) + r * b.row_stride;
    // One loop for each, so that it can be vectorised.
    if (a.step != 0 && b.step != 0) {
      for (size_t c = 0; c < cols; ++c) out[c] = f(row_a[c], row_b[c]);
    } else if (a.step != 0) {
      const B fill = *row_b;
      for (size_t c = 0; c < cols; ++c) out[c] = f(row_a[c], fill);
    } else {
      const A fill = *row_a;
      for (size_t c = 0; c < cols; ++c) out[c] = f(fill, row_b[c * b.step]);
    }
  }
}

// The whole of `y` by pieces; shared out to threads where it is large.
void RunBinary(BinaryPiece* piece, size_t cost, const Tensor& a, const Tensor& b, const Tensor& y, RunContext& context);

// `cost`: elementary operations an element.
std::unique_ptr<Operator> MakeBinaryOperator(const OperatorSpec& spec, BinaryPiece* piece, size_t cost);

// BinaryLoop<T, T, Y, F> for the type; T is result's where Y is void. Null for float16 and bfloat16; bool is uint8_t.
template <class F, class Y = void>
BinaryPiece* LoopForType(DataType type) {
#define GOSSAMER_LOOP(T) BinaryLoop<T, T, std::conditional_t<std::is_void_v<Y>, T, Y>, F>
  switch (type) {
    case DataType::kFloat32: return GOSSAMER_LOOP(float);
    case DataType::kFloat64: return GOSSAMER_LOOP(double);
    case DataType::kBool:
    case DataType::kUint8: return GOSSAMER_LOOP(uint8_t);
    case DataType::kInt8: return GOSSAMER_LOOP(int8_t);
    case DataType::kInt16: return GOSSAMER_LOOP(int16_t);
    case DataType::kUint16: return GOSSAMER_LOOP(uint16_t);
    case DataType::kInt32: return GOSSAMER_LOOP(int32_t);
    case DataType::kUint32: return GOSSAMER_LOOP(uint32_t);
    case DataType::kInt64: return GOSSAMER_LOOP(int64_t);
    case DataType::kUint64: return GOSSAMER_LOOP(uint64_t);
    default: return nullptr;
  }
#undef GOSSAMER_LOOP
}

}  // namespace gossamer
