// From a tensor's type to C++ types.
#pragma once
#include "engine/operators/arguments.h"

namespace gossamer {

// Calls body(T{}) with the C++ type of a number; false for bool, float16 and bfloat16, which are not numbers in C++.
template <class Body>
bool WithNumber(DataType type, const Body& body) {
  switch (type) {
    case DataType::kFloat32:
      return body(float{}), true;
    case DataType::kFloat64:
      return body(double{}), true;
    case DataType::kUint8:
      return body(uint8_t{}), true;
    case DataType::kInt8:
      return body(int8_t{}), true;
    case DataType::kInt16:
      return body(int16_t{}), true;
    case DataType::kUint16:
      return body(uint16_t{}), true;
    case DataType::kInt32:
      return body(int32_t{}), true;
    case DataType::kUint32:
      return body(uint32_t{}), true;
    case DataType::kInt64:
      return body(int64_t{}), true;
    case DataType::kUint64:
      return body(uint64_t{}), true;
    default:
      return false;
  }
}

inline bool IsNumber(DataType type) {
  return WithNumber(type, [](auto) {});
}

// Calls body(T{}) with an unsigned integer as large as an element, to move elements of any type.
template <class Body>
void WithElement(size_t bytes, const Body& body) {
  switch (bytes) {
    case 1:
      return body(uint8_t{});
    case 2:
      return body(uint16_t{});
    case 4:
      return body(uint32_t{});
    default:
      return body(uint64_t{});
  }
}

}  // namespace gossamer
