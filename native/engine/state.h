// What one sequence of runs carries from each to the next: a recurrent state, a key-value cache. It stays in memory of the
// engine; where the buffer of an output can become that of the next run's input, it does, and nothing is copied. A cache
// to which each run appends (Program::StateLink::grows) has room behind it and is written there. Only Advance changes
// what is carried: a run that is stopped or fails leaves it as it was.
#pragma once
#include <vector>

#include "engine/carried.h"
#include "engine/execution.h"
#include "engine/program.h"

namespace gossamer {

class State {
 public:
  // The program must outlive it.
  explicit State(const Program& program)
      : program_(program), values_(program.StateLinks().size()), fed_(values_.size()) {}

  // Position of the link whose input is number `input`; the number of links where there is none.
  size_t LinkOf(size_t input) const;
  // A value for the next run in place of the one that is carried.
  void Set(size_t link, const Tensor& value);
  bool IsSet(size_t link) const { return Value(link).IsSet(); }
  const Tensor& Get(size_t link) const { return Value(link).tensor; }
  // What the next run starts from, by link, for RunOptions; valid until the next call of anything here.
  const std::vector<Carried*>& Values();
  // The run that was to take what was Set did not end: as if it had not been.
  void Drop();
  // Takes what the last run of `execution` gave. `outputs`: that run's.
  void Advance(Execution& execution, const std::vector<Tensor>& outputs);
  // The next run starts from what it is fed.
  void Clear();

 private:
  const Carried& Value(size_t link) const { return fed_[link].IsSet() ? fed_[link] : values_[link]; }
  bool IsFirstOf(size_t link) const;  // of the links with its output
  size_t SlackOf(size_t link) const;

  const Program& program_;
  std::vector<Carried> values_, fed_;  // fed_: of the next run
  std::vector<Carried*> current_;
};

}  // namespace gossamer
