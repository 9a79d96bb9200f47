// DynamicQuantizeLinear: float x to uint8 with the scale and zero point of its own range.
#include <algorithm>
#include <vector>

#include "engine/operator.h"
#include "kernels/dynamic_quantize/dynamic_quantize.h"

namespace gossamer {
namespace {

// Elements. The second pass begins with the tiles that the first one ended with: they are in the caches still.
constexpr size_t kTile = 32 * 1024;
// So many or fewer, about 5 microseconds, are not worth a second thread.
constexpr size_t kAlone = 128 * 1024;

class DynamicQuantizeLinearOperator : public Operator {
 public:
  void Shape(const TensorList& inputs, std::vector<Tensor>& outputs) const override {
    outputs[0].dims = inputs[0]->dims;
    outputs[1].dims = outputs[2].dims = Dims{};
  }
  bool ReadsOnlyElements(size_t) const override { return true; }

  void Run(const TensorList& inputs, const std::vector<Tensor>& outputs, RunContext& context) const override {
    const float* x = inputs[0]->As<float>();
    const size_t count = inputs[0]->Count(), tiles = std::max<size_t>((count + kTile - 1) / kTile, 1);
    const auto each_tile = [&](const auto& body) {
      if (count > kAlone) return context.Parallel(tiles, body);
      for (size_t t = 0; t < tiles; ++t) body(t);
    };
    float* low = static_cast<float*>(context.Scratch(2 * tiles * sizeof(float)));
    float* high = low + tiles;
    each_tile([&](size_t t) {
      low[t] = high[t] = 0;
      RangeF32()(x + t * kTile, std::min(kTile, count - t * kTile), &low[t], &high[t]);
    });
    const QuantizeU8Params params =
        DynamicParamsU8(*std::min_element(low, low + tiles), *std::max_element(high, high + tiles));
    *outputs[1].As<float>() = params.scale;
    *outputs[2].As<uint8_t>() = params.zero_point;
    uint8_t* y = outputs[0].As<uint8_t>();
    each_tile([&](size_t t) {
      const size_t first = (tiles - 1 - t) * kTile;
      QuantizeU8()(x + first, std::min(kTile, count - first), params.scale, params.zero_point, y + first);
    });
  }
};

}  // namespace

std::unique_ptr<Operator> MakeDynamicQuantizeLinear(OperatorSpec& spec) {
  if (spec.inputs.size() != 1 || !spec.Has(0) || spec.outputs.size() != 3) {
    throw EngineError{"ERR_ENGINE_PROGRAM", "DynamicQuantizeLinear: expected one input and three outputs"};
  }
  const DataType expected[] = {DataType::kUint8, DataType::kFloat32, DataType::kUint8};
  if (spec.inputs[0].type != DataType::kFloat32 || !std::equal(expected, expected + 3, spec.outputs.begin())) {
    throw EngineError{"ERR_ENGINE_TYPE", "DynamicQuantizeLinear: expected float32 to uint8, float32 and uint8"};
  }
  return std::make_unique<DynamicQuantizeLinearOperator>();
}

}  // namespace gossamer
