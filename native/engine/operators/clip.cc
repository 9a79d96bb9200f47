// Clip: float32 by a kernel, other types by a plain loop.
#include <limits>

#include "engine/operators/arguments.h"
#include "kernels/unary_f32/unary_f32.h"

namespace gossamer {
namespace {

template <class T>
class ClipOperator : public Operator {
 public:
  void Shape(const TensorList& inputs, std::vector<Tensor>& outputs) const override {
    for (size_t i = 1; i < 3; ++i) {
      const Tensor* bound = Optional(inputs, i);
      if (bound != nullptr && bound->Count() != 1) RefuseShape("Clip bound", "one number", bound->dims.Text());
    }
    outputs[0].dims = inputs[0]->dims;
  }
  int InPlace() const override { return 0; }
  void Run(const TensorList& inputs, const std::vector<Tensor>& outputs, RunContext& context) const override {
    using Limits = std::numeric_limits<T>;
    const Tensor *min = Optional(inputs, 1), *max = Optional(inputs, 2);
    const T lowest = Limits::has_infinity ? static_cast<T>(-Limits::infinity()) : Limits::lowest();
    const T highest = Limits::has_infinity ? Limits::infinity() : Limits::max();
    const T low = min == nullptr ? lowest : *min->As<T>(), high = max == nullptr ? highest : *max->As<T>();
    const T* x = inputs[0]->As<T>();
    T* y = outputs[0].As<T>();
    ForTiles(context, inputs[0]->Count(), 1, [&](size_t first, size_t end) {
      if constexpr (std::is_same_v<T, float>) {
        ActivateF32()({Activation::kClamp, low, high}, x + first, end - first, y + first);
      } else {
        for (size_t i = first; i < end; ++i) {
          const T raised = low > x[i] ? low : x[i];
          y[i] = high < raised ? high : raised;
        }
      }
    });
  }
};

}  // namespace

std::unique_ptr<Operator> MakeClip(OperatorSpec& spec) {
  CheckArity(spec, 1, 3);
  const DataType type = spec.inputs[0].type;
  CheckType(spec, 1, type);
  CheckType(spec, 2, type);
  CheckSameType(spec, 0, 0);
  switch (type) {
    case DataType::kFloat32: return std::make_unique<ClipOperator<float>>();
    case DataType::kFloat64: return std::make_unique<ClipOperator<double>>();
    case DataType::kUint8: return std::make_unique<ClipOperator<uint8_t>>();
    case DataType::kInt8: return std::make_unique<ClipOperator<int8_t>>();
    case DataType::kUint16: return std::make_unique<ClipOperator<uint16_t>>();
    case DataType::kInt16: return std::make_unique<ClipOperator<int16_t>>();
    case DataType::kUint32: return std::make_unique<ClipOperator<uint32_t>>();
    case DataType::kInt32: return std::make_unique<ClipOperator<int32_t>>();
    case DataType::kUint64: return std::make_unique<ClipOperator<uint64_t>>();
    case DataType::kInt64: return std::make_unique<ClipOperator<int64_t>>();
    default: RefuseType("Clip", "a type of numbers", type);
  }
}

}  // namespace gossamer
