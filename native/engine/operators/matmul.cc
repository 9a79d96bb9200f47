// MatMul: products of float32 matrices that both come at run time, over broadcast batches (ONNX MatMul). Attributes of
// our own: trans_a, trans_b (the last two axes swapped, rank 2 or more) and alpha, a factor.
#include <algorithm>

#include "engine/operators/arguments.h"
#include "engine/operators/runtime_product.h"

namespace gossamer {
namespace {

// The matrices of one operand, and how far apart those of neighbouring batches are.
struct Operand {
  size_t rows, columns, row_stride, column_stride;
  size_t batch_strides[kMaxRank];
};

struct Product {
  size_t m, n, k, batches;
  size_t batch_rank, batch_sizes[kMaxRank];
  Operand a, b;
  Dims y;

  // Element offset of batch i of an operand.
  size_t Offset(const Operand& operand, size_t i) const {
    size_t offset = 0;
    for (size_t axis = batch_rank; axis-- > 0; i /= batch_sizes[axis]) {
      offset += i % batch_sizes[axis] * operand.batch_strides[axis];
    }
    return offset;
  }
};

// A vector is one row (left) or one column (right).
Operand OperandOf(const Dims& dims, bool transposed, bool left) {
  const size_t rank = dims.Rank();
  if (rank == 1) {
    const auto count = static_cast<size_t>(dims[0]);
    return left ? Operand{1, count, count, 1, {}} : Operand{count, 1, 1, count, {}};
  }
  const auto rows = static_cast<size_t>(dims[rank - 2]), columns = static_cast<size_t>(dims[rank - 1]);
  return transposed ? Operand{columns, rows, 1, columns, {}} : Operand{rows, columns, columns, 1, {}};
}

class MatMulOperator : public Operator {
 public:
  explicit MatMulOperator(const Attributes& attributes)
      : trans_a_(attributes.Int("trans_a", 0) != 0),
        trans_b_(attributes.Int("trans_b", 0) != 0),
        alpha_(attributes.Float("alpha", 1)) {}

  void Shape(const TensorList& inputs, std::vector<Tensor>& outputs) const override {
    outputs[0].dims = ProductOf(inputs[0]->dims, inputs[1]->dims).y;
  }

  void Run(const TensorList& inputs, const std::vector<Tensor>& outputs, RunContext& context) const override {
    const Product p = ProductOf(inputs[0]->dims, inputs[1]->dims);
    const size_t matrix = std::max<size_t>(1, p.k * p.n), rank = inputs[1]->dims.Rank();
    const float* b = inputs[1]->As<float>();
    size_t distance = matrix;
    if (inputs[1]->pitch != 0 && inputs[1]->pitch_axis + 2 == rank) {
      distance = inputs[1]->pitch;
    } else if (inputs[1]->pitch != 0) {
      // Its matrices have no one distance, or gaps between their rows.
      auto* dense = static_cast<float*>(context.Scratch(inputs[1]->Bytes()));
      inputs[1]->CopyTo(dense);
      b = dense;
    }
    const MatMulF32 first{p.m,
                          p.n,
                          p.k,
                          inputs[0]->As<float>(),
                          p.a.row_stride,
                          p.a.column_stride,
                          b,
                          p.b.row_stride,
                          p.b.column_stride,
                          alpha_};
    RunProducts({first, p.batches, inputs[1]->Count() / matrix, distance, [&](size_t i) { return p.Offset(p.a, i); },
                 [&](size_t i) { return p.Offset(p.b, i) / matrix; }},
                [&](size_t i) -> FloatOutput {
                  float* y = outputs[0].As<float>() + i * p.m * p.n;
                  return {nullptr, nullptr, 0, {Activation::kNone, 0, 0}, y, p.n};
                },
                nullptr, context);
  }

  bool ReadsPitched(size_t input) const override { return input == 1; }

 private:
  Product ProductOf(const Dims& a, const Dims& b) const {
    const auto refuse = [&] { RefuseShape("MatMul", "matrices that fit each other", a.Text() + " and " + b.Text()); };
    if (a.Rank() == 0 || b.Rank() == 0 || (trans_a_ && a.Rank() == 1) || (trans_b_ && b.Rank() == 1)) refuse();
    Product p{};
    p.a = OperandOf(a, trans_a_, true);
    p.b = OperandOf(b, trans_b_, false);
    if (p.a.columns != p.b.rows) refuse();
    p.m = p.a.rows;
    p.n = p.b.columns;
    p.k = p.a.columns;

    const size_t a_batch = a.Rank() < 2 ? 0 : a.Rank() - 2, b_batch = b.Rank() < 2 ? 0 : b.Rank() - 2;
    p.batch_rank = std::max(a_batch, b_batch);
    size_t a_stride = p.m * p.k, b_stride = p.k * p.n;
    for (size_t axis = p.batch_rank; axis-- > 0;) {
      const size_t missing_a = p.batch_rank - a_batch, missing_b = p.batch_rank - b_batch;
      const int64_t of_a = axis < missing_a ? 1 : a[axis - missing_a];
      const int64_t of_b = axis < missing_b ? 1 : b[axis - missing_b];
      if (of_a != of_b && of_a != 1 && of_b != 1) refuse();
      p.batch_sizes[axis] = static_cast<size_t>(of_a == 1 ? of_b : of_a);
      p.a.batch_strides[axis] = of_a == 1 ? 0 : a_stride;
      p.b.batch_strides[axis] = of_b == 1 ? 0 : b_stride;
      a_stride *= static_cast<size_t>(of_a);
      b_stride *= static_cast<size_t>(of_b);
    }
    for (size_t axis = 0; axis < p.batch_rank; ++axis) p.y.Append(static_cast<int64_t>(p.batch_sizes[axis]));
    p.batches = p.y.Count();
    if (a.Rank() > 1) p.y.Append(static_cast<int64_t>(p.m));
    if (b.Rank() > 1) p.y.Append(static_cast<int64_t>(p.n));

    // One b for all: the rows of all batches are those of one matrix.
    if (b_stride == p.k * p.n && !trans_a_ && p.batches > 1) {
      p.m *= p.batches;
      p.batches = 1;
      p.batch_rank = 0;
    }
    return p;
  }

  bool trans_a_, trans_b_;
  float alpha_;
};

}  // namespace

std::unique_ptr<Operator> MakeMatMul(OperatorSpec& spec) {
  CheckArity(spec, 2, 2);
  CheckFloatOperator("MatMul", spec, 2);
  return std::make_unique<MatMulOperator>(spec.attributes);
}

}  // namespace gossamer
