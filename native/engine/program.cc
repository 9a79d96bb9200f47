#include "engine/program.h"

#include <algorithm>
#include <cstring>

#include "kernels/linear.h"

namespace gossamer {
namespace {

// Bodies within bodies: each level is on the stack of a run.
constexpr size_t kMostDepth = 64;

[[noreturn]] void Refuse(const std::string& message) { throw EngineError{"ERR_ENGINE_PROGRAM", message}; }

bool IsFloat(DataType type) {
  return type == DataType::kFloat32 || type == DataType::kFloat64 || type == DataType::kFloat16 ||
         type == DataType::kBfloat16;
}

// Weights without elements still have outputs, each of which costs memory where they are packed.
void RequireBounded(const Dims& dims) {
  constexpr size_t kMost = 1 << 20;
  if (dims.Count() != 0) return;
  size_t others = 1;  // fits, as dims do
  for (size_t i = 0; i < dims.Rank(); ++i) others *= dims[i] == 0 ? 1 : static_cast<size_t>(dims[i]);
  if (others <= kMost) return;
  throw EngineError{"ERR_ENGINE_SHAPE",
                    "constant: expected at most 2^20 for the product of axes beside one of 0, received " + dims.Text()};
}

}  // namespace

void Program::RequireOpen() const {
  if (is_finished_) Refuse("program: expected one that is being built, received a finished one");
}

void Program::RequireValue(ptrdiff_t value) const {
  if (value < 0 || static_cast<size_t>(value) >= values_.size()) {
    Refuse("value: expected one of " + std::to_string(values_.size()) + ", received " + std::to_string(value));
  }
}

Program::ValueId Program::AddInput(DataType type) {
  RequireOpen();
  Value value;
  value.type = type;
  value.source = Source::kInput;
  values_.push_back(std::move(value));
  inputs_.push_back(values_.size() - 1);
  return values_.size() - 1;
}

Program::ValueId Program::AddConstant(DataType type, const Dims& dims, const void* bytes, size_t readers) {
  RequireOpen();
  RequireBounded(dims);
  Value value;
  value.type = type;
  value.source = Source::kConstant;
  value.constant.type = type;
  value.constant.dims = dims;
  const size_t size = value.constant.Bytes();
  value.storage = NewBuffer(size + kReadSlack);
  value.constant.data = value.storage.get();
  if (size != 0) std::memcpy(value.constant.data, bytes, size);
  std::memset(static_cast<uint8_t*>(value.constant.data) + size, 0, kReadSlack);
  value.readers_left = readers;
  values_.push_back(std::move(value));
  return values_.size() - 1;
}

Program::ValueId Program::AddOperator(const std::string& type, const std::vector<ptrdiff_t>& inputs,
                                      const std::vector<DataType>& outputs, Attributes attributes,
                                      std::vector<std::shared_ptr<const Program>> bodies) {
  RequireOpen();
  OperatorFactory* make = FindOperator(type);
  if (make == nullptr) Refuse("operator: expected a type the engine has, received " + type);
  if (outputs.empty()) Refuse(type + ": expected an output, received none");
  size_t depth = 0;
  for (const auto& body : bodies) depth = std::max(depth, body->depth_ + 1);
  if (depth > kMostDepth) Refuse(type + ": expected at most " + std::to_string(kMostDepth) + " bodies within each other");
  OperatorSpec spec;
  spec.type = type;
  spec.attributes = std::move(attributes);
  spec.bodies = std::move(bodies);
  spec.outputs = outputs;
  spec.inputs.resize(inputs.size());
  spec.released.assign(inputs.size(), false);
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (inputs[i] == kNone) continue;
    RequireValue(inputs[i]);
    const Value& value = values_[static_cast<size_t>(inputs[i])];
    spec.inputs[i].present = true;
    spec.inputs[i].type = value.type;
    if (value.source != Source::kConstant) continue;
    if (value.constant.data == nullptr) Refuse(type + ": expected a constant that is still there, received one let go");
    spec.inputs[i].constant = &value.constant;
  }
  Step step;
  step.type = type;
  step.op = make(spec);
  step.inputs = inputs;
  // All that are kept first: one constant may be several inputs.
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (inputs[i] != kNone && !spec.released[i]) ++values_[static_cast<size_t>(inputs[i])].kept;
  }
  for (ptrdiff_t input : inputs) {
    if (input == kNone) continue;
    Value& value = values_[static_cast<size_t>(input)];
    if (value.source != Source::kConstant) continue;
    if (value.readers_left > 0 && --value.readers_left == 0 && value.kept == 0) {
      value.storage.reset();
      value.constant.data = nullptr;
    }
  }
  for (DataType output : outputs) {
    Value value;
    value.type = output;
    step.outputs.push_back(values_.size());
    values_.push_back(std::move(value));
  }
  steps_.push_back(std::move(step));
  depth_ = std::max(depth_, depth);
  return steps_.back().outputs[0];
}

