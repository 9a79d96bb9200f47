#include "engine/execution.h"

#include <algorithm>
#include <chrono>
#include <cstring>

#include "kernels/linear.h"

namespace gossamer {

// Scratch pieces are kept from step to step and from run to run; each serves the n-th call of any step.
class Execution::Context : public RunContext {
 public:
  void Begin(const RunOptions& options) { options_ = options; }
  void BeginStep() { pieces_used_ = 0; }

  void Parallel(size_t tiles, const std::function<void(size_t)>& body) override {
    if (!ThreadPool::Process().ParallelFor(tiles, options_.abort, body, options_.threads)) throw Aborted{};
  }
  unsigned Threads() const override {
    const unsigned all = ThreadPool::Process().Threads();
    return options_.threads == 0 ? all : std::min(all, options_.threads);
  }
  AbortFlag Abort() const override { return options_.abort; }
  // The value that the step appends to; null: none.
  Carried* Growing(const Program::Step& step) const {
    if (step.grows == Program::kNone || options_.carried == nullptr) return nullptr;
    return (*options_.carried)[static_cast<size_t>(step.grows)];
  }
  void* Scratch(size_t bytes) override {
    if (pieces_used_ == pieces_.size()) pieces_.emplace_back();
    Piece& piece = pieces_[pieces_used_++];
    if (piece.bytes < bytes + kReadSlack) {
      piece.buffer.reset();
      piece.bytes = 0;
      piece.buffer = NewBuffer(bytes + kReadSlack);
      piece.bytes = bytes + kReadSlack;
    }
    return piece.buffer.get();
  }
  size_t Bytes() const {
    size_t bytes = 0;
    for (const Piece& piece : pieces_) bytes += piece.bytes;
    return bytes;
  }

 private:
  struct Piece {
    Buffer buffer;
    size_t bytes = 0;
  };
  RunOptions options_;
  std::vector<Piece> pieces_;
  size_t pieces_used_ = 0;
};

class Execution::Allocator : public OutputAllocator {
 public:
  Allocator(Execution& execution, size_t step) : execution_(execution), step_(step) {}
  void Allocate(size_t index) override { execution_.PlaceOutput(step_, index); }

