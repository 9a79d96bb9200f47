// One step of a compiled program. An operator is made once, packs its constants, and then runs any number of times, for
// any sizes of its inputs, from several executions at the same time: Shape and Run change nothing in it.
#pragma once
#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engine/tensor.h"
#include "engine/thread_pool.h"

namespace gossamer {

// Attributes by name, as the compiler in TypeScript resolved them: defaults filled in, axes as in the model.
class Attributes {
 public:
  void SetNumbers(std::string name, std::vector<double> values);
  void SetText(std::string name, std::string value);
  bool Has(const char* name) const;
  // Throw EngineError (ERR_ENGINE_PROGRAM) when the attribute is there with another kind or not a whole number.
  int64_t Int(const char* name, int64_t otherwise) const;
  float Float(const char* name, float otherwise) const;
  std::string Text(const char* name, const char* otherwise) const;
  std::vector<int64_t> Ints(const char* name) const;    // empty where absent
  std::vector<float> Floats(const char* name) const;    // empty where absent

 private:
  struct Entry {
    std::string name;
    std::vector<double> numbers;
    std::string text;
    bool is_text;
  };
  const Entry* Find(const char* name) const;
  std::vector<Entry> entries_;
};

// What an operator is made from. An input that is left out has present == false; one that is constant has its tensor,
// which lives as long as the program unless Release is called.
struct OperatorInput {
  bool present = false;
  DataType type = DataType::kFloat32;
  const Tensor* constant = nullptr;
};
class Program;
struct OperatorSpec {
  std::string type;
  std::vector<std::shared_ptr<const Program>> bodies;  // of control flow; finished
  Attributes attributes;
  std::vector<OperatorInput> inputs;
  std::vector<DataType> outputs;
  // Set [i] when the operator keeps its own packed copy of constant input i: the program then frees it, if nobody else
  // reads it. Run then sees its dims and type, with data == nullptr.
  std::vector<bool> released;

  const Tensor* Constant(size_t i) const { return i < inputs.size() ? inputs[i].constant : nullptr; }
  bool Has(size_t i) const { return i < inputs.size() && inputs[i].present; }
};

// The inputs of one run: null where one is left out.
using TensorList = std::vector<const Tensor*>;

// What a run may use: the pool, the flag that stops it, scratch memory.
class RunContext {
 public:
  virtual ~RunContext() = default;
  // For a run inside this one (the body of a loop); null: never stops.
  virtual AbortFlag Abort() const { return nullptr; }
  // Calls body(0) .. body(tiles - 1) on the session's threads. Throws Aborted when the run is to stop.
  virtual void Parallel(size_t tiles, const std::function<void(size_t)>& body) = 0;
  virtual unsigned Threads() const = 0;
  // Memory for this run of this operator, aligned to 64 bytes and not cleared, readable kReadSlack bytes past its end.
  // Every call gives another piece.
  virtual void* Scratch(size_t bytes) = 0;
};

// Memory for outputs whose sizes are only known while an operator runs.
class OutputAllocator {
 public:
  virtual ~OutputAllocator() = default;
  // Gives outputs[index] of RunAllocating its data, by the dims that it has now. Once for each output.
  virtual void Allocate(size_t index) = 0;
};

// Thrown through an operator when its run is to stop.
struct Aborted {};

struct Carried;

class Operator {
 public:
  virtual ~Operator() = default;

  // Sets dims of every output (their types are set) from the inputs as they are in this run; their data may be read.
  // Throws EngineError where the inputs do not fit: whatever the inputs, Run must then stay inside all buffers.
  virtual void Shape(const TensorList& inputs, std::vector<Tensor>& outputs) const = 0;

  // Computes the outputs. An output is never the buffer of an input, but for InPlace and View. Large work goes through
  // context.Parallel in tiles of roughly 50 microseconds, so that threads share it and a run can be stopped.
  virtual void Run(const TensorList& inputs, const std::vector<Tensor>& outputs, RunContext& context) const = 0;

  // Where Shape would have to do the work: true, and RunAllocating is called instead of Shape and Run. It sets the dims of
  // each output and asks for its memory before it writes there.
  virtual bool Allocates() const { return false; }
  virtual void RunAllocating(const TensorList& inputs, std::vector<Tensor>& outputs, OutputAllocator& allocator,
                             RunContext& context) const {}

  // Input whose buffer output 0 may take over when nobody else reads it and the bytes are as many; -1: none.
  virtual int InPlace() const { return -1; }
  // Input that output 0 is another name for, with other dims; Run is not called. -1: none.
  virtual int View() const { return -1; }
  // Bytes behind the elements of input i that Run writes (at most kReadSlack is always readable); 0: none.
  virtual size_t WritesSlack(size_t input) const { return 0; }
  // Input i may be a value with room behind its rows (Tensor::pitch): Run goes by Tensor::Stride.
  virtual bool ReadsPitched(size_t input) const { return false; }
  // Output 0 is input 0 with the other inputs behind it: RunAppending may be called instead of Run, with the value that
  // input 0 is, to write them there (Append in engine/carried.h) and give the result its data and pitch.
  virtual bool Appends() const { return false; }
  virtual void RunAppending(const TensorList& inputs, Tensor& output, Carried& value, RunContext& context) const {}
  // Whether Run reads nothing but the elements of input i, at addresses aligned for one element: neither bytes behind them,
  // nor anything that Shape has found to be safe to use. What a caller feeds is then read where it lies.
  virtual bool ReadsOnlyElements(size_t input) const { return false; }
  // Whether memory would be at risk if elements of input i changed after Shape or while Run lasts, because sizes or
  // offsets follow from them more than once. Asked of floating-point inputs only: others are always taken for such.
  // What a caller feeds in memory like the engine's (Program::Value::may_be_foreign) is then copied all the same.
  virtual bool TrustsValues(size_t input) const { return false; }
  // One line for reports: the kernel and format chosen, and why. Empty: nothing to say.
  virtual std::string Note() const { return ""; }
  // Bytes of packed constants.
  virtual size_t PackedBytes() const { return 0; }
};

// Makes an operator or throws EngineError (ERR_ENGINE_PROGRAM, ERR_ENGINE_SHAPE, ERR_ENGINE_TYPE).
using OperatorFactory = std::unique_ptr<Operator>(OperatorSpec& spec);

// The factory of operators of this type, or null. One line each in engine/registry.cc.
OperatorFactory* FindOperator(const std::string& type);

}  // namespace gossamer