void Program::LinkState(size_t input, size_t output) {
  RequireOpen();
  state_links_.push_back({input, output, false});
}

void Program::CheckState() const {
  for (const StateLink& link : state_links_) {
    if (link.input >= inputs_.size() || link.output >= outputs_.size()) {
      Refuse("state: expected positions of an input and an output");
    }
    if (values_[inputs_[link.input]].type != values_[outputs_[link.output]].type) {
      Refuse("state: expected an input and an output of one type");
    }
    size_t uses = 0;
    for (const StateLink& other : state_links_) uses += other.input == link.input;
    if (uses != 1) Refuse("state: expected each input once");
  }
}

void Program::Finish(std::vector<ValueId> outputs) {
  RequireOpen();
  for (ValueId output : outputs) {
    RequireValue(static_cast<ptrdiff_t>(output));
    Value& value = values_[output];
    if (value.source == Source::kConstant && value.constant.data == nullptr) {
      Refuse("outputs: expected a constant that is still there, received one let go");
    }
    ++value.kept;
  }
  outputs_ = std::move(outputs);
  for (Value& value : values_) {
    if (value.source == Source::kConstant && value.kept == 0) {
      value.storage.reset();
      value.constant.data = nullptr;
    }
  }
  CheckState();
  FindViews();
  FindBorrowed();
  FindForeign();
  FindLifetimes();
  FindSlack();
  FindGrowing();
  is_finished_ = true;
}

void Program::FindViews() {
  for (size_t i = 0; i < values_.size(); ++i) values_[i].root = i;
  for (const Step& step : steps_) {
    const int view = step.op->View();
    if (view < 0) continue;
    const ptrdiff_t input = static_cast<size_t>(view) < step.inputs.size() ? step.inputs[static_cast<size_t>(view)] : kNone;
    if (input == kNone) Refuse(step.type + ": expected the input that its output is a view of, received none");
    values_[step.outputs[0]].root = values_[static_cast<size_t>(input)].root;
  }
}

void Program::FindBorrowed() {
  for (ValueId input : inputs_) values_[input].is_borrowed = borrows_inputs_ || IsReadByElement(input);
  for (const StateLink& link : state_links_) values_[inputs_[link.input]].is_borrowed = true;
  for (const Step& step : steps_) {
    for (size_t i = 0; i < step.inputs.size(); ++i) {
      if (step.inputs[i] == kNone || step.op->WritesSlack(i) == 0) continue;
      values_[values_[static_cast<size_t>(step.inputs[i])].root].is_borrowed = false;
    }
  }
}

bool Program::IsReadByElement(ValueId root) const {
  for (ValueId output : outputs_) {
    if (values_[output].root == root) return false;
  }
  for (const Step& step : steps_) {
    for (size_t i = 0; i < step.inputs.size(); ++i) {
      const bool is_viewed = step.op->View() == static_cast<int>(i);  // its readers read the same root
      if (is_viewed || step.inputs[i] == kNone || values_[static_cast<size_t>(step.inputs[i])].root != root) continue;
      if (!step.op->ReadsOnlyElements(i)) return false;
    }
  }
  return true;
}

void Program::FindForeign() {
  for (Value& value : values_) value.may_be_foreign = value.source != Source::kConstant;
  for (const Step& step : steps_) {
    for (size_t i = 0; i < step.inputs.size(); ++i) {
      if (step.inputs[i] == kNone || step.op->View() == static_cast<int>(i)) continue;
      const Value& read = values_[static_cast<size_t>(step.inputs[i])];
      const bool is_safe = IsFloat(read.type) && !step.op->TrustsValues(i) && !step.op->Allocates();
      if (!is_safe || step.op->WritesSlack(i) != 0) values_[read.root].may_be_foreign = false;
    }
  }
}

