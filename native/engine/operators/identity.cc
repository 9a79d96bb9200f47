// Identity, and what only gives elements other dims: y is x under another name.
#include "engine/operator.h"

namespace gossamer {
namespace {

class IdentityOperator : public Operator {
 public:
  void Shape(const TensorList& inputs, std::vector<Tensor>& outputs) const override { outputs[0].dims = inputs[0]->dims; }
  void Run(const TensorList&, const std::vector<Tensor>&, RunContext&) const override {}
  int View() const override { return 0; }
};

}  // namespace

std::unique_ptr<Operator> MakeIdentity(OperatorSpec& spec) {
  if (spec.inputs.size() != 1 || !spec.Has(0) || spec.outputs.size() != 1 || spec.inputs[0].type != spec.outputs[0]) {
    throw EngineError{"ERR_ENGINE_PROGRAM", "Identity: expected one input and one output of one type"};
  }
  return std::make_unique<IdentityOperator>();
}

}  // namespace gossamer
