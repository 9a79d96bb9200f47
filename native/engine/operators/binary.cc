#include "engine/operators/binary.h"

#include <utility>

namespace gossamer {
namespace {

class BinaryOperator : public Operator {
 public:
  BinaryOperator(std::string type, BinaryPiece* piece, size_t cost, bool in_place)
      : type_(std::move(type)), piece_(piece), cost_(cost), in_place_(in_place) {}
  void Shape(const TensorList& inputs, std::vector<Tensor>& outputs) const override {
    outputs[0].dims = BroadcastDims(type_.c_str(), inputs.data(), 2);
  }
  int InPlace() const override { return in_place_ ? 0 : -1; }
  void Run(const TensorList& inputs, const std::vector<Tensor>& outputs, RunContext& context) const override {
    RunBinary(piece_, cost_, *inputs[0], *inputs[1], outputs[0], context);
  }

 private:
  std::string type_;
  BinaryPiece* piece_;
  size_t cost_;
  bool in_place_;
};

}  // namespace

void RunBinary(BinaryPiece* piece, size_t cost, const Tensor& a, const Tensor& b, const Tensor& y,
               RunContext& context) {
  const size_t a_size = ElementSize(a.type), b_size = ElementSize(b.type), y_size = ElementSize(y.type);
  const uint8_t *a_data = a.As<uint8_t>(), *b_data = b.As<uint8_t>();
  if (a.dims == y.dims && b.dims == y.dims) {
    ForTiles(context, y.Count(), cost, [&](size_t first, size_t end) {
      piece({a_data + first * a_size, 0, 1}, {b_data + first * b_size, 0, 1}, 1, end - first,
            y.As<uint8_t>() + first * y_size);
    });
    return;
  }
  const Tensor* const inputs[] = {&a, &b};
  const Broadcast plan = PlanBroadcast(y.dims, inputs, 2);
  ForTiles(context, y.Count(), cost, [&](size_t first, size_t end) {
    ForPieces<2>(plan, first, end, [&](size_t at, const size_t(&offsets)[2], size_t rows, size_t cols) {
      piece({a_data + offsets[0] * a_size, plan.RowStride(0), plan.Step(0)},
            {b_data + offsets[1] * b_size, plan.RowStride(1), plan.Step(1)}, rows, cols,
            y.As<uint8_t>() + at * y_size);
    });
  });
}

std::unique_ptr<Operator> MakeBinaryOperator(const OperatorSpec& spec, BinaryPiece* piece, size_t cost) {
  const bool in_place = ElementSize(spec.inputs[0].type) == ElementSize(spec.outputs[0]);
  return std::make_unique<BinaryOperator>(spec.type, piece, cost, in_place);
}

}  // namespace gossamer
