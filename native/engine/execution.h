// One run at a time of a program: its buffers and the loop over its operators.
#pragma once
#include <functional>
#include <memory>
#include <vector>

#include "engine/memory.h"
#include "engine/program.h"
#include "engine/thread_pool.h"

namespace gossamer {

// What limits one run.
struct RunOptions {
  AbortFlag abort = nullptr;
  unsigned threads = 0;  // at most so many of the pool's work for it; 0: all
  // Where not null: the nanoseconds of each operator are added, in the order in which they run.
  std::vector<double>* nanoseconds = nullptr;
};

class Execution {
 public:
  // The program must outlive it.
  explicit Execution(const Program& program);
  ~Execution();

  // Runs once. `inputs`: in the order of the program's; their elements are copied unless the program borrows them. The outputs stay valid until the next
  // run. False: stopped by the flag. Throws EngineError, std::bad_alloc.
  bool Run(const std::vector<Tensor>& inputs, const RunOptions& options, std::vector<Tensor>* outputs);

  // Gives the buffer of output number `output` of the last run away for `buffer`, which may be null. False: it is not
  // that output's alone, or lies among others.
  bool TakeOutput(size_t output, Buffer* buffer, size_t* bytes);

  size_t BufferBytes() const;

 private:
  class Context;
  class Allocator;

  void TakeInputs(const std::vector<Tensor>& inputs);
  void RunStep(size_t index, Context& context);
  void PlaceOutput(size_t index, size_t output);
  void Expire(size_t index);

  const Program& program_;
  Memory memory_;
  std::vector<Tensor> tensors_;  // by value; of this run
  TensorList arguments_;         // of the step that runs
  std::vector<Tensor> results_;
  std::vector<Buffer> constant_copies_;  // of constants behind which an operator writes
  std::unique_ptr<Context> context_;
};

}  // namespace gossamer
