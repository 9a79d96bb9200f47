// Sparse formats of int8 weights: what they would cost, which one is best, and packing.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "kernels/packed_memory.h"
#include "kernels/sparse_i8/sparse_i8.h"

namespace gossamer {

// Plain int8 weights w[n][t][i], n < outputs, t < taps, i < piece, back to back.
struct PlainI8Weights {
  const int8_t* data;
  size_t outputs, taps, piece;
};

// The steps of packed weights; with the plain weights, all that packing needs.
struct SparseI8Plan {
  SparseFormat format = SparseFormat::kRounds;
  bool gathered = false;
  std::vector<SparseStep> steps;
  std::vector<size_t> first_step;
  std::vector<uint8_t> slots;  // empty: outputs stay in their order
  size_t rounds = 0;           // of all steps
  // Time that one row of activations takes for 16 outputs, in the time of one product instruction (16 outputs, 4 k's).
  double cost = 0;

  size_t DataBytes() const {
    return rounds * (format == SparseFormat::kRounds ? kSparseRoundBytes : kSparseTileBytes);
  }
};

// The cheapest plan in one format: outputs in their order or, within each panel, from sparse to dense (magnitude
// pruning leaves outputs of very different density, and the densest of a group decides); pieces apart or gathered;
// windows side by side, which suits patterns that keep as many of every 64, or chosen by what they and the rounds in
// them cost, which suits all others.
SparseI8Plan PlanSparseI8(const PlainI8Weights& weights, SparseFormat format);

// The cost of a plan with outputs in their order and pieces apart, in the better one of the two formats.
double CostInOrderI8(const PlainI8Weights& weights);

// Packed weights with the memory that they are in.
class PackedSparseI8 {
 public:
  PackedSparseI8(const PlainI8Weights& weights, SparseI8Plan plan);
  const SparseI8Weights& View() const { return view_; }
  size_t Bytes() const;
  PackedSparseI8(const PackedSparseI8&) = delete;
  PackedSparseI8& operator=(const PackedSparseI8&) = delete;

 private:
  SparseI8Plan plan_;
  std::vector<size_t> starts_;
  PackedMemory data_;
  SparseI8Weights view_;
};

// Which kernel a layer gets, and why: "sparse: 80.1 % zeros, 3.9 rounds per 64, predicted 2.5x dense".
struct SparseI8Choice {
  bool sparse = false;
  SparseI8Plan plan;  // of the format chosen; meaningful when sparse
  double ratio = 0;   // predicted time of the dense kernel / of the sparse one
  std::string reason;
};

// Sparse where the cost model of the running instruction set predicts at least a tenth less time than dense for `rows`
// rows a call (0: unknown, many).
SparseI8Choice ChooseSparseI8(const PlainI8Weights& weights, size_t rows);

// About the time that one row takes for 16 outputs, in that of one product instruction, by the kernel that is fastest:
// what to compare two orders of k's by.
double PredictI8(const PlainI8Weights& weights);

}  // namespace gossamer
