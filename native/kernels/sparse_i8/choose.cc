#include <cstdio>

#include "kernels/sparse_i8/cost.h"
#include "kernels/sparse_i8/pack.h"

namespace gossamer {
namespace {

constexpr double kLeastGain = 1.1;
// A matrix product of unknown rows may be called with one: it then must not lose much there.
constexpr double kLeastOneRow = 0.95;
// Below this share of zeros no pattern pays, so nothing is planned.
constexpr double kLeastZeros = 0.4;

Isa SelectedVariant() {
  for (const Variant<SparseI8Fn>& variant : SparseI8Variants()) {
    if (variant.isa <= SelectedIsa() && IsaAvailable(variant.isa)) return variant.isa;
  }
  return Isa::kScalar;
}

// Time of a call of `rows` rows for 16 outputs: fetching the weights, then computing.
double CallCost(double bytes, double cost, double rows) { return bytes / 64 * kLineCost + rows * cost; }

template <class... Values>
std::string Text(const char* format, Values... values) {
  char line[160];
  std::snprintf(line, sizeof line, format, values...);
  return line;
}

}  // namespace

SparseI8Choice ChooseSparseI8(const PlainI8Weights& weights, size_t rows) {
  SparseI8Choice choice;
  const size_t depth = weights.taps * weights.piece, count = weights.outputs * depth;
  if (count == 0) {
    choice.reason = "dense: no weights";
    return choice;
  }
  const size_t zeros = static_cast<size_t>(std::count(weights.data, weights.data + count, int8_t{0}));
  const double share = static_cast<double>(zeros) / static_cast<double>(count);
  if (share < kLeastZeros) {
    choice.reason = Text("dense: %.1f %% zeros", 100 * share);
    return choice;
  }
  if (SelectedVariant() == Isa::kScalar) {
    choice.reason = Text("dense: %.1f %% zeros, but no byte lookup (AVX-512 VBMI, NEON dot product)", 100 * share);
    return choice;
  }
  const double groups = static_cast<double>((weights.outputs + kSparseGroup - 1) / kSparseGroup);
  const double many = 128, m = rows == 0 ? many : static_cast<double>(rows);
  const double dense = CallCost(static_cast<double>(16 * depth), CostOfDense(weights), m);
  for (SparseFormat format : {SparseFormat::kRounds, SparseFormat::kBlocks}) {
    SparseI8Plan plan = PlanSparseI8(weights, format);
    const double ratio = dense / CallCost(static_cast<double>(plan.DataBytes()) / groups, plan.cost, m);
    if (ratio <= choice.ratio) continue;
    choice.ratio = ratio;
    choice.plan = std::move(plan);
  }
  const double one_row = CallCost(static_cast<double>(16 * depth), CostOfDense(weights), 1) /
                         CallCost(static_cast<double>(choice.plan.DataBytes()) / groups, choice.plan.cost, 1);
  choice.sparse = choice.ratio >= kLeastGain && (rows != 0 || weights.taps > 1 || one_row >= kLeastOneRow);
  const double per_window = static_cast<double>(choice.plan.rounds) * 64 / static_cast<double>(depth);
  if (choice.plan.format == SparseFormat::kRounds) {
    choice.reason = Text("%s: %.1f %% zeros, %.1f rounds per 64, predicted %.2fx dense",
                         choice.sparse ? "sparse" : "dense", 100 * share, per_window / groups, choice.ratio);
  } else {
    const double panels = static_cast<double>((weights.outputs + kSparsePanel - 1) / kSparsePanel);
    choice.reason = Text("%s: %.1f %% zeros, %.1f of 16 blocks per 64, predicted %.2fx dense",
                         choice.sparse ? "sparse blocks" : "dense", 100 * share, per_window / panels, choice.ratio);
  }
  return choice;
}

double PredictI8(const PlainI8Weights& weights) {
  const size_t count = weights.outputs * weights.taps * weights.piece;
  if (count == 0) return 0;
  const auto zeros = static_cast<double>(std::count(weights.data, weights.data + count, int8_t{0}));
  double cost = CostOfDense(weights);
  if (zeros >= kLeastZeros * static_cast<double>(count) && SelectedVariant() != Isa::kScalar) {
    cost = std::min(cost, CostInOrderI8(weights));
  }
  return cost;
}

}  // namespace gossamer
