// Cast and CastLike between all element types. Floats to whole numbers: towards zero, what does not fit becomes the
// nearest that does, NaN becomes 0. Whole numbers to narrower ones keep the low bits. To bool: whether it is not 0.
#include <cmath>
#include <limits>
#include <type_traits>

#include "engine/operators/map.h"
#include "kernels/small_float/small_float.h"

namespace gossamer {
namespace {

constexpr size_t kCost = 1;

template <class Y, class X>
Y Convert(X x) {
  if constexpr (std::is_floating_point_v<X> && std::is_integral_v<Y>) {
    if (x != x) return Y{0};
    // The largest number may be rounded up to a power of two, which no longer fits.
    if (x >= static_cast<X>(std::numeric_limits<Y>::max())) return std::numeric_limits<Y>::max();
    if (x <= static_cast<X>(std::numeric_limits<Y>::min())) return std::numeric_limits<Y>::min();
  }
  return static_cast<Y>(x);
}

template <class X, class Y>
std::unique_ptr<Operator> MakeDirect(const OperatorSpec& spec) {
  return MakeMap(spec, kCost, EachElement<X, Y>([](X x) { return Convert<Y>(x); }));
}

template <class X>
std::unique_ptr<Operator> MakeFrom(const OperatorSpec& spec) {
  switch (spec.outputs[0]) {
    case DataType::kFloat32: return MakeDirect<X, float>(spec);
    case DataType::kFloat64: return MakeDirect<X, double>(spec);
    case DataType::kUint8: return MakeDirect<X, uint8_t>(spec);
    case DataType::kInt8: return MakeDirect<X, int8_t>(spec);
    case DataType::kUint16: return MakeDirect<X, uint16_t>(spec);
    case DataType::kInt16: return MakeDirect<X, int16_t>(spec);
    case DataType::kUint32: return MakeDirect<X, uint32_t>(spec);
    case DataType::kInt32: return MakeDirect<X, int32_t>(spec);
    case DataType::kUint64: return MakeDirect<X, uint64_t>(spec);
    case DataType::kInt64: return MakeDirect<X, int64_t>(spec);
    case DataType::kBool: return MakeMap(spec, kCost, EachElement<X, uint8_t>([](X x) { return x != X{0} ? 1 : 0; }));
    default: break;
  }
  // To a 16-bit float by way of float32.
  F32ToF16Fn* narrow = spec.outputs[0] == DataType::kFloat16 ? &F32ToF16() : &F32ToBf16();
  return MakeMap(spec, kCost, [narrow](const uint8_t* from, size_t count, uint8_t* to) {
    const X* x = reinterpret_cast<const X*>(from);
    uint16_t* y = reinterpret_cast<uint16_t*>(to);
    if constexpr (std::is_same_v<X, float>) {
      narrow(x, count, y);
    } else {
      float piece[256];
      for (size_t i = 0; i < count; i += 256) {
        const size_t rest = count - i < 256 ? count - i : 256;
        for (size_t j = 0; j < rest; ++j) piece[j] = static_cast<float>(x[i + j]);
        narrow(piece, rest, y + i);
      }
    }
  });
}

template <class Y>
std::unique_ptr<Operator> MakeFromHalf(const OperatorSpec& spec) {
  F16ToF32Fn* widen = spec.inputs[0].type == DataType::kFloat16 ? &F16ToF32() : &Bf16ToF32();
  if constexpr (std::is_same_v<Y, float>) {
    return MakeMap(spec, kCost, [widen](const uint8_t* from, size_t count, uint8_t* to) {
      widen(reinterpret_cast<const uint16_t*>(from), count, reinterpret_cast<float*>(to));
    });
  } else {
    const bool to_bool = spec.outputs[0] == DataType::kBool;
    return MakeMap(spec, kCost, [widen, to_bool](const uint8_t* from, size_t count, uint8_t* to) {
      const uint16_t* x = reinterpret_cast<const uint16_t*>(from);
      Y* y = reinterpret_cast<Y*>(to);
      float piece[256];
      for (size_t i = 0; i < count; i += 256) {
        const size_t rest = count - i < 256 ? count - i : 256;
        widen(x + i, rest, piece);
        for (size_t j = 0; j < rest; ++j) y[i + j] = to_bool ? static_cast<Y>(piece[j] != 0) : Convert<Y>(piece[j]);
      }
    });
  }
}

// Between float16 and bfloat16.
std::unique_ptr<Operator> MakeHalfToHalf(const OperatorSpec& spec) {
  F16ToF32Fn* widen = spec.inputs[0].type == DataType::kFloat16 ? &F16ToF32() : &Bf16ToF32();
  F32ToF16Fn* narrow = spec.outputs[0] == DataType::kFloat16 ? &F32ToF16() : &F32ToBf16();
  return MakeMap(spec, kCost, [widen, narrow](const uint8_t* from, size_t count, uint8_t* to) {
    float piece[256];
    for (size_t i = 0; i < count; i += 256) {
      const size_t rest = count - i < 256 ? count - i : 256;
      widen(reinterpret_cast<const uint16_t*>(from) + i, rest, piece);
      narrow(piece, rest, reinterpret_cast<uint16_t*>(to) + i);
    }
  });
}

std::unique_ptr<Operator> MakeFromAnyHalf(const OperatorSpec& spec) {
  switch (spec.outputs[0]) {
    case DataType::kFloat32: return MakeFromHalf<float>(spec);
    case DataType::kFloat64: return MakeFromHalf<double>(spec);
    case DataType::kBool:
    case DataType::kUint8: return MakeFromHalf<uint8_t>(spec);
    case DataType::kInt8: return MakeFromHalf<int8_t>(spec);
    case DataType::kUint16: return MakeFromHalf<uint16_t>(spec);
    case DataType::kInt16: return MakeFromHalf<int16_t>(spec);
    case DataType::kUint32: return MakeFromHalf<uint32_t>(spec);
    case DataType::kInt32: return MakeFromHalf<int32_t>(spec);
    case DataType::kUint64: return MakeFromHalf<uint64_t>(spec);
    case DataType::kInt64: return MakeFromHalf<int64_t>(spec);
    default: return MakeHalfToHalf(spec);
  }
}

class SameType : public Operator {
 public:
  void Shape(const TensorList& inputs, std::vector<Tensor>& outputs) const override {
    outputs[0].dims = inputs[0]->dims;
  }
  void Run(const TensorList&, const std::vector<Tensor>&, RunContext&) const override {}
  int View() const override { return 0; }
};

}  // namespace

// The type is that of the output; the attribute `to` and the second input of CastLike say the same.
std::unique_ptr<Operator> MakeCast(OperatorSpec& spec) {
  CheckArity(spec, 1, 2);
  if (spec.inputs[0].type == spec.outputs[0]) return std::make_unique<SameType>();
  switch (spec.inputs[0].type) {
    case DataType::kFloat32: return MakeFrom<float>(spec);
    case DataType::kFloat64: return MakeFrom<double>(spec);
    case DataType::kBool:
    case DataType::kUint8: return MakeFrom<uint8_t>(spec);
    case DataType::kInt8: return MakeFrom<int8_t>(spec);
    case DataType::kUint16: return MakeFrom<uint16_t>(spec);
    case DataType::kInt16: return MakeFrom<int16_t>(spec);
    case DataType::kUint32: return MakeFrom<uint32_t>(spec);
    case DataType::kInt32: return MakeFrom<int32_t>(spec);
    case DataType::kUint64: return MakeFrom<uint64_t>(spec);
    case DataType::kInt64: return MakeFrom<int64_t>(spec);
    default: return MakeFromAnyHalf(spec);
  }
}

}  // namespace gossamer
