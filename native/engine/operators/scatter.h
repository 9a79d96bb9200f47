// What GatherElements, GatherND, ScatterElements and ScatterND share: places named by indices, and what is done there.
#pragma once
#include <algorithm>

#include "engine/operators/element_types.h"

namespace gossamer {

// `index` on an axis of `size`, counted from the end where negative; ERR_ENGINE_VALUE where it lies outside.
inline size_t PlaceOf(const char* op, int64_t index, int64_t size) {
  if (index < -size || index >= size) {
    RefuseValue(std::string(op) + " indices", "indices of an axis of " + std::to_string(size), std::to_string(index));
  }
  return static_cast<size_t>(index < 0 ? index + size : index);
}

enum class Reduction : uint8_t { kNone, kAdd, kMul, kMax, kMin };

// Attribute `reduction`; other than none only for numbers.
Reduction ReductionOf(const OperatorSpec& spec);

// y[i] = y[i] (reduction) x[i] for `count` elements of this type; kNone: any type.
void Reduce(Reduction reduction, DataType type, const void* x, void* y, size_t count);

}  // namespace gossamer
