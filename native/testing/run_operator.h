// Runs one operator of the engine by itself, for its tests: inputs and outputs in guarded memory, on one thread and on
// several, in place where it says it can.
#pragma once
#include <cstring>
#include <functional>
#include <initializer_list>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "engine/operator.h"
#include "kernels/linear.h"
#include "testing/guarded.h"

namespace gossamer {

template <class T>
constexpr DataType DataTypeOf() {
  if (std::is_same_v<T, float>) return DataType::kFloat32;
  if (std::is_same_v<T, double>) return DataType::kFloat64;
  if (std::is_same_v<T, uint8_t>) return DataType::kUint8;
  if (std::is_same_v<T, int8_t>) return DataType::kInt8;
  if (std::is_same_v<T, int16_t>) return DataType::kInt16;
  if (std::is_same_v<T, uint16_t>) return DataType::kUint16;
  if (std::is_same_v<T, int32_t>) return DataType::kInt32;
  if (std::is_same_v<T, uint32_t>) return DataType::kUint32;
  if (std::is_same_v<T, int64_t>) return DataType::kInt64;
  if (std::is_same_v<T, uint64_t>) return DataType::kUint64;
  return DataType::kBool;
}

// A tensor that owns its elements. Bools and halves: Value(DataType::kBool, dims, std::vector<uint8_t>{...}).
struct Value {
  DataType type = DataType::kFloat32;
  Dims dims;
  std::vector<uint8_t> bytes;

  Value() = default;
  template <class T>
  Value(DataType type, Dims dims, const std::vector<T>& elements)
      : type(type), dims(dims), bytes(elements.size() * sizeof(T)) {
    if (elements.size() != dims.Count() || sizeof(T) != ElementSize(type)) {
      throw std::logic_error("Value: expected as many elements as dims say, each as large as the type");
    }
    if (!elements.empty()) std::memcpy(bytes.data(), elements.data(), bytes.size());
  }
  // The type is that of the elements.
  template <class T>
  Value(Dims dims, const std::vector<T>& elements) : Value(DataTypeOf<T>(), dims, elements) {}

  template <class T>
  std::vector<T> To() const {
    std::vector<T> elements(bytes.size() / sizeof(T));
    if (!elements.empty()) std::memcpy(elements.data(), bytes.data(), bytes.size());
    return elements;
  }
};

// An input: a value, a constant, or left out.
struct Argument {
  Value value;
  bool present = true, constant = false;

  Argument(Value value) : value(std::move(value)) {}
  static Argument Constant(Value value) {
    Argument argument(std::move(value));
    argument.constant = true;
    return argument;
  }
  static Argument None() {
    Argument argument{Value()};
    argument.present = false;
    return argument;
  }
};

struct AttributeValue {
  std::vector<double> numbers;
  std::string text;
  bool is_text = false;

  template <class T, class = std::enable_if_t<std::is_arithmetic_v<T>>>
  AttributeValue(T number) : numbers{static_cast<double>(number)} {}
  AttributeValue(std::vector<double> numbers) : numbers(std::move(numbers)) {}
  AttributeValue(const char* text) : text(text), is_text(true) {}
};

// MakeAttributes({{"axis", 1}, {"pads", std::vector<double>{0, 0}}, {"activation", "gelu"}})
inline Attributes MakeAttributes(std::initializer_list<std::pair<const char*, AttributeValue>> list) {
  Attributes attributes;
  for (const auto& [name, value] : list) {
    if (value.is_text) {
      attributes.SetText(name, value.text);
    } else {
      attributes.SetNumbers(name, value.numbers);
    }
  }
  return attributes;
}

// A piece of memory as the engine gives it: aligned to 64, kReadSlack bytes behind that may be read, then a page that
// may not be touched. Filled with a pattern, not cleared.
class EngineMemory {
 public:
  static constexpr uint8_t kPattern = 0xa5;

