#include <algorithm>
#include <limits>

#include "kernels/sparse_i8/cost.h"
#include "kernels/sparse_i8/lanes.h"

namespace gossamer {
namespace {

// One number a lane.
using Bytes = std::array<uint8_t, kSparseGroup>;
using Counts = std::array<uint32_t, kSparseGroup>;

// What is taken so far, where windows may begin next.
struct State {
  double value;     // cost so far - price of the non-zeros taken: less is better
  uint32_t first;   // the first k that some lane has not taken
  uint32_t from;    // index of the state before
  SparseStep step;  // that led from there to here
  Counts next;      // non-zeros taken, by lane
};

constexpr double kUnreached = std::numeric_limits<double>::infinity();
// k's that share a state. One each would find 0.5 % less cost in four times the time (80 % zeros, K of 768).
constexpr uint32_t kGrain = 8;
// A window in which some lane has more than this many left is not left after one round, which would wait for its loads.
constexpr uint8_t kManyLeft = 12;

class WindowChoice {
 public:
  WindowChoice(const Lanes& lanes, size_t length) : length_(static_cast<uint32_t>(length)) {
    before_.resize(length + 1);
    size_t total = 0;
    for (size_t i = 0; i < kSparseGroup; ++i) {
      const std::vector<uint32_t>& places = lanes[i].places;
      places_[i] = places.data();
      uint8_t count = 0;
      uint32_t k = 0;
      for (uint32_t place : places) {
        for (const uint32_t end = std::min(place, length_); k <= end; ++k) before_[k][i] = count;
        ++count;
        if (place == Lane::kNone) break;
        ++total;
      }
    }
    // Full rounds in windows side by side: no path has a lower cost a non-zero.
    const double windows = static_cast<double>((length + kSparseWindow - 1) / kSparseWindow);
    const double rounds = static_cast<double>(total) / (4 * kSparseGroup);
    price_ = total == 0 ? 0 : (kRoundCost * rounds + kStepCost * windows) / static_cast<double>(total);
  }

  void Append(std::vector<SparseStep>& steps) {
    states_.assign(length_ / kGrain + 2, State{kUnreached, 0, 0, {0, 0}, {}});
    const uint32_t end = static_cast<uint32_t>(states_.size()) - 1;
    State start{0, Lane::kNone, end, {0, 0}, {}};
    start.first = FirstLeft(start.next);
    if (start.first == Lane::kNone) return;
    uint32_t at = start.first / kGrain;
    states_[at] = start;
    for (; at < end; ++at) {
      if (states_[at].value == kUnreached) continue;
      const uint32_t first = states_[at].first, aligned = first - first % kSparseWindow;
      From(at, first);
      if (aligned != first) From(at, aligned);
    }
    const size_t begin = steps.size();
    for (at = end; states_[at].from != end; at = states_[at].from) steps.push_back(states_[at].step);
    std::reverse(steps.begin() + static_cast<std::ptrdiff_t>(begin), steps.end());
  }

 private:
  uint32_t FirstLeft(const Counts& next) const {
    uint32_t first = Lane::kNone;
    for (size_t i = 0; i < kSparseGroup; ++i) first = std::min(first, places_[i][next[i]]);
    return first;
  }

  // Every number of rounds in a window that begins at k, after state `at`.
  void From(uint32_t at, uint32_t k) {
    const State& state = states_[at];
    const Bytes& before = before_[std::min<size_t>(k + kSparseWindow, length_)];
    // Of each lane in the window, which is at most 64: counts are those of all k's, modulo 256. One that is ahead of
    // the window by less than that has none.
    Bytes left;
    uint8_t most = 0;
    for (size_t i = 0; i < kSparseGroup; ++i) {
      const uint8_t count = static_cast<uint8_t>(before[i] - static_cast<uint8_t>(state.next[i]));
      left[i] = count < 128 ? count : uint8_t{0};
      most = std::max(most, left[i]);
    }
    for (uint32_t rounds = most > kManyLeft ? 2 : 1; 4 * (rounds - 1) < most; ++rounds) {
      Counts next;
      uint32_t taken = 0;
      for (size_t i = 0; i < kSparseGroup; ++i) {
        const uint32_t count = std::min<uint32_t>(left[i], 4 * rounds);
        next[i] = state.next[i] + count;
        taken += count;
      }
      const SparseStep step{k, rounds};
      const double value = state.value + CostOfStep(step) - price_ * taken;
      const uint32_t first = FirstLeft(next);
      const uint32_t index = first == Lane::kNone ? static_cast<uint32_t>(states_.size()) - 1 : first / kGrain;
      if (index > at && value < states_[index].value) states_[index] = {value, first, at, step, next};
    }
  }

  std::array<const uint32_t*, kSparseGroup> places_;
  uint32_t length_;
  std::vector<Bytes> before_;  // [k]: non-zeros of each lane below k, modulo 256
  double price_;
  std::vector<State> states_;  // by first / kGrain; the last one: all is taken
};

}  // namespace

void AlignWindows(const Lanes& lanes, std::vector<SparseStep>& steps) {
  std::array<size_t, kSparseGroup> next{};
  for (;;) {
    uint32_t first = Lane::kNone;
    for (size_t i = 0; i < kSparseGroup; ++i) first = std::min(first, lanes[i].places[next[i]]);
    if (first == Lane::kNone) return;
    const uint32_t k = first - first % kSparseWindow;
    uint32_t rounds = 0;
    for (size_t i = 0; i < kSparseGroup; ++i) {
      const size_t begin = next[i];
      while (lanes[i].places[next[i]] < k + kSparseWindow) ++next[i];
      rounds = std::max(rounds, static_cast<uint32_t>(next[i] - begin + 3) / 4);
    }
    steps.push_back({k, rounds});
  }
}

void ChooseWindows(const Lanes& lanes, size_t length, std::vector<SparseStep>& steps) {
  WindowChoice(lanes, length).Append(steps);
}

}  // namespace gossamer
