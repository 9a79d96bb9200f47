// One run at a time of a program: its buffers and the loop over its operators.
#pragma once
#include <functional>
#include <memory>
#include <vector>

#include "engine/carried.h"
#include "engine/memory.h"
#include "engine/program.h"
#include "engine/thread_pool.h"

namespace gossamer {

// Memory of the caller's, aligned as the engine's is and with kReadSlack bytes behind it that may be read, whatever
// they are. Nothing but an output is written there, and no other thread writes there while a run lasts.
struct Foreign {
  void* data = nullptr;
  size_t bytes = 0;
};

// What limits one run, and what may lie where.
struct RunOptions {
  AbortFlag abort = nullptr;
  unsigned threads = 0;  // at most so many of the pool's work for it; 0: all
  // Where not null: the nanoseconds of each operator are added, in the order in which they run.
  std::vector<double>* nanoseconds = nullptr;
  // Where not null: by state link, the values that those inputs are. One that grows (Program::StateLink) is appended to
  // in its own memory, and the output that it becomes is a view of that, with a pitch.
  const std::vector<Carried*>* carried = nullptr;
  // Where not null: by input, whether it lies in foreign memory. It is then read there, unless an operator needs more.
  const std::vector<bool>* foreign_inputs = nullptr;
  // Where not null: by output, where it is to lie (null data: in memory of the engine). It does if it takes as many
  // bytes and may; what came of it is in the output's data. A run that does not end may have written there.
  const std::vector<Foreign>* destinations = nullptr;
};

class Execution {
 public:
  // The program must outlive it.
  explicit Execution(const Program& program);
  ~Execution();

  // Runs once. `inputs`: in the order of the program's; their elements are copied unless the program borrows them or
  // they lie in foreign memory. The outputs stay valid until the next run. False: stopped by the flag. Throws
  // EngineError, std::bad_alloc.
  bool Run(const std::vector<Tensor>& inputs, const RunOptions& options, std::vector<Tensor>* outputs);

  // Whether the buffer of output number `output` of the last run can be taken: it is that output's alone, and does not
  // lie among others.
  bool MayTakeOutput(size_t output) const;
  // Gives it away for `buffer`, which may be null.
  void TakeOutput(size_t output, Buffer* buffer, size_t* bytes);

  size_t BufferBytes() const;

 private:
  class Context;
  class Allocator;

  void TakeInputs(const std::vector<Tensor>& inputs, const RunOptions& options);
  std::vector<int64_t> BeginForeign(const RunOptions& options);
  void RunStep(size_t index, Context& context);
  void RunAppending(const Program::Step& step, Context& context);
  void PlaceOutput(size_t index, size_t output);
  void Expire(size_t index);

  const Program& program_;
  Memory memory_;
  std::vector<Tensor> tensors_;  // by value; of this run
  TensorList arguments_;         // of the step that runs
  std::vector<Tensor> results_;
  std::vector<bool> stays_;            // by value: an input that lies in foreign memory in this run
  std::vector<Foreign> destinations_;  // by value; empty where there are none in this run
  std::vector<Buffer> constant_copies_;  // of constants behind which an operator writes
  std::unique_ptr<Context> context_;
};

}  // namespace gossamer