  // written: of the slack, by an operator that asks for it (Operator::WritesSlack).
  explicit EngineMemory(size_t bytes, size_t written = 0)
      : bytes_(bytes), memory_((bytes + written + 63) / 64 * 64 + kReadSlack, Edge::kBack) {
    std::memset(memory_.data(), kPattern, memory_.size());
  }
  uint8_t* data() { return memory_.data(); }
  // Whether what lies behind the first `allowed` bytes of slack is as it was.
  bool SlackUntouched(size_t allowed) {
    for (size_t i = bytes_ + allowed; i < memory_.size(); ++i) {
      if (memory_.data()[i] != kPattern) return false;
    }
    return true;
  }

 private:
  size_t bytes_;
  Guarded<uint8_t> memory_;
};

// Tiles run last first: on the caller, or on the pool when there is to be more than one thread.
class TestContext : public RunContext {
 public:
  explicit TestContext(unsigned threads) : threads_(threads) {}
  void Parallel(size_t tiles, const std::function<void(size_t)>& body) override {
    if (threads_ > 1) {
      ThreadPool::Process().ParallelFor(tiles, nullptr, [&](size_t i) { body(tiles - 1 - i); });
    } else {
      for (size_t i = tiles; i-- > 0;) body(i);
    }
  }
  unsigned Threads() const override { return threads_; }
  void* Scratch(size_t bytes) override {
    const std::lock_guard<std::mutex> lock(mutex_);
    scratch_.push_back(std::make_unique<EngineMemory>(bytes));
    return scratch_.back()->data();
  }
  bool SlackUntouched() {
    for (auto& memory : scratch_) {
      if (!memory->SlackUntouched(kReadSlack)) return false;
    }
    return true;
  }

 private:
  unsigned threads_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<EngineMemory>> scratch_;
};

// An operator that is made once and run several times. Breaking a rule of engine/operator.h (writing into an input or
// behind an output, other results with more threads or in place) throws std::logic_error, which fails the test.
class OperatorRunner {
 public:
  OperatorRunner(const char* type, Attributes attributes, const std::vector<Argument>& arguments,
                 const std::vector<DataType>& outputs)
      : types_(outputs), constants_(arguments.size()), constant_tensors_(arguments.size()) {
    OperatorFactory* make = FindOperator(type);
    if (make == nullptr) throw std::logic_error(std::string(type) + ": expected an operator in engine/registry.cc");
    OperatorSpec spec;
    spec.type = type;
    spec.attributes = std::move(attributes);
    spec.outputs = outputs;
    spec.released.assign(arguments.size(), false);
    for (size_t i = 0; i < arguments.size(); ++i) {
      const Argument& argument = arguments[i];
      OperatorInput input;
      input.present = argument.present;
      input.type = argument.value.type;
      if (argument.present && argument.constant) {
        constants_[i] = Place(argument.value, &constant_tensors_[i]);
        input.constant = &constant_tensors_[i];
      }
      spec.inputs.push_back(input);
    }
    operator_ = make(spec);
    for (size_t i = 0; i < arguments.size(); ++i) {
      if (i < spec.released.size() && spec.released[i]) constant_tensors_[i].data = nullptr;
    }
  }

  const Operator& Get() const { return *operator_; }

  std::vector<Value> Run(const std::vector<Argument>& arguments) {
    const std::vector<Value> values = RunOnce(arguments, 1, false);
    const std::vector<Value> again = RunOnce(arguments, 3, false);
    if (!Same(values, again)) throw std::logic_error("expected the same bytes with more threads");
    const int in_place = operator_->InPlace();
    if (in_place >= 0 && static_cast<size_t>(in_place) < arguments.size() && !arguments[in_place].constant &&
        arguments[in_place].present && arguments[in_place].value.bytes.size() == values[0].bytes.size()) {
      if (!Same(values, RunOnce(arguments, 1, true))) throw std::logic_error("expected the same bytes in place");
    }
    return values;
  }

