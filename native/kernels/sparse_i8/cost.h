// What products cost, in the time of one product instruction: 16 outputs, 4 k's, one row. The figures are fitted on Zen
// 5 (weights of 768 x 3072 and 3072 x 768, random and balanced, 128 rows and one): within a tenth from 50 to 95 %
// zeros. Zen 4 gives 1.33 for a round and 0.8 for a step. Those of NEON are estimates from latencies, not measured.
#pragma once
#include <algorithm>
#include <cstddef>

#include "kernels/sparse_i8/pack.h"

namespace gossamer {

#if GOSSAMER_AARCH64
constexpr double kRoundCost = 4;  // a lookup in four registers takes several times as long as a product
#else
constexpr double kRoundCost = 1.45;  // a lookup and a product
#endif
constexpr double kStepCost = 0.6;       // loading the 64 bytes of a window, where they are one cache line
constexpr double kCrossingCost = 1.3;   // the same where they are in two
constexpr double kLeastCrossing = 3.9;  // such a step with few rounds waits for the loads
constexpr double kOutputCost = 6.5;     // starting and finishing 16 outputs
constexpr double kUnsortCost = 3;       // bringing them in order
constexpr double kGatherLineCost = 7;   // copying up to 64 bytes of a row
constexpr double kDenseOutputCost = 8;  // the same of a dense product
constexpr double kBlockCost = 1.1;      // a product whose weights are found through a list
constexpr double kLineCost = 4.5;       // fetching 64 bytes of weights, once a call

inline double GatherCost(const PlainI8Weights& weights) {
  const double lines = static_cast<double>(weights.taps * ((weights.piece + 63) / 64));
  return kGatherLineCost * lines / static_cast<double>((weights.outputs + kSparseGroup - 1) / kSparseGroup);
}

// Of 16 outputs and one row.
inline double CostOfStep(const SparseStep& step) {
  const double rounds = kRoundCost * step.rounds;
  return step.k % kSparseWindow == 0 ? rounds + kStepCost : std::max(rounds + kCrossingCost, kLeastCrossing);
}

// Without gathering, which is of the whole layer.
inline double CostOfRounds(const PlainI8Weights& weights, const SparseI8Plan& plan) {
  double sum = 0;
  for (const SparseStep& step : plan.steps) sum += CostOfStep(step);
  const double groups = static_cast<double>((weights.outputs + kSparseGroup - 1) / kSparseGroup);
  return sum / groups + kOutputCost + (plan.slots.empty() ? 0 : kUnsortCost);
}

inline double CostOfBlocks(const PlainI8Weights& weights, const SparseI8Plan& plan) {
  const double panels = static_cast<double>((weights.outputs + kSparsePanel - 1) / kSparsePanel);
  return kBlockCost * static_cast<double>(plan.steps.size()) / panels + kOutputCost;
}

// Of a dense product: per row and 16 outputs.
inline double CostOfDense(const PlainI8Weights& weights) {
  return static_cast<double>(weights.taps * ((weights.piece + 3) / 4)) + kDenseOutputCost;
}

}  // namespace gossamer
