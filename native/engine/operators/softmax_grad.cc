// SoftmaxGrad and LogSoftmaxGrad: from the gradient dy of a softmax (or its logarithm) y along one axis to that of what
// it was taken of.
#include "engine/operators/axis.h"
#include "kernels/softmax_grad_f32/softmax_grad_f32.h"

namespace gossamer {
namespace {

class SoftmaxGradOperator : public Operator {
 public:
  SoftmaxGradOperator(std::string type, int64_t axis)
      : type_(std::move(type)), kind_(type_ == "SoftmaxGrad" ? Softmax::kSoftmax : Softmax::kLog), axis_(axis) {}
  void Shape(const TensorList& inputs, std::vector<Tensor>& outputs) const override {
    const Dims &dy = inputs[0]->dims, &y = inputs[1]->dims;
    if (dy != y) RefuseShape(type_ + " y", dy.Text(), y.Text());
    Seen(dy);  // refuses a wrong axis
    outputs[0].dims = dy;
  }
  int InPlace() const override { return 0; }
  void Run(const TensorList& inputs, const std::vector<Tensor>& outputs, RunContext& context) const override {
    const AxisView view = Seen(inputs[0]->dims);
    const float *dy = inputs[0]->As<float>(), *y = inputs[1]->As<float>();
    float* dx = outputs[0].As<float>();
    if (view.size == 0) return;
    if (view.inner == 1) {
      ForTiles(context, view.outer, view.size, [&](size_t first, size_t end) {
        const size_t at = first * view.size;
        SoftmaxGradF32()(kind_, dy + at, y + at, end - first, view.size, dx + at);
      });
      return;
    }
    ForColumns(context, view, view.size, [&](size_t outer, size_t first, size_t end) {
      const size_t at = outer * view.size * view.inner + first;
      SoftmaxGradColumnsF32()(kind_, dy + at, y + at, view.size, end - first, view.inner, dx + at);
    });
  }

 private:
  AxisView Seen(const Dims& dims) const {
    return dims.Rank() == 0 ? AxisView{1, 1, 1} : ViewAxis(type_.c_str(), dims, axis_);
  }
  std::string type_;
  Softmax kind_;
  int64_t axis_;
};

}  // namespace

std::unique_ptr<Operator> MakeSoftmaxGrad(OperatorSpec& spec) {
  CheckArity(spec, 2, 2);
  for (size_t i = 0; i < 2; ++i) CheckType(spec, i, DataType::kFloat32);
  CheckOutputType(spec, 0, DataType::kFloat32);
  return std::make_unique<SoftmaxGradOperator>(spec.type, spec.attributes.Int("axis", -1));
}

}  // namespace gossamer
