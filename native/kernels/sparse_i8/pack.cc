#include "kernels/sparse_i8/pack.h"

#include <algorithm>
#include <numeric>

#include "kernels/sparse_i8/cost.h"
#include "kernels/sparse_i8/lanes.h"

namespace gossamer {
namespace {

// Which outputs the 16 lanes of each group compute; `outputs` where there is none.
std::vector<size_t> OutputsOfLanes(const std::vector<uint8_t>& slots, size_t outputs) {
  std::vector<size_t> lanes((outputs + kSparseGroup - 1) / kSparseGroup * kSparseGroup, outputs);
  for (size_t n = 0; n < outputs; ++n) {
    lanes[slots.empty() ? n : n / kSparsePanel * kSparsePanel + slots[n]] = n;
  }
  return lanes;
}

// Slots that bring the outputs of each panel in the order of their non-zeros.
std::vector<uint8_t> SlotsByDensity(const PlainI8Weights& weights) {
  const size_t outputs = weights.outputs, depth = weights.taps * weights.piece;
  std::vector<size_t> zeros(outputs), order(kSparsePanel);
  for (size_t n = 0; n < outputs; ++n) {
    zeros[n] = static_cast<size_t>(std::count(weights.data + n * depth, weights.data + (n + 1) * depth, int8_t{0}));
  }
  std::vector<uint8_t> slots((outputs + kSparsePanel - 1) / kSparsePanel * kSparsePanel);
  for (size_t begin = 0; begin < outputs; begin += kSparsePanel) {
    const size_t count = std::min(kSparsePanel, outputs - begin);
    order.resize(count);
    std::iota(order.begin(), order.end(), begin);
    std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return zeros[a] > zeros[b]; });
    for (size_t i = 0; i < count; ++i) slots[order[i]] = static_cast<uint8_t>(i);
  }
  return slots;
}

// Lanes of group g in piece t, as the format sees pieces.
void FindLanes(const PlainI8Weights& weights, bool gathered, const size_t* outputs, size_t t, Lanes& lanes) {
  const size_t depth = weights.taps * weights.piece, length = gathered ? depth : weights.piece;
  for (size_t i = 0; i < kSparseGroup; ++i) {
    Lane& lane = lanes[i];
    size_t count = 0;
    lane.next = 0;
    lane.places.resize(length + 1);
    if (outputs[i] != weights.outputs) {
      lane.w = weights.data + outputs[i] * depth + t * length;
      for (size_t k = 0; k < length; ++k) {  // without a branch, which nothing could predict
        lane.places[count] = static_cast<uint32_t>(k);
        count += lane.w[k] != 0 ? 1 : 0;
      }
    }
    lane.places[count] = Lane::kNone;
  }
}

SparseI8Plan PlanRounds(const PlainI8Weights& weights, bool gathered, const std::vector<uint8_t>& slots, bool aligned) {
  SparseI8Plan plan;
  const size_t depth = weights.taps * weights.piece;
  plan.gathered = gathered;
  plan.slots = slots;
  const std::vector<size_t> outputs = OutputsOfLanes(slots, weights.outputs);
  Lanes lanes;
  for (size_t g = 0; g < outputs.size(); g += kSparseGroup) {
    for (size_t t = 0; t < (gathered ? 1 : weights.taps); ++t) {
      plan.first_step.push_back(plan.steps.size());
      FindLanes(weights, gathered, outputs.data() + g, t, lanes);
      aligned ? AlignWindows(lanes, plan.steps) : ChooseWindows(lanes, gathered ? depth : weights.piece, plan.steps);
    }
  }
  plan.first_step.push_back(plan.steps.size());
  for (const SparseStep& step : plan.steps) plan.rounds += step.rounds;
  plan.cost = CostOfRounds(weights, plan);
  return plan;
}

void PackRounds(const PlainI8Weights& weights, const SparseI8Plan& plan, int8_t* data, std::vector<size_t>& starts) {
  const std::vector<size_t> outputs = OutputsOfLanes(plan.slots, weights.outputs);
  const size_t pieces = plan.gathered ? 1 : weights.taps;
  size_t at = 0;
  Lanes lanes;
  for (size_t g = 0; g < outputs.size() / kSparseGroup; ++g) {
    starts.push_back(at);
    for (size_t t = 0; t < pieces; ++t) {
      FindLanes(weights, plan.gathered, outputs.data() + g * kSparseGroup, t, lanes);
      for (size_t s = plan.first_step[g * pieces + t]; s < plan.first_step[g * pieces + t + 1]; ++s) {
        const size_t k = plan.steps[s].k;
        for (size_t q = 0; q < plan.steps[s].rounds; ++q, at += kSparseRoundBytes) {
          for (size_t i = 0; i < kSparseGroup; ++i) {
            Lane& lane = lanes[i];
            int8_t* to = data + at + 4 * i;
            for (size_t j = 0; j < 4 && lane.K() < k + kSparseWindow; ++j, ++lane.next) {
              to[j] = static_cast<int8_t>(lane.K() - k);
              to[kSparseRoundBytes / 2 + j] = lane.w[lane.K()];
            }
          }
        }
      }
    }
  }
}

// Calls body(n - first output of the panel, k, w) for each weight of a panel with k .. k + 3 of a piece, until it
// returns true.
template <class Body>
bool ForTile(const PlainI8Weights& weights, bool gathered, size_t panel, size_t t, size_t k, const Body& body) {
  const size_t depth = weights.taps * weights.piece, length = gathered ? depth : weights.piece;
  const size_t begin = panel * kSparsePanel, end = std::min(weights.outputs, begin + kSparsePanel);
  for (size_t n = begin; n < end; ++n) {
    for (size_t i = k; i < std::min(length, k + 4); ++i) {
      if (body(n - begin, i, weights.data[n * depth + t * length + i])) return true;
    }
  }
  return false;
}