 private:
  static std::unique_ptr<EngineMemory> Place(const Value& value, Tensor* tensor, size_t written = 0) {
    auto memory = std::make_unique<EngineMemory>(value.bytes.size(), written);
    if (!value.bytes.empty()) std::memcpy(memory->data(), value.bytes.data(), value.bytes.size());
    *tensor = {value.type, value.dims, memory->data()};
    return memory;
  }
  static bool Same(const std::vector<Value>& a, const std::vector<Value>& b) {
    for (size_t i = 0; i < a.size(); ++i) {
      if (a[i].dims != b[i].dims || a[i].bytes != b[i].bytes) return false;
    }
    return a.size() == b.size();
  }

  std::vector<Value> RunOnce(const std::vector<Argument>& arguments, unsigned threads, bool in_place) {
    std::vector<std::unique_ptr<EngineMemory>> memory(arguments.size());
    std::vector<Tensor> tensors(arguments.size());
    TensorList inputs(arguments.size(), nullptr);
    for (size_t i = 0; i < arguments.size(); ++i) {
      if (!arguments[i].present) continue;
      inputs[i] = &tensors[i];
      if (arguments[i].constant) {
        inputs[i] = &constant_tensors_[i];
      } else {
        memory[i] = Place(arguments[i].value, &tensors[i], operator_->WritesSlack(i));
      }
    }
    std::vector<Tensor> outputs(types_.size());
    for (size_t i = 0; i < types_.size(); ++i) outputs[i].type = types_[i];
    operator_->Shape(inputs, outputs);
    std::vector<std::unique_ptr<EngineMemory>> results;
    for (Tensor& output : outputs) {
      results.push_back(std::make_unique<EngineMemory>(output.Bytes()));
      output.data = results.back()->data();
    }
    if (in_place) outputs[0].data = inputs[operator_->InPlace()]->data;
    if (operator_->View() >= 0) {
      const Tensor& viewed = *inputs[operator_->View()];
      if (viewed.Bytes() != outputs[0].Bytes()) throw std::logic_error("expected a view of as many bytes");
      if (viewed.Bytes() > 0) std::memcpy(outputs[0].data, viewed.data, viewed.Bytes());
    } else {
      TestContext context(threads);
      operator_->Run(inputs, outputs, context);
      if (!context.SlackUntouched()) throw std::logic_error("expected nothing written behind scratch memory");
    }
    for (size_t i = 0; i < arguments.size(); ++i) {
      if (memory[i] == nullptr) continue;
      const std::vector<uint8_t>& bytes = arguments[i].value.bytes;
      const bool taken = in_place && static_cast<int>(i) == operator_->InPlace();
      if (!taken && !bytes.empty() && std::memcmp(memory[i]->data(), bytes.data(), bytes.size()) != 0) {
        throw std::logic_error("expected inputs to stay as they are");
      }
      if (!memory[i]->SlackUntouched(operator_->WritesSlack(i))) {
        throw std::logic_error("expected nothing written behind an input");
      }
    }
    std::vector<Value> values;
    for (size_t i = 0; i < outputs.size(); ++i) {
      if (!results[i]->SlackUntouched(0)) throw std::logic_error("expected nothing written behind an output");
      const uint8_t* data = outputs[i].As<uint8_t>();
      Value value;
      value.type = outputs[i].type;
      value.dims = outputs[i].dims;
      value.bytes.assign(data, data + outputs[i].Bytes());
      values.push_back(std::move(value));
    }
    return values;
  }

  std::vector<DataType> types_;
  std::vector<std::unique_ptr<EngineMemory>> constants_;
  std::vector<Tensor> constant_tensors_;
  std::unique_ptr<Operator> operator_;
};

// Makes the operator and runs it on its arguments.
inline std::vector<Value> RunOperator(const char* type, Attributes attributes, const std::vector<Argument>& arguments,
                                      const std::vector<DataType>& outputs) {
  return OperatorRunner(type, std::move(attributes), arguments, outputs).Run(arguments);
}

}  // namespace gossamer