 private:
  Execution& execution_;
  const size_t step_;
};

Execution::Execution(const Program& program)
    : program_(program), tensors_(program.Values().size()), context_(std::make_unique<Context>()) {
  const std::vector<Program::Value>& values = program.Values();
  for (size_t i = 0; i < values.size(); ++i) {
    tensors_[i].type = values[i].type;
    if (values[i].source != Program::Source::kConstant) continue;
    tensors_[i] = values[i].constant;
    // Operators may write behind it, also under the name of a view.
    if (values[i].slack <= kReadSlack || tensors_[i].data == nullptr) continue;
    const size_t bytes = tensors_[i].Bytes();
    constant_copies_.push_back(NewBuffer(bytes + values[i].slack));
    if (bytes != 0) std::memcpy(constant_copies_.back().get(), tensors_[i].data, bytes);
    tensors_[i].data = constant_copies_.back().get();
  }
}

Execution::~Execution() = default;

// Which inputs and outputs lie in foreign memory in this run, as numbers that are the same for the same ones.
std::vector<int64_t> Execution::BeginForeign(const RunOptions& options) {
  const std::vector<Program::Value>& values = program_.Values();
  const std::vector<Program::ValueId>&inputs = program_.Inputs(), &outputs = program_.Outputs();
  std::vector<int64_t> key;
  stays_.assign(values.size(), false);
  for (size_t i = 0; options.foreign_inputs != nullptr && i < inputs.size(); ++i) {
    if (!(*options.foreign_inputs)[i] || !values[inputs[i]].may_be_foreign) continue;
    stays_[inputs[i]] = true;
    key.push_back(-1 - static_cast<int64_t>(i));
  }
  destinations_.clear();
  for (size_t i = 0; options.destinations != nullptr && i < outputs.size(); ++i) {
    const Foreign& destination = (*options.destinations)[i];
    const size_t root = values[outputs[i]].root;
    if (destination.data == nullptr || !values[root].may_be_foreign) continue;
    if (values[root].source != Program::Source::kComputed) continue;
    destinations_.resize(values.size());
    if (destinations_[root].data != nullptr) continue;  // the first of two that are one value
    destinations_[root] = destination;
    key.push_back(-1 - static_cast<int64_t>(inputs.size() + i));
  }
  return key;
}

void Execution::TakeInputs(const std::vector<Tensor>& inputs, const RunOptions& options) {
  const std::vector<Program::ValueId>& ids = program_.Inputs();
  if (inputs.size() != ids.size()) {
    throw EngineError{"ERR_ENGINE_FEEDS", "inputs: expected " + std::to_string(ids.size()) + ", received " +
                                              std::to_string(inputs.size())};
  }
  std::vector<int64_t> key = BeginForeign(options);
  for (size_t i = 0; i < ids.size(); ++i) {
    if (inputs[i].type != tensors_[ids[i]].type) {
      throw EngineError{"ERR_ENGINE_FEEDS", "input " + std::to_string(i) + ": expected " +
                                                DataTypeName(tensors_[ids[i]].type) + ", received " +
                                                DataTypeName(inputs[i].type)};
    }
    key.push_back(static_cast<int64_t>(inputs[i].dims.Rank()));
    for (size_t axis = 0; axis < inputs[i].dims.Rank(); ++axis) key.push_back(inputs[i].dims[axis]);
  }
  memory_.Begin(key, program_.Values().size());
  for (size_t i = 0; i < ids.size(); ++i) {
    Tensor& tensor = tensors_[ids[i]];
    tensor.dims = inputs[i].dims;
    const bool is_aligned = reinterpret_cast<uintptr_t>(inputs[i].data) % ElementSize(tensor.type) == 0;
    if (stays_[ids[i]] || (program_.Values()[ids[i]].is_borrowed && is_aligned)) {
      tensor = inputs[i];
      continue;
    }
    const size_t bytes = tensor.Bytes();
    tensor.data = memory_.Take(ids[i], bytes + program_.Values()[ids[i]].slack, 0);
    if (bytes != 0) std::memcpy(tensor.data, inputs[i].data, bytes);
  }
}

bool Execution::Run(const std::vector<Tensor>& inputs, const RunOptions& options, std::vector<Tensor>* outputs) {
  context_->Begin(options);
  TakeInputs(inputs, options);
  try {
    for (size_t i = 0; i < program_.Steps().size(); ++i) {
      if (options.abort != nullptr && options.abort->load(std::memory_order_relaxed) != 0) throw Aborted{};
      if (options.nanoseconds == nullptr) {
        RunStep(i, *context_);
        continue;
      }
      const auto begin = std::chrono::steady_clock::now();
      RunStep(i, *context_);
      const std::chrono::duration<double, std::nano> taken = std::chrono::steady_clock::now() - begin;
      (*options.nanoseconds)[i] += taken.count();
    }
  } catch (const Aborted&) {
    memory_.End(false);
    return false;
  } catch (...) {
    memory_.End(false);
    throw;
  }
  outputs->clear();
  for (Program::ValueId id : program_.Outputs()) outputs->push_back(tensors_[id]);
  memory_.End(true);
  return true;
}

void Execution::RunStep(size_t index, Context& context) {
  const Program::Step& step = program_.Steps()[index];
  arguments_.clear();
  for (ptrdiff_t input : step.inputs) {
    arguments_.push_back(input == Program::kNone ? nullptr : &tensors_[static_cast<size_t>(input)]);
  }
  results_.clear();
  for (Program::ValueId output : step.outputs) {
    results_.emplace_back();
    results_.back().type = tensors_[output].type;
  }
  context.BeginStep();
  if (context.Growing(step) != nullptr) {
    RunAppending(step, context);
  } else if (step.op->Allocates()) {
    Allocator allocator(*this, index);
    step.op->RunAllocating(arguments_, results_, allocator, context);
  } else {
    step.op->Shape(arguments_, results_);
    for (size_t i = 0; i < results_.size(); ++i) PlaceOutput(index, i);
    // Nothing to compute is nothing to run: without elements the other axes may be so large that loops over them never end.
    const bool is_empty = std::all_of(results_.begin(), results_.end(), [](const Tensor& y) { return y.Count() == 0; });
    if (step.op->View() < 0 && !is_empty) step.op->Run(arguments_, results_, context);
  }
  for (size_t i = 0; i < step.outputs.size(); ++i) tensors_[step.outputs[i]] = results_[i];
  Expire(index);
}

void Execution::RunAppending(const Program::Step& step, Context& context) {
  Carried& value = *context.Growing(step);
  step.op->Shape(arguments_, results_);
  step.op->RunAppending(arguments_, results_[0], value, context);
  // It may have moved.
  tensors_[static_cast<size_t>(step.inputs[0])] = value.tensor;
}

void Execution::PlaceOutput(size_t index, size_t output) {
  const Program::Step& step = program_.Steps()[index];
  Tensor& result = results_[output];
  const size_t bytes = result.Bytes();
  const Program::ValueId id = step.outputs[output];
  if (output == 0 && step.op->View() >= 0) {
    const Tensor& viewed = *arguments_[static_cast<size_t>(step.op->View())];
    if (viewed.Bytes() != bytes) {
      throw EngineError{"ERR_ENGINE_SHAPE", step.type + ": expected dims of " + std::to_string(viewed.Count()) +
                                                " elements, received " + result.dims.Text()};
    }
    result.data = viewed.data;
    return;
  }
  if (!destinations_.empty() && destinations_[id].data != nullptr && destinations_[id].bytes == bytes) {
    result.data = destinations_[id].data;
    return;
  }
  if (output == 0 && step.in_place >= 0) {
    const size_t input = static_cast<size_t>(step.in_place);
    const size_t giver = program_.Values()[static_cast<size_t>(step.inputs[input])].root;
    if (!stays_[giver] && arguments_[input]->Bytes() == bytes && memory_.MayPass(giver, id)) {
      memory_.Pass(giver, id);
      result.data = arguments_[input]->data;
      return;
    }
  }
  result.data = memory_.Take(id, bytes + program_.Values()[id].slack, index);
}

void Execution::Expire(size_t index) {
  for (Program::ValueId root : program_.Steps()[index].expire) memory_.Free(root, index);
}

bool Execution::MayTakeOutput(size_t output) const {
  const std::vector<Program::Value>& values = program_.Values();
  const size_t root = values[program_.Outputs()[output]].root;
  size_t uses = 0;
  for (Program::ValueId id : program_.Outputs()) uses += values[id].root == root;
  return uses == 1 && values[root].source == Program::Source::kComputed && memory_.HasBlock(root);
}

void Execution::TakeOutput(size_t output, Buffer* buffer, size_t* bytes) {
  memory_.Exchange(program_.Values()[program_.Outputs()[output]].root, buffer, bytes);
}

size_t Execution::BufferBytes() const { return memory_.Bytes() + context_->Bytes(); }

}  // namespace gossamer
