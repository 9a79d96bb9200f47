// If: input 0 the condition, the rest what the branches capture; bodies then and else take all captures in that order.
#include <cstring>

#include "engine/body.h"

namespace gossamer {
namespace {

class IfOperator : public Operator {
 public:
  IfOperator(std::shared_ptr<const Program> then_body, std::shared_ptr<const Program> else_body)
      : then_(std::move(then_body)), else_(std::move(else_body)) {}

  void Shape(const TensorList&, std::vector<Tensor>&) const override {}
  void Run(const TensorList&, const std::vector<Tensor>&, RunContext&) const override {}
  bool Allocates() const override { return true; }

  void RunAllocating(const TensorList& inputs, std::vector<Tensor>& outputs, OutputAllocator& allocator,
                     RunContext& context) const override {
    if (inputs[0]->Count() != 1) {
      throw EngineError{"ERR_ENGINE_SHAPE", "If: expected a condition of one element, received " + inputs[0]->dims.Text()};
    }
    std::vector<Tensor> captures;
    for (size_t i = 1; i < inputs.size(); ++i) captures.push_back(*inputs[i]);
    Body::Lease lease(*inputs[0]->As<uint8_t>() != 0 ? then_ : else_);
    const std::vector<Tensor>& results = lease.Run(captures, context);
    for (size_t i = 0; i < outputs.size(); ++i) {
      outputs[i].dims = results[i].dims;
      allocator.Allocate(i);
      if (results[i].Bytes() != 0) std::memcpy(outputs[i].data, results[i].data, results[i].Bytes());
    }
  }

 private:
  Body then_, else_;
};

void RequireBody(const OperatorSpec& spec, const Program& body) {
  const auto refuse = [](const char* what) {
    throw EngineError{"ERR_ENGINE_PROGRAM", std::string("If: expected branches with ") + what};
  };
  if (!body.IsFinished() || body.Inputs().size() != spec.inputs.size() - 1) refuse("an input for each capture");
  if (body.Outputs().size() != spec.outputs.size()) refuse("as many outputs as it has");
  for (size_t i = 0; i < spec.outputs.size(); ++i) {
    if (body.Values()[body.Outputs()[i]].type != spec.outputs[i]) refuse("outputs of its types");
  }
  for (size_t i = 1; i < spec.inputs.size(); ++i) {
    if (!spec.inputs[i].present || body.Values()[body.Inputs()[i - 1]].type != spec.inputs[i].type) {
      refuse("inputs of the types of its captures");
    }
  }
}

}  // namespace

std::unique_ptr<Operator> MakeIf(OperatorSpec& spec) {
  if (!spec.Has(0) || spec.inputs[0].type != DataType::kBool || spec.bodies.size() != 2) {
    throw EngineError{"ERR_ENGINE_PROGRAM", "If: expected a condition of type bool and two branches"};
  }
  for (const auto& body : spec.bodies) RequireBody(spec, *body);
  return std::make_unique<IfOperator>(spec.bodies[0], spec.bodies[1]);
}

}  // namespace gossamer
