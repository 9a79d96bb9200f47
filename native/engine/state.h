// What one sequence of runs carries from each to the next: a recurrent state, a key-value cache. It stays in memory of the
// engine; where the buffer of an output can become that of the next run's input, it does, and nothing is copied.
#pragma once
#include <vector>

#include "engine/carried.h"
#include "engine/execution.h"
#include "engine/program.h"

namespace gossamer {

class State {
 public:
  // The program must outlive it.
  explicit State(const Program& program) : program_(program), values_(program.StateLinks().size()) {}

  // Position of the link whose input is number `input`; the number of links where there is none.
  size_t LinkOf(size_t input) const;
  void Set(size_t link, const Tensor& value);
  bool IsSet(size_t link) const { return values_[link].IsSet(); }
  const Tensor& Get(size_t link) const { return values_[link].tensor; }
  // Takes what the last run of `execution` gave. `outputs`: that run's.
  void Advance(Execution& execution, const std::vector<Tensor>& outputs);
  // The next run starts from what it is fed.
  void Clear() { values_ = std::vector<Carried>(values_.size()); }

 private:
  size_t SlackOf(size_t link) const;

  const Program& program_;
  std::vector<Carried> values_;
};

}  // namespace gossamer
