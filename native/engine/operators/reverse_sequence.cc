// ReverseSequence: the first steps of each sequence of a batch, backwards.
#include <cstring>

#include "engine/operators/arguments.h"

namespace gossamer {
namespace {

class ReverseSequenceOperator : public Operator {
 public:
  explicit ReverseSequenceOperator(bool time_first) : time_first_(time_first) {}

  void Shape(const TensorList& inputs, std::vector<Tensor>& outputs) const override {
    const Dims &x = inputs[0]->dims, &lengths = inputs[1]->dims;
    if (x.Rank() < 2) RefuseShape("ReverseSequence input", "at least two axes", x.Text());
    const int64_t batch = x[time_first_ ? 1 : 0], steps = x[time_first_ ? 0 : 1];
    if (lengths.Rank() != 1 || lengths[0] != batch) {
      RefuseShape("ReverseSequence sequence_lens", std::to_string(batch) + " numbers", lengths.Text());
    }
    for (size_t b = 0; b < inputs[1]->Count(); ++b) {
      const int64_t length = IntegerAt(*inputs[1], b);
      if (length < 0 || length > steps) {
        RefuseValue("ReverseSequence sequence_lens", "numbers from 0 to " + std::to_string(steps), std::to_string(length));
      }
    }
    outputs[0].dims = x;
  }

  void Run(const TensorList& inputs, const std::vector<Tensor>& outputs, RunContext& context) const override {
    const Dims& x = inputs[0]->dims;
    if (outputs[0].Count() == 0) return;
    const size_t batch = static_cast<size_t>(x[time_first_ ? 1 : 0]), steps = static_cast<size_t>(x[time_first_ ? 0 : 1]);
    const size_t bytes = x.Count(2, x.Rank()) * ElementSize(outputs[0].type);
    const auto row = [&](size_t b, size_t t) { return (time_first_ ? t * batch + b : b * steps + t) * bytes; };
    ForTiles(context, batch * steps, 8 + bytes / 8, [&](size_t first, size_t end) {
      for (size_t i = first; i < end; ++i) {
        const size_t b = i / steps, t = i % steps, length = static_cast<size_t>(IntegerAt(*inputs[1], b));
        const size_t from = t < length ? length - 1 - t : t;
        std::memcpy(outputs[0].As<uint8_t>() + row(b, t), inputs[0]->As<uint8_t>() + row(b, from), bytes);
      }
    });
  }

 private:
  bool time_first_;
};

}  // namespace

std::unique_ptr<Operator> MakeReverseSequence(OperatorSpec& spec) {
  CheckArity(spec, 2, 2);
  CheckSameType(spec, 0, 0);
  CheckIntegers(spec, 1);
  const int64_t time = spec.attributes.Int("time_axis", 0), batch = spec.attributes.Int("batch_axis", 1);
  if ((time != 0 || batch != 1) && (time != 1 || batch != 0)) {
    RefuseProgram("ReverseSequence", "time_axis and batch_axis 0 and 1", std::to_string(time) + " and " + std::to_string(batch));
  }
  return std::make_unique<ReverseSequenceOperator>(time == 0);
}

}  // namespace gossamer
