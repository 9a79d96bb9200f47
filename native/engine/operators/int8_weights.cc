#include "engine/operators/int8_weights.h"

#include "engine/buffer.h"
#include "kernels/gemm_i8/gemm_i8.h"

namespace gossamer {
namespace {

class DensePanels : public PackedInt8 {
 public:
  explicit DensePanels(const PlainWeightsI8& w)
      : bytes_(PanelBytesI8(w.outputs, w.taps, w.piece)),
        panels_(NewBuffer(bytes_)),
        sums_(NewBuffer((w.outputs + kOutputQuantum) * sizeof(int32_t))) {
    weights_ = PackWeightsI8(w.data, w.outputs, w.taps, w.piece, static_cast<int8_t*>(panels_.get()),
                             static_cast<int32_t*>(sums_.get()));
  }
  size_t GroupOutputs() const override { return kPanelOutputs; }
  void Run(const uint8_t* x, const ActivationRows& rows, size_t row_begin, size_t row_end, size_t group_begin,
           size_t group_end, const Int8Output& output) const override {
    GemmI8()(x, rows, row_begin, row_end, weights_, group_begin, group_end, output);
  }
  size_t Bytes() const override { return bytes_ + weights_.outputs * sizeof(int32_t); }
  std::string Note() const override { return "dense panels"; }

 private:
  size_t bytes_;
  Buffer panels_, sums_;
  PackedWeightsI8 weights_;
};

}  // namespace

std::unique_ptr<PackedInt8> PackInt8(const PlainWeightsI8& weights) { return std::make_unique<DensePanels>(weights); }

}  // namespace gossamer
