// Trilu: one triangle of each matrix, zeros in the other.
#include <algorithm>
#include <cstring>

#include "engine/operators/arguments.h"

namespace gossamer {
namespace {

class TriluOperator : public Operator {
 public:
  explicit TriluOperator(bool upper) : upper_(upper) {}

  void Shape(const TensorList& inputs, std::vector<Tensor>& outputs) const override {
    if (inputs[0]->dims.Rank() < 2) RefuseShape("Trilu input", "matrices", inputs[0]->dims.Text());
    ScalarInteger("Trilu k", Optional(inputs, 1), 0);
    outputs[0].dims = inputs[0]->dims;
  }

  void Run(const TensorList& inputs, const std::vector<Tensor>& outputs, RunContext& context) const override {
    const Dims& dims = outputs[0].dims;
    if (outputs[0].Count() == 0) return;
    const size_t rank = dims.Rank(), element = ElementSize(outputs[0].type);
    const int64_t rows = dims[rank - 2], cols = dims[rank - 1];
    // A diagonal outside of the matrix is all or nothing of it.
    const int64_t k = std::min(std::max(ScalarInteger("Trilu k", Optional(inputs, 1), 0), -rows - 1), cols + 1);
    const size_t line = static_cast<size_t>(cols) * element;
    ForTiles(context, dims.Count(0, rank - 1), 8 + line / 8, [&](size_t first, size_t end) {
      for (size_t row = first; row < end; ++row) {
        const int64_t r = static_cast<int64_t>(row % static_cast<size_t>(rows));
        // Columns before `split` belong to the lower triangle.
        const size_t split = static_cast<size_t>(std::min(std::max<int64_t>(r + k + (upper_ ? 0 : 1), 0), cols)) * element;
        const uint8_t* x = inputs[0]->As<uint8_t>() + row * line;
        uint8_t* y = outputs[0].As<uint8_t>() + row * line;
        const size_t from = upper_ ? split : 0, to = upper_ ? line : split;
        if (x != y) std::memcpy(y + from, x + from, to - from);
        std::memset(y + (upper_ ? 0 : split), 0, upper_ ? split : line - split);
      }
    });
  }
  int InPlace() const override { return 0; }

 private:
  bool upper_;
};

}  // namespace

std::unique_ptr<Operator> MakeTrilu(OperatorSpec& spec) {
  CheckArity(spec, 1, 2);
  CheckSameType(spec, 0, 0);
  CheckIntegers(spec, 1);
  return std::make_unique<TriluOperator>(spec.attributes.Int("upper", 1) != 0);
}

}  // namespace gossamer