void Program::FindLifetimes() {
  constexpr size_t kForever = static_cast<size_t>(-1);
  std::vector<size_t> last(values_.size(), 0);
  for (size_t s = 0; s < steps_.size(); ++s) {
    for (ptrdiff_t input : steps_[s].inputs) {
      if (input != kNone) last[values_[static_cast<size_t>(input)].root] = s;
    }
    for (ValueId output : steps_[s].outputs) last[values_[output].root] = std::max(last[values_[output].root], s);
  }
  for (ValueId output : outputs_) last[values_[output].root] = kForever;
  for (size_t i = 0; i < values_.size(); ++i) {
    const Value& value = values_[i];
    if (value.root != i || value.source == Source::kConstant || last[i] == kForever || steps_.empty()) continue;
    steps_[last[i]].expire.push_back(i);
  }
  for (size_t s = 0; s < steps_.size(); ++s) {
    Step& step = steps_[s];
    const int input = step.op->InPlace();
    if (input < 0 || step.op->View() >= 0 || static_cast<size_t>(input) >= step.inputs.size()) continue;
    const ptrdiff_t value = step.inputs[static_cast<size_t>(input)];
    if (value == kNone) continue;
    const size_t root = values_[static_cast<size_t>(value)].root;
    if (values_[root].source == Source::kConstant || values_[root].is_borrowed || last[root] != s) continue;
    // Another input that reads the same bytes would see them change.
    size_t uses = 0;
    for (ptrdiff_t other : step.inputs) uses += other != kNone && values_[static_cast<size_t>(other)].root == root;
    if (uses == 1) step.in_place = input;
  }
}

void Program::FindSlack() {
  for (Value& value : values_) value.slack = kReadSlack;
  // Operators may write behind a state where it is borrowed; it is made by what gives it, possibly in place.
  for (const StateLink& link : state_links_) {
    Value& given = values_[values_[outputs_[link.output]].root];
    given.slack = std::max(given.slack, values_[inputs_[link.input]].slack);
  }
  // Backwards, because an output that takes over a buffer passes its wishes on.
  for (size_t s = steps_.size(); s-- > 0;) {
    const Step& step = steps_[s];
    for (size_t i = 0; i < step.inputs.size(); ++i) {
      if (step.inputs[i] == kNone) continue;
      Value& root = values_[values_[static_cast<size_t>(step.inputs[i])].root];
      root.slack = std::max(root.slack, step.op->WritesSlack(i) + kReadSlack);
    }
    if (step.in_place < 0) continue;
    Value& taken = values_[values_[static_cast<size_t>(step.inputs[static_cast<size_t>(step.in_place)])].root];
    taken.slack = std::max(taken.slack, values_[step.outputs[0]].slack);
  }
}

// A cache: what a state was with more behind it is what it becomes, and whoever reads either minds no gaps.
bool Program::MayGrow(const StateLink& link, const Step& step) const {
  const ValueId past = inputs_[link.input], present = outputs_[link.output];
  if (!step.op->Appends() || step.outputs[0] != present || step.inputs[0] != static_cast<ptrdiff_t>(past)) return false;
  if (!values_[past].is_borrowed) return false;
  for (const Step& reader : steps_) {
    for (size_t i = 0; i < reader.inputs.size(); ++i) {
      const ptrdiff_t read = reader.inputs[i];
      if (read != static_cast<ptrdiff_t>(past) && read != static_cast<ptrdiff_t>(present)) continue;
      const bool is_past = &reader == &step && i == 0;
      if (!is_past && !reader.op->ReadsPitched(i)) return false;
    }
  }
  for (ValueId output : outputs_) {
    if (output == past) return false;
  }
  size_t uses = 0;
  for (const StateLink& other : state_links_) uses += outputs_[other.output] == present;
  return uses == 1;
}

void Program::FindGrowing() {
  for (size_t link = 0; link < state_links_.size(); ++link) {
    for (Step& step : steps_) {
      if (!MayGrow(state_links_[link], step)) continue;
      step.grows = static_cast<ptrdiff_t>(link);
      state_links_[link].grows = true;
    }
  }
}

size_t Program::ConstantBytes() const {
  size_t bytes = 0;
  for (const Value& value : values_) bytes += value.storage ? value.constant.Bytes() : 0;
  for (const Step& step : steps_) bytes += step.op->PackedBytes();
  return bytes;
}

}  // namespace gossamer
