// Softmax and LogSoftmax along one axis.
#include "engine/operators/axis.h"
#include "kernels/softmax_f32/softmax_f32.h"

namespace gossamer {
namespace {

class SoftmaxOperator : public Operator {
 public:
  SoftmaxOperator(Softmax kind, int64_t axis) : kind_(kind), axis_(axis) {}
  void Shape(const TensorList& inputs, std::vector<Tensor>& outputs) const override {
    outputs[0].dims = inputs[0]->dims;
    Seen(inputs[0]->dims);  // refuses a wrong axis
  }
  int InPlace() const override { return 0; }
  void Run(const TensorList& inputs, const std::vector<Tensor>& outputs, RunContext& context) const override {
    const AxisView view = Seen(inputs[0]->dims);
    const float* x = inputs[0]->As<float>();
    float* y = outputs[0].As<float>();
    if (view.size == 0) return;
    if (view.inner == 1) {
      ForTiles(context, view.outer, view.size, [&](size_t first, size_t end) {
        SoftmaxF32()(kind_, x + first * view.size, end - first, view.size, y + first * view.size);
      });
      return;
    }
    ForColumns(context, view, view.size, [&](size_t outer, size_t first, size_t end) {
      const size_t at = outer * view.size * view.inner + first;
      SoftmaxColumnsF32()(kind_, x + at, view.size, end - first, view.inner, y + at);
    });
  }

 private:
  AxisView Seen(const Dims& dims) const {
    return dims.Rank() == 0 ? AxisView{1, 1, 1} : ViewAxis("Softmax", dims, axis_);
  }
  Softmax kind_;
  int64_t axis_;
};

}  // namespace

std::unique_ptr<Operator> MakeSoftmax(OperatorSpec& spec) {
  CheckArity(spec, 1, 1);
  CheckType(spec, 0, DataType::kFloat32);
  CheckOutputType(spec, 0, DataType::kFloat32);
  return std::make_unique<SoftmaxOperator>(spec.type == "Softmax" ? Softmax::kSoftmax : Softmax::kLog,
                                           spec.attributes.Int("axis", -1));
}

}  // namespace gossamer
