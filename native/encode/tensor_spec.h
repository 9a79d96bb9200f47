// What is known of a tensor before its data is decoded.
#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

namespace gossamer {

// Element types by their number in ONNX (TensorProto.DataType), those that differ here.
enum class ElementType : int32_t {
  kFloat32 = 1,
  kInt8 = 3,
  kInt64 = 7,
  kFloat16 = 10,
  kFloat64 = 11,
  kUint64 = 13,
  kBfloat16 = 16,
  kInt4 = 22,
  kInt2 = 26,
};
constexpr int32_t kLastElementType = 28;

// Bits of an element; 0 for a type without (none, strings).
uint32_t ElementBits(int32_t type);

struct TensorSpec {
  int32_t type;
  std::vector<size_t> dims;
  size_t count;  // the product of dims

  ElementType Type() const { return static_cast<ElementType>(type); }
  size_t ByteLength() const { return (count * ElementBits(type) + 7) / 8; }
};

}  // namespace gossamer
