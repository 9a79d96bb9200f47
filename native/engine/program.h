// A compiled model: operators in the order in which they run, and their constants. Built once by calls in that order;
// after Finish nothing in it changes, and any number of executions run it at the same time.
#pragma once
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "engine/buffer.h"
#include "engine/operator.h"
#include "engine/tensor.h"

namespace gossamer {

class Program {
 public:
  using ValueId = size_t;
  static constexpr ptrdiff_t kNone = -1;  // an input of an operator that is left out

  // For the body of an operator: its inputs lie in memory of the engine and are read there, not copied. Before anything
  // else is added.
  void BorrowInputs() { borrows_inputs_ = true; }
  bool IsBody() const { return borrows_inputs_; }
  // Whether an operator has bodies: how long a loop takes is in the data, not in the sizes.
  bool HasBodies() const { return depth_ > 0; }

  // All throw EngineError (ERR_ENGINE_PROGRAM) for a value that is not there yet, or after Finish.
  ValueId AddInput(DataType type);
  // Copies the elements. `readers`: how many operators will read it, after which it is let go; 0: not known.
  ValueId AddConstant(DataType type, const Dims& dims, const void* bytes, size_t readers);
  // The values of its outputs follow one another; the first is returned.
  ValueId AddOperator(const std::string& type, const std::vector<ptrdiff_t>& inputs,
                      const std::vector<DataType>& outputs, Attributes attributes,
                      std::vector<std::shared_ptr<const Program>> bodies = {});
  // After each run with a State, input number `input` becomes what output number `output` was.
  void LinkState(size_t input, size_t output);
  void Finish(std::vector<ValueId> outputs);

  struct StateLink {
    size_t input, output;  // positions in Inputs() and Outputs()
    bool grows = false;    // in place, by the step that says so
  };
  const std::vector<StateLink>& StateLinks() const { return state_links_; }

  struct Step {
    std::string type;
    std::unique_ptr<Operator> op;
    std::vector<ptrdiff_t> inputs;
    std::vector<ValueId> outputs;
    ptrdiff_t grows = kNone;      // state link whose value it appends to, where that is carried
    int in_place = -1;            // input whose buffer output 0 may take, where nobody reads that buffer later
    std::vector<ValueId> expire;  // roots that nobody reads after this step
  };
  enum class Source { kInput, kConstant, kComputed };
  struct Value {
    DataType type = DataType::kFloat32;
    Source source = Source::kComputed;
    size_t root = 0;   // the value whose bytes these are: itself, unless it is a view
    size_t slack = 0;  // bytes to keep behind the elements; of a root
    Tensor constant;   // data is null once every reader has packed it
    Buffer storage;
    size_t readers_left = 0, kept = 0;
    bool is_borrowed = false;  // an input that is read where it lies, if it is aligned there
    // Of a root: it may lie in foreign memory (Foreign in engine/execution.h). No reader writes behind it, nor could one
    // be led outside of a buffer by elements that change while it runs.
    bool may_be_foreign = false;
  };

  const std::vector<Step>& Steps() const { return steps_; }
  const std::vector<Value>& Values() const { return values_; }
  const std::vector<ValueId>& Inputs() const { return inputs_; }
  const std::vector<ValueId>& Outputs() const { return outputs_; }
  bool IsFinished() const { return is_finished_; }
  size_t ConstantBytes() const;  // packed and not

 private:
  void RequireOpen() const;
  void RequireValue(ptrdiff_t value) const;
  void FindViews();
  void CheckState() const;
  void FindBorrowed();
  bool IsReadByElement(ValueId root) const;
  void FindForeign();
  void FindLifetimes();
  void FindGrowing();
  bool MayGrow(const StateLink& link, const Step& step) const;
  void FindSlack();

  std::vector<Value> values_;
  std::vector<Step> steps_;
  std::vector<ValueId> inputs_, outputs_;
  std::vector<StateLink> state_links_;
  size_t depth_ = 0;  // of bodies within bodies
  bool is_finished_ = false, borrows_inputs_ = false;
};

}  // namespace gossamer
