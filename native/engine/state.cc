#include "engine/state.h"

#include <algorithm>
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

void State::Set(size_t link, const Tensor& value) { fed_[link].Set(value, SlackOf(link)); }

const std::vector<Carried*>& State::Values() {
  current_.resize(values_.size());
  for (size_t link = 0; link < values_.size(); ++link) current_[link] = &(fed_[link].IsSet() ? fed_ : values_)[link];
  return current_;
}

void State::Drop() {
  for (Carried& value : fed_) value = Carried();
}

void State::Clear() {
  Drop();
  for (Carried& value : values_) value = Carried();
}

bool State::IsFirstOf(size_t link) const {
  const std::vector<Program::StateLink>& links = program_.StateLinks();
  return std::none_of(links.begin(), links.begin() + static_cast<ptrdiff_t>(link),
                      [&](const Program::StateLink& other) { return other.output == links[link].output; });
}

void State::Advance(Execution& execution, const std::vector<Tensor>& outputs) {
  const std::vector<Program::StateLink>& links = program_.StateLinks();
  const std::vector<Carried*>& current = Values();
  const auto grew = [&](size_t link) {
    return links[link].grows && outputs[links[link].output].data == current[link]->buffer.get();
  };
  std::vector<Carried> next(values_.size());
  // Copies first: there may be no memory for one, and an output may be an input under another name.
  for (size_t link = 0; link < next.size(); ++link) {
    const size_t output = links[link].output;
    if (grew(link) || (IsFirstOf(link) && execution.MayTakeOutput(output))) continue;
    next[link].Set(outputs[output], SlackOf(link));
  }
  for (size_t link = 0; link < next.size(); ++link) {
    if (next[link].IsSet()) continue;
    Carried& value = *current[link];
    if (!grew(link)) execution.TakeOutput(links[link].output, &value.buffer, &value.capacity);
    next[link].buffer = std::move(value.buffer);
    next[link].capacity = value.capacity;
    next[link].tensor = outputs[links[link].output];
  }
  values_ = std::move(next);
  Drop();
}

}  // namespace gossamer
