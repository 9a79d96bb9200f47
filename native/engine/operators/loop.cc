// Loop: inputs trip count? (int64), condition? (bool), `states` carried values, then what the body captures. The body takes
// the iteration (int64), the condition, the states and the captures, and gives the condition, the states and one slice
// of each scan output.
#include <cstring>
#include <new>

#include "engine/body.h"
#include "engine/buffer.h"
#include "engine/carried.h"
#include "kernels/linear.h"

namespace gossamer {
namespace {

// The slices of one scan output, one after another.
struct Slices {
  Dims dims;
  std::vector<uint8_t> bytes;
  int64_t count = 0;

  void Add(const Tensor& slice) {
    if (count > 0 && slice.dims != dims) {
      throw EngineError{"ERR_ENGINE_SHAPE", "Loop: expected slices of " + dims.Text() + ", received " + slice.dims.Text()};
    }
    dims = slice.dims;
    // Those before, and a copy of all while they move to more memory.
    if (bytes.size() + slice.Bytes() > BufferLimit() / 3) throw std::bad_alloc();
    const uint8_t* data = slice.As<uint8_t>();
    bytes.insert(bytes.end(), data, data + slice.Bytes());
    ++count;
  }
  Dims Whole() const {
    Dims whole{count};
    for (size_t i = 0; i < dims.Rank(); ++i) whole.Append(dims[i]);
    return whole;
  }
};

class LoopOperator : public Operator {
 public:
  LoopOperator(std::shared_ptr<const Program> body, size_t states) : body_(std::move(body)), states_(states) {}

  void Shape(const TensorList&, std::vector<Tensor>&) const override {}
  void Run(const TensorList&, const std::vector<Tensor>&, RunContext&) const override {}
  bool Allocates() const override { return true; }

  void RunAllocating(const TensorList& inputs, std::vector<Tensor>& outputs, OutputAllocator& allocator,
                     RunContext& context) const override {
    for (size_t i = 0; i < 2; ++i) {
      if (inputs[i] != nullptr && inputs[i]->Count() != 1) {
        throw EngineError{"ERR_ENGINE_SHAPE", "Loop: expected a trip count and a condition of one element each, received " +
                                                  inputs[i]->dims.Text()};
      }
    }
    const int64_t trips = inputs[0] == nullptr ? INT64_MAX : *inputs[0]->As<int64_t>();
    uint8_t condition = inputs[1] == nullptr ? 1 : *inputs[1]->As<uint8_t>();
    std::vector<Carried> states(states_);
    for (size_t i = 0; i < states_; ++i) states[i].Set(*inputs[2 + i], kReadSlack);
    std::vector<Slices> scans(outputs.size() - states_);
    Iterate(inputs, trips, condition, states, scans, context);
    for (size_t i = 0; i < outputs.size(); ++i) {
      const bool is_state = i < states_;
      outputs[i].dims = is_state ? states[i].tensor.dims : scans[i - states_].Whole();
      allocator.Allocate(i);
      const void* from = is_state ? states[i].tensor.data : scans[i - states_].bytes.data();
      if (outputs[i].Bytes() != 0) std::memcpy(outputs[i].data, from, outputs[i].Bytes());
    }
  }

 private:
  void Iterate(const TensorList& inputs, int64_t trips, uint8_t& condition, std::vector<Carried>& states,
               std::vector<Slices>& scans, RunContext& context) const {
    Body::Lease lease(body_);
    // With what may be read behind one element.
    alignas(64) uint8_t iteration_bytes[8 + kReadSlack] = {}, condition_bytes[8 + kReadSlack] = {};
    std::vector<Tensor> feeds(2);
    feeds[0].type = DataType::kInt64;
    feeds[0].data = iteration_bytes;
    feeds[1].type = DataType::kBool;
    feeds[1].data = condition_bytes;
    for (const Carried& state : states) feeds.push_back(state.tensor);
    for (size_t i = 2 + states_; i < inputs.size(); ++i) feeds.push_back(*inputs[i]);
    std::vector<Carried> next(states_);
    for (int64_t trip = 0; trip < trips && condition != 0; ++trip) {
      if (context.Abort() != nullptr && context.Abort()->load(std::memory_order_relaxed) != 0) throw Aborted{};
      std::memcpy(iteration_bytes, &trip, sizeof trip);
      condition_bytes[0] = condition;
      const std::vector<Tensor>& results = lease.Run(feeds, context);
      if (results[0].Count() != 1) {
        throw EngineError{"ERR_ENGINE_SHAPE", "Loop: expected a condition of one element, received " + results[0].dims.Text()};
      }
      condition = *results[0].As<uint8_t>();
      // A result may be the bytes of any state as they were.
      for (size_t i = 0; i < states_; ++i) next[i].Set(results[1 + i], kReadSlack);
      states.swap(next);
      for (size_t i = 0; i < states_; ++i) feeds[2 + i] = states[i].tensor;
      for (size_t i = 0; i < scans.size(); ++i) scans[i].Add(results[1 + states_ + i]);
    }
  }

  Body body_;
  const size_t states_;
};

}  // namespace

std::unique_ptr<Operator> MakeLoop(OperatorSpec& spec) {
  const auto refuse = [](const char* what) {
    throw EngineError{"ERR_ENGINE_PROGRAM", std::string("Loop: expected ") + what};
  };
  const int64_t states = spec.attributes.Int("states", -1);
  if (spec.bodies.size() != 1 || !spec.bodies[0]->IsFinished()) refuse("one finished body");
  if (spec.inputs.size() < 2 || states < 0 || static_cast<size_t>(states) > spec.inputs.size() - 2 ||
      static_cast<size_t>(states) > spec.outputs.size()) {
    refuse("a trip count, a condition and as many states as it says");
  }
  if ((spec.Has(0) && spec.inputs[0].type != DataType::kInt64) || (spec.Has(1) && spec.inputs[1].type != DataType::kBool)) {
    refuse("a trip count of int64 and a condition of bool");
  }
  const Program& body = *spec.bodies[0];
  if (body.Inputs().size() != spec.inputs.size() || body.Outputs().size() != spec.outputs.size() + 1) {
    refuse("a body with an input for each of its own and an output more");
  }
  const auto type_of = [&](Program::ValueId value) { return body.Values()[value].type; };
  if (type_of(body.Inputs()[0]) != DataType::kInt64 || type_of(body.Inputs()[1]) != DataType::kBool ||
      type_of(body.Outputs()[0]) != DataType::kBool) {
    refuse("a body that takes an int64 and a bool and gives a bool");
  }
  for (size_t i = 2; i < spec.inputs.size(); ++i) {
    if (!spec.inputs[i].present || type_of(body.Inputs()[i]) != spec.inputs[i].type) refuse("a body of its types");
  }
  for (size_t i = 0; i < spec.outputs.size(); ++i) {
    if (type_of(body.Outputs()[i + 1]) != spec.outputs[i]) refuse("a body that gives its types");
    if (i < static_cast<size_t>(states) && spec.outputs[i] != spec.inputs[2 + i].type) refuse("states of one type");
  }
  return std::make_unique<LoopOperator>(spec.bodies[0], static_cast<size_t>(states));
}

}  // namespace gossamer
