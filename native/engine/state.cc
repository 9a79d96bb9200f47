#include "engine/state.h"

#include <utility>

namespace gossamer {

size_t State::LinkOf(size_t input) const {
  size_t link = 0;
  while (link < values_.size() && program_.StateLinks()[link].input != input) ++link;
  return link;
}

size_t State::SlackOf(size_t link) const {
  return program_.Values()[program_.Inputs()[program_.StateLinks()[link].input]].slack;
}

void State::Set(size_t link, const Tensor& value) { values_[link].Set(value, SlackOf(link)); }

void State::Advance(Execution& execution, const std::vector<Tensor>& outputs) {
  // All are copied or taken before any old one is let go: an output may be an input under another name.
  std::vector<Carried> next(values_.size());
  for (size_t link = 0; link < values_.size(); ++link) {
    const size_t output = program_.StateLinks()[link].output;
    if (!execution.TakeOutput(output, &values_[link].buffer, &values_[link].capacity)) {
      next[link].Set(outputs[output], SlackOf(link));
      continue;
    }
    next[link].buffer = std::move(values_[link].buffer);
    next[link].capacity = values_[link].capacity;
    next[link].tensor = outputs[output];
  }
  values_ = std::move(next);
}

}  // namespace gossamer