SparseI8Plan PlanBlocks(const PlainI8Weights& weights, bool gathered) {
  SparseI8Plan plan;
  plan.format = SparseFormat::kBlocks;
  plan.gathered = gathered;
  for (size_t panel = 0; panel * kSparsePanel < weights.outputs; ++panel) {
    for (size_t t = 0; t < (gathered ? 1 : weights.taps); ++t) {
      plan.first_step.push_back(plan.steps.size());
      for (size_t k = 0; k < (gathered ? weights.taps : 1) * weights.piece; k += 4) {
        const auto is_kept = [](size_t, size_t, int8_t w) { return w != 0; };
        if (ForTile(weights, gathered, panel, t, k, is_kept)) plan.steps.push_back({static_cast<uint32_t>(k), 1});
      }
    }
  }
  plan.first_step.push_back(plan.steps.size());
  plan.rounds = plan.steps.size();
  plan.cost = CostOfBlocks(weights, plan);
  return plan;
}

void PackBlocks(const PlainI8Weights& weights, const SparseI8Plan& plan, int8_t* data, std::vector<size_t>& starts) {
  const size_t pieces = plan.gathered ? 1 : weights.taps;
  for (size_t panel = 0; panel * kSparsePanel < weights.outputs; ++panel) {
    starts.push_back(plan.first_step[panel * pieces] * kSparseTileBytes);
    for (size_t t = 0; t < pieces; ++t) {
      for (size_t s = plan.first_step[panel * pieces + t]; s < plan.first_step[panel * pieces + t + 1]; ++s) {
        const size_t k = plan.steps[s].k;
        int8_t* tile = data + s * kSparseTileBytes;
        ForTile(weights, plan.gathered, panel, t, k, [&](size_t n, size_t i, int8_t w) {
          tile[4 * n + i - k] = w;
          return false;
        });
      }
    }
  }
}

// One way to plan.
struct Way {
  SparseFormat format;
  bool gathered, sorted, aligned;
};

SparseI8Plan PlanAs(const PlainI8Weights& weights, const Way& way) {
  if (way.format == SparseFormat::kBlocks) return PlanBlocks(weights, way.gathered);
  return PlanRounds(weights, way.gathered, way.sorted ? SlotsByDensity(weights) : std::vector<uint8_t>(), way.aligned);
}

// The cost of a way, from a few panels: planning takes its time, and one panel is much like another.
double SampleCost(const PlainI8Weights& weights, const Way& way) {
  constexpr size_t kSampledWeights = 256 << 10;
  const size_t depth = weights.taps * weights.piece, panels = (weights.outputs + kSparsePanel - 1) / kSparsePanel;
  const size_t count = std::min(panels, 1 + kSampledWeights / (kSparsePanel * depth + 1));
  double sum = 0;
  for (size_t i = 0; i < count; ++i) {
    const size_t first = (2 * i + 1) * panels / (2 * count) * kSparsePanel;  // outputs may be sorted
    const size_t outputs = std::min(kSparsePanel, weights.outputs - first);
    sum += PlanAs({weights.data + first * depth, outputs, weights.taps, weights.piece}, way).cost;
  }
  return sum / static_cast<double>(count) + (way.gathered ? GatherCost(weights) : 0);
}

}  // namespace

SparseI8Plan PlanSparseI8(const PlainI8Weights& weights, SparseFormat format) {
  Way best{format, false, false, true};
  double least = -1;
  for (bool gathered : {false, true}) {
    if (weights.outputs == 0 || (gathered && weights.taps == 1)) continue;
    for (bool sorted : {false, true}) {
      for (bool aligned : {true, false}) {
        if (format == SparseFormat::kBlocks && (sorted || !aligned)) continue;
        const Way way{format, gathered, sorted, aligned};
        const double cost = SampleCost(weights, way);
        if (least >= 0 && cost >= least) continue;
        least = cost;
        best = way;
      }
    }
  }
  SparseI8Plan plan = PlanAs(weights, best);
  if (best.gathered) plan.cost += GatherCost(weights);
  return plan;
}

double CostInOrderI8(const PlainI8Weights& weights) {
  return std::min({PlanRounds(weights, false, {}, true).cost, PlanRounds(weights, false, {}, false).cost,
                   PlanBlocks(weights, false).cost});
}

PackedSparseI8::PackedSparseI8(const PlainI8Weights& weights, SparseI8Plan plan)
    : plan_(std::move(plan)), data_(NewPackedMemory(plan_.DataBytes())) {
  int8_t* const data = data_.get();
  std::fill_n(data, plan_.DataBytes(), int8_t{0});
  plan_.format == SparseFormat::kRounds ? PackRounds(weights, plan_, data, starts_)
                                        : PackBlocks(weights, plan_, data, starts_);
  starts_.push_back(plan_.DataBytes());
  view_ = {plan_.format,       plan_.gathered,           weights.outputs, weights.taps,   weights.piece,
           plan_.steps.data(), plan_.first_step.data(), data,            starts_.data(), nullptr};
  if (!plan_.slots.empty()) view_.slots = plan_.slots.data();
}

size_t PackedSparseI8::Bytes() const {
  return plan_.steps.size() * sizeof(SparseStep) + (plan_.first_step.size() + starts_.size()) * sizeof(size_t) +
         plan_.slots.size() + plan_.DataBytes();
}

}  // namespace gossamer
