// ActivationGrad: the gradient of an activation from that of its result, dy, and its argument or result, v
// (kernels/activation_grad_f32 says which).
#include <limits>

#include "engine/operators/arguments.h"
#include "kernels/activation_grad_f32/activation_grad_f32.h"

namespace gossamer {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

struct Entry {
  const char* name;
  ActivationGradSpec defaults;  // those of the operators of the standard
  size_t cost;                  // elementary operations an element
};
constexpr Entry kActivations[] = {
    {"relu", {ActivationGrad::kRelu, 0, 0}, 1},
    {"clip", {ActivationGrad::kClip, -kInfinity, kInfinity}, 1},
    {"leaky", {ActivationGrad::kLeaky, 0.01f, 0}, 1},
    {"sigmoid", {ActivationGrad::kSigmoid, 0, 0}, 1},
    {"tanh", {ActivationGrad::kTanh, 0, 0}, 1},
    {"gelu", {ActivationGrad::kGelu, 0, 0}, 8},
    {"gelu_tanh", {ActivationGrad::kGeluTanh, 0, 0}, 8},
    {"silu", {ActivationGrad::kSilu, 0, 0}, 8},
    {"hard_sigmoid", {ActivationGrad::kHardSigmoid, 0.2f, 0.5f}, 1},
    {"hard_swish", {ActivationGrad::kHardSwish, 0, 0}, 1},
    {"elu", {ActivationGrad::kElu, 1, 0}, 4},
    {"softplus", {ActivationGrad::kSoftplus, 0, 0}, 4},
    {"mish", {ActivationGrad::kMish, 0, 0}, 8},
    {"erf", {ActivationGrad::kErf, 0, 0}, 4},
};

const Entry& EntryOf(const Attributes& attributes) {
  const std::string name = attributes.Text("activation", "");
  for (const Entry& entry : kActivations) {
    if (name == entry.name) return entry;
  }
  RefuseProgram("ActivationGrad activation", "a name such as gelu", name);
}

class ActivationGradOperator : public Operator {
 public:
  ActivationGradOperator(ActivationGradSpec spec, size_t cost) : spec_(spec), cost_(cost) {}
  void Shape(const TensorList& inputs, std::vector<Tensor>& outputs) const override {
    const Dims &dy = inputs[0]->dims, &v = inputs[1]->dims;
    if (dy != v) RefuseShape("ActivationGrad v", dy.Text(), v.Text());
    outputs[0].dims = dy;
  }
  int InPlace() const override { return 0; }
  void Run(const TensorList& inputs, const std::vector<Tensor>& outputs, RunContext& context) const override {
    const float *dy = inputs[0]->As<float>(), *v = inputs[1]->As<float>();
    float* dx = outputs[0].As<float>();
    ForTiles(context, inputs[0]->Count(), cost_, [&](size_t first, size_t end) {
      ActivationGradF32()(spec_, dy + first, v + first, end - first, dx + first);
    });
  }

 private:
  ActivationGradSpec spec_;
  size_t cost_;
};

}  // namespace

std::unique_ptr<Operator> MakeActivationGrad(OperatorSpec& spec) {
  CheckArity(spec, 2, 2);
  for (size_t i = 0; i < 2; ++i) CheckType(spec, i, DataType::kFloat32);
  CheckOutputType(spec, 0, DataType::kFloat32);
  const Entry& entry = EntryOf(spec.attributes);
  const ActivationGradSpec own{entry.defaults.kind, spec.attributes.Float("activation_alpha", entry.defaults.a),
                               spec.attributes.Float("activation_beta", entry.defaults.b)};
  return std::make_unique<ActivationGradOperator>(own, entry.cost);
}

}  // namespace gossamer
