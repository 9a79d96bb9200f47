#include "engine/operators/scatter.h"

#include <cstring>

namespace gossamer {
namespace {

// Integers wrap; the larger and smaller of floats is NaN where one is.
template <class T>
T Reduced(Reduction reduction, T y, T x) {
  if (reduction == Reduction::kMax) return x > y || x != x ? x : y;
  if (reduction == Reduction::kMin) return x < y || x != x ? x : y;
  if constexpr (std::is_floating_point_v<T>) {
    return reduction == Reduction::kAdd ? y + x : y * x;
  } else {
    const uint64_t a = static_cast<uint64_t>(y), b = static_cast<uint64_t>(x);
    return static_cast<T>(reduction == Reduction::kAdd ? a + b : a * b);
  }
}

}  // namespace

Reduction ReductionOf(const OperatorSpec& spec) {
  const std::string name = spec.attributes.Text("reduction", "none");
  if (name == "none") return Reduction::kNone;
  if (!IsNumber(spec.outputs[0])) RefuseType(spec.type + " with a reduction", "numbers", spec.outputs[0]);
  if (name == "add") return Reduction::kAdd;
  if (name == "mul") return Reduction::kMul;
  if (name == "max") return Reduction::kMax;
  if (name == "min") return Reduction::kMin;
  RefuseProgram(spec.type + " reduction", "none, add, mul, max or min", name);
}

void Reduce(Reduction reduction, DataType type, const void* x, void* y, size_t count) {
  if (reduction == Reduction::kNone) {
    std::memcpy(y, x, count * ElementSize(type));
    return;
  }
  WithNumber(type, [&](auto element) {
    using T = decltype(element);
    for (size_t i = 0; i < count; ++i) {
      static_cast<T*>(y)[i] = Reduced(reduction, static_cast<T*>(y)[i], static_cast<const T*>(x)[i]);
    }
  });
}

}  // namespace gossamer
