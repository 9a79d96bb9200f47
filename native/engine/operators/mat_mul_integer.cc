// MatMulInteger: matrices of 8-bit integers, int32 results. A constant B of two dimensions is packed once.
#include <memory>
#include <vector>

#include "engine/operators/int8_rows.h"
#include "engine/operators/integer_products.h"

namespace gossamer {
namespace {

enum Input { kA, kB, kAZeroPoint, kBZeroPoint };

[[noreturn]] void Refuse(const std::string& what) { throw EngineError{"ERR_ENGINE_SHAPE", "MatMulInteger: " + what}; }

// The dims of a product as numpy has them: a vector is a matrix of one row (A) or one column (B), without that axis in
// y.
struct Sizes {
  int64_t rows, depth, outputs;
  Dims batch;  // of y
  Dims a_batch, b_batch;
  Dims y;
};

Sizes SizesOf(const Dims& a, const Dims& b) {
  if (a.Rank() == 0 || b.Rank() == 0)
    Refuse("expected at least one dimension, received " + a.Text() + " and " + b.Text());
  Sizes s{};
  s.rows = a.Rank() == 1 ? 1 : a[a.Rank() - 2];
  s.depth = a[a.Rank() - 1];
  s.outputs = b.Rank() == 1 ? 1 : b[b.Rank() - 1];
  const int64_t depth = b.Rank() == 1 ? b[0] : b[b.Rank() - 2];
  if (depth != s.depth) Refuse("expected as many columns of A as rows of B, received " + a.Text() + " and " + b.Text());
  for (size_t axis = 0; axis + 2 < a.Rank(); ++axis) s.a_batch.Append(a[axis]);
  for (size_t axis = 0; axis + 2 < b.Rank(); ++axis) s.b_batch.Append(b[axis]);
  const size_t rank = std::max(s.a_batch.Rank(), s.b_batch.Rank());
  for (size_t axis = 0; axis < rank; ++axis) {
    const size_t before_a = rank - s.a_batch.Rank(), before_b = rank - s.b_batch.Rank();
    const int64_t x = axis < before_a ? 1 : s.a_batch[axis - before_a],
                  w = axis < before_b ? 1 : s.b_batch[axis - before_b];
    if (x != w && x != 1 && w != 1)
      Refuse("expected batches that broadcast, received " + a.Text() + " and " + b.Text());
    s.batch.Append(x == 1 ? w : x);
  }
  s.y = s.batch;
  if (a.Rank() > 1) s.y.Append(s.rows);
  if (b.Rank() > 1) s.y.Append(s.outputs);
  return s;
}

// Which matrix of an operand with batch dims `own` belongs to matrix `index` of `all`.
size_t MatrixOf(size_t index, const Dims& all, const Dims& own) {
  size_t at = 0, step = 1;
  for (size_t i = 0; i < all.Rank(); ++i) {
    const size_t axis = all.Rank() - 1 - i, size = static_cast<size_t>(all[axis]), place = index % size;
    index /= size;
    if (i >= own.Rank()) continue;
    const size_t own_size = static_cast<size_t>(own[own.Rank() - 1 - i]);
    at += (own_size == 1 ? 0 : place) * step;
    step *= own_size;
  }
  return at;
}

// One matrix B [K, N], packed.
struct Packed {
  std::unique_ptr<PackedInt8> weights;
  std::vector<uint32_t> sums;
  size_t outputs, depth;

  Packed(const uint8_t* b, DataType type, size_t depth, size_t outputs, SparseMode sparse)
      : outputs(outputs), depth(depth) {
    std::vector<int8_t> w(depth * outputs);
    const uint8_t turn = type == DataType::kUint8 ? 0x80 : 0;
    for (size_t k = 0; k < depth; ++k) {
      for (size_t n = 0; n < outputs; ++n) w[n * depth + k] = static_cast<int8_t>(b[k * outputs + n] ^ turn);
    }
    sums = WeightSums(w.data(), outputs, depth);
    weights = PackInt8({w.data(), outputs, 1, depth}, sparse);
  }
};

class MatMulIntegerOperator : public Operator {
 public:
  explicit MatMulIntegerOperator(OperatorSpec& spec) {
    const Tensor* b = spec.Constant(kB);
    if (b == nullptr || b->dims.Rank() != 2) return;
    packed_ = std::make_unique<Packed>(b->As<uint8_t>(), b->type, static_cast<size_t>(b->dims[0]),
                                       static_cast<size_t>(b->dims[1]), SparseModeOf(spec.attributes));
    if (!spec.Has(kBZeroPoint) || spec.Constant(kBZeroPoint) != nullptr) {
      const Tensor* zero = spec.Constant(kBZeroPoint);
      if (zero == nullptr || zero->Count() == 1 || zero->Count() == packed_->outputs) {
        integers_ = std::make_unique<IntegerOutput>(IntegersOf(*packed_, b->type, zero));
      }
    }
    spec.released[kB] = true;
  }

  void Shape(const TensorList& inputs, std::vector<Tensor>& outputs) const override {
    const Sizes s = SizesOf(inputs[kA]->dims, inputs[kB]->dims);
    outputs[0].dims = s.y;
    const Tensor* a_zero = ZeroPoints(inputs, kAZeroPoint);
    const Tensor* b_zero = ZeroPoints(inputs, kBZeroPoint);
    // One number, or one for each row of A ([M], [.., M, 1]) and each column of B ([N], [.., 1, N]), the same in all
    // matrices.
    if (a_zero != nullptr && a_zero->Count() != 1 && a_zero->Count() != static_cast<size_t>(s.rows)) {
      Refuse("a_zero_point: expected one number or one for each row, received " + a_zero->dims.Text());
    }
    if (b_zero != nullptr && b_zero->Count() != 1 && b_zero->Count() != static_cast<size_t>(s.outputs)) {
      Refuse("b_zero_point: expected one number or one for each column, received " + b_zero->dims.Text());
    }
  }

