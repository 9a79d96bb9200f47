#include "engine/operators/int8_weights.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "engine/buffer.h"
#include "engine/operators/pack_parallel.h"
#include "kernels/gemm_i8/gemm_i8.h"
#include "kernels/packed_memory.h"
#include "kernels/sparse_i8/pack.h"

namespace gossamer {
namespace {

class DensePanels : public PackedInt8 {
 public:
  DensePanels(const PlainWeightsI8& w, std::string reason)
      : reason_(std::move(reason)),
        bytes_(PanelBytesI8(w.outputs, w.taps, w.piece)),
        panels_(NewPackedMemory(bytes_)),
        sums_(NewBuffer((w.outputs + kOutputQuantum) * sizeof(int32_t))) {
    const size_t depth = w.taps * w.piece, steps = (w.piece + 3) / 4;
    int8_t* panels = panels_.get();
    int32_t* sums = static_cast<int32_t*>(sums_.get());
    PackParallel(PanelCountI8(w.outputs), bytes_, [&](size_t first, size_t end) {
      const size_t n = first * kPanelOutputs, outputs = std::min(w.outputs, end * kPanelOutputs) - n;
      PackWeightsI8(w.data + n * depth, outputs, w.taps, w.piece, panels + n * w.taps * steps * 4, sums + n);
    });
    weights_ = {w.outputs, w.taps, w.piece, steps, panels, sums};
  }
  size_t GroupOutputs() const override { return kPanelOutputs; }
  void Run(const uint8_t* x, const ActivationRows& rows, size_t row_begin, size_t row_end, size_t group_begin,
           size_t group_end, const Int8Output& output) const override {
    GemmI8()(x, rows, row_begin, row_end, weights_, group_begin, group_end, output);
  }
  bool ReadsOnlyElements() const override { return weights_.piece % 4 == 0; }
  size_t Bytes() const override { return bytes_ + weights_.outputs * sizeof(int32_t); }
  std::string Note() const override { return reason_; }

 private:
  std::string reason_;
  size_t bytes_;
  PackedMemory panels_;
  Buffer sums_;
  PackedWeightsI8 weights_;
};

// Memory for the rows that a sparse kernel gathers; kept by each thread between calls.
uint8_t* GatherBuffer(size_t bytes) {
  constexpr size_t kAlignment = 64;
  static thread_local std::vector<uint8_t> memory;
  if (memory.size() < bytes + kAlignment) memory.resize(bytes + kAlignment);
  return memory.data() + (kAlignment - reinterpret_cast<uintptr_t>(memory.data()) % kAlignment) % kAlignment;
}

class SparsePanels : public PackedInt8 {
 public:
  SparsePanels(const PlainI8Weights& w, SparseI8Choice choice)
      : reason_(std::move(choice.reason)), packed_(w, std::move(choice.plan)) {}
  size_t GroupOutputs() const override { return kSparsePanel; }
  void Run(const uint8_t* x, const ActivationRows& rows, size_t row_begin, size_t row_end, size_t group_begin,
           size_t group_end, const Int8Output& output) const override {
    const size_t bytes = SparseI8ScratchBytes(packed_.View());
    SparseI8()(x, rows, row_begin, row_end, packed_.View(), group_begin, group_end, output,
               bytes == 0 ? nullptr : GatherBuffer(bytes));
  }
  size_t Bytes() const override { return packed_.Bytes(); }
  std::string Note() const override { return reason_; }

 private:
  std::string reason_;
  PackedSparseI8 packed_;
};

}  // namespace

SparseMode SparseModeOf(const Attributes& attributes) {
  const std::string mode = attributes.Text("sparse", "auto");
  if (mode == "auto") return SparseMode::kAuto;
  if (mode == "dense") return SparseMode::kDense;
  if (mode == "sparse") return SparseMode::kSparse;
  throw EngineError{"ERR_ENGINE_PROGRAM", "sparse: expected auto, dense or sparse, received " + mode};
}

std::unique_ptr<PackedInt8> PackInt8(const PlainWeightsI8& weights, SparseMode mode) {
  if (mode == SparseMode::kDense) return std::make_unique<DensePanels>(weights, "dense: as asked");
  const PlainI8Weights plain = {weights.data, weights.outputs, weights.taps, weights.piece};
  SparseI8Choice choice = ChooseSparseI8(plain, 0);
  if (mode == SparseMode::kSparse) {
    choice.plan = PlanSparseI8(plain, choice.plan.format);
    choice.reason = "sparse: as asked; the model says " + choice.reason;
  } else if (!choice.sparse) {
    return std::make_unique<DensePanels>(weights, choice.reason);
  }
  return std::make_unique<SparsePanels>(plain, std::move(choice));
}

}  // namespace gossamer