  void Run(const TensorList& inputs, const std::vector<Tensor>& outputs, RunContext& context) const override {
    const Sizes s = SizesOf(inputs[kA]->dims, inputs[kB]->dims);
    const size_t rows = static_cast<size_t>(s.rows), depth = static_cast<size_t>(s.depth);
    if (outputs[0].Count() == 0) return;
    const uint8_t* a = Unsigned(*inputs[kA], context);
    int32_t* y = outputs[0].As<int32_t>();
    const Tensor* b_zero = ZeroPoints(inputs, kBZeroPoint);
    if (packed_ != nullptr) {  // one product with all rows of all matrices
      const size_t count = s.batch.Count() * rows;
      if (integers_ != nullptr) return Multiply(inputs, *packed_, *integers_, a, count, rows, y, context);
      const IntegerOutput integers = IntegersOf(*packed_, inputs[kB]->type, b_zero);
      return Multiply(inputs, *packed_, integers, a, count, rows, y, context);
    }
    const uint8_t* b = inputs[kB]->As<uint8_t>();
    const size_t b_size = depth * static_cast<size_t>(s.outputs), y_size = rows * static_cast<size_t>(s.outputs);
    size_t last = 0;
    std::unique_ptr<Packed> packed;
    for (size_t i = 0; i < s.batch.Count(); ++i) {
      const size_t matrix = MatrixOf(i, s.batch, s.b_batch);
      if (packed == nullptr || matrix != last) {
        packed = std::make_unique<Packed>(b + matrix * b_size, inputs[kB]->type, depth, static_cast<size_t>(s.outputs),
                                          SparseMode::kDense);
      }
      last = matrix;
      const IntegerOutput integers = IntegersOf(*packed, inputs[kB]->type, b_zero);
      Multiply(inputs, *packed, integers, a + MatrixOf(i, s.batch, s.a_batch) * rows * depth, rows, rows,
               y + i * y_size, context);
    }
  }

  std::string Note() const override { return packed_ == nullptr ? "packed in each run" : packed_->weights->Note(); }
  size_t PackedBytes() const override { return packed_ == nullptr ? 0 : packed_->weights->Bytes(); }

 private:
  static const Tensor* ZeroPoints(const TensorList& inputs, size_t i) {
    return i < inputs.size() ? inputs[i] : nullptr;
  }
  static const uint8_t* Unsigned(const Tensor& a, RunContext& context) {
    if (a.type == DataType::kUint8) return a.As<uint8_t>();
    uint8_t* turned = static_cast<uint8_t*>(context.Scratch(a.Count()));
    TurnSigns(a.As<uint8_t>(), a.Count(), turned);
    return turned;
  }

  static IntegerOutput IntegersOf(const Packed& b, DataType type, const Tensor* b_zero) {
    std::vector<int32_t> zeros(b.outputs);
    for (size_t n = 0; n < b.outputs; ++n) zeros[n] = ZeroPointAt(b_zero, n) - (type == DataType::kUint8 ? 128 : 0);
    return IntegerOutput(b.sums, std::move(zeros), b.depth);
  }

  // `count` rows of A, `rows` of them a matrix.
  static void Multiply(const TensorList& inputs, const Packed& b, const IntegerOutput& integers, const uint8_t* a,
                       size_t count, size_t rows, int32_t* y, RunContext& context) {
    const Tensor* a_zero = ZeroPoints(inputs, kAZeroPoint);
    const int32_t a_shift = inputs[kA]->type == DataType::kInt8 ? 128 : 0;
    const bool by_row = a_zero != nullptr && a_zero->Count() > 1;
    Int8Output output = integers.For(by_row ? 0 : ZeroPointAt(a_zero, 0) + a_shift, context);
    output.y = y;
    output.y_stride = b.outputs;
    RunInt8Rows(*b.weights, b.outputs, b.depth, a, {nullptr, count, 1, b.depth, b.depth}, b.depth, output,
                integers.NeedsRowSums(), context);
    if (!by_row) return;
    for (size_t m = 0; m < count; ++m) {
      const uint32_t zero = static_cast<uint32_t>(ZeroPointAt(a_zero, m % rows) + a_shift);
      for (size_t n = 0; n < b.outputs; ++n) {
        int32_t& sum = y[m * b.outputs + n];
        sum = static_cast<int32_t>(static_cast<uint32_t>(sum) - zero * integers.Difference(n));
      }
    }
  }

  std::unique_ptr<Packed> packed_;
  std::unique_ptr<IntegerOutput> integers_;  // where the zero points of a packed B are constant too
};

}  // namespace

std::unique_ptr<Operator> MakeMatMulInteger(OperatorSpec& spec) {
  if (!spec.Has(kA) || !spec.Has(kB) || spec.inputs.size() > 4 || spec.outputs.size() != 1) {
    throw EngineError{"ERR_ENGINE_PROGRAM", "MatMulInteger: expected inputs A and B, zero points, and one output"};
  }
  RequireByteType(spec, kA, "A");
  RequireByteType(spec, kB, "B");
  for (size_t i : {kAZeroPoint, kBZeroPoint}) {
    if (spec.Has(i)) RequireByteType(spec, i, "zero point");
  }
  if (spec.outputs[0] != DataType::kInt32) throw EngineError{"ERR_ENGINE_TYPE", "MatMulInteger: expected int32 y"};
  return std::make_unique<MatMulIntegerOperator>(spec);
}

}  // namespace gossamer
