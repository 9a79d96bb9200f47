// GatherND and ScatterND: slices of x at places named by tuples of indices.
#include <cstring>

#include "engine/operators/scatter.h"

namespace gossamer {
namespace {

// Tuples are the last axis of the indices; each names a slice: one place along `depth` axes of x behind the batch axes.
struct Tuples {
  size_t batch_axes, depth, batches, per_batch, slice;

  size_t Count() const { return batches * per_batch; }
};

Tuples TuplesOf(const char* op, int64_t batch_dims, const Dims& x, const Dims& indices) {
  const size_t rank = indices.Rank();
  if (batch_dims < 0 || rank == 0 || batch_dims >= static_cast<int64_t>(rank) || x.Rank() == 0) {
    RefuseShape(std::string(op) + " indices", "at least an axis behind the batch axes", indices.Text());
  }
  const size_t batch = static_cast<size_t>(batch_dims);
  const int64_t depth = indices[rank - 1];
  if (depth > static_cast<int64_t>(x.Rank()) - batch_dims) {
    RefuseShape(std::string(op) + " indices", "tuples for the axes of " + x.Text(), indices.Text());
  }
  for (size_t a = 0; a < batch; ++a) {
    if (x[a] != indices[a]) RefuseShape(std::string(op) + " indices", "the batch axes of " + x.Text(), indices.Text());
  }
  const size_t axes = static_cast<size_t>(depth);
  return {batch, axes, indices.Count(0, batch), indices.Count(batch, rank - 1), x.Count(batch + axes, x.Rank())};
}

// The first element of x of the slice that tuple `at` names.
size_t SliceAt(const char* op, const Tuples& tuples, const Dims& x, const Tensor& indices, size_t at) {
  size_t offset = at / tuples.per_batch;
  for (size_t d = 0; d < tuples.depth; ++d) {
    const int64_t size = x[tuples.batch_axes + d];
    offset = offset * static_cast<size_t>(size) + PlaceOf(op, IntegerAt(indices, at * tuples.depth + d), size);
  }
  return offset * tuples.slice;
}

class GatherNdOperator : public Operator {
 public:
  explicit GatherNdOperator(int64_t batch_dims) : batch_dims_(batch_dims) {}

  void Shape(const TensorList& inputs, std::vector<Tensor>& outputs) const override {
    const Dims &x = inputs[0]->dims, &indices = inputs[1]->dims;
    const Tuples tuples = TuplesOf("GatherND", batch_dims_, x, indices);
    Dims dims;
    for (size_t a = 0; a + 1 < indices.Rank(); ++a) dims.Append(indices[a]);
    for (size_t a = tuples.batch_axes + tuples.depth; a < x.Rank(); ++a) dims.Append(x[a]);
    outputs[0].dims = dims;
  }
  void Run(const TensorList& inputs, const std::vector<Tensor>& outputs, RunContext& context) const override {
    const Dims& x = inputs[0]->dims;
    if (outputs[0].Count() == 0) return;
    const Tuples tuples = TuplesOf("GatherND", batch_dims_, x, inputs[1]->dims);
    const size_t element = ElementSize(outputs[0].type), bytes = tuples.slice * element;
    ForTiles(context, tuples.Count(), 4 + 4 * tuples.depth + bytes / 8, [&](size_t first, size_t end) {
      for (size_t at = first; at < end; ++at) {
        const size_t offset = SliceAt("GatherND", tuples, x, *inputs[1], at);
        std::memcpy(outputs[0].As<uint8_t>() + at * bytes, inputs[0]->As<uint8_t>() + offset * element, bytes);
      }
    });
  }

 private:
  int64_t batch_dims_;
};

class ScatterNdOperator : public Operator {
 public:
  explicit ScatterNdOperator(Reduction reduction) : reduction_(reduction) {}

  void Shape(const TensorList& inputs, std::vector<Tensor>& outputs) const override {
    const Dims &x = inputs[0]->dims, &indices = inputs[1]->dims, &updates = inputs[2]->dims;
    const Tuples tuples = TuplesOf("ScatterND", 0, x, indices);
    bool fits = updates.Rank() == indices.Rank() - 1 + x.Rank() - tuples.depth;
    for (size_t a = 0; fits && a < updates.Rank(); ++a) {
      fits = updates[a] == (a + 1 < indices.Rank() ? indices[a] : x[tuples.depth + a + 1 - indices.Rank()]);
    }
    if (!fits) RefuseShape("ScatterND updates", "a slice of " + x.Text() + " for each tuple of " + indices.Text(), updates.Text());
    outputs[0].dims = x;
  }
  // In order on one thread: of several updates of one place the last is kept, and sums do not depend on threads.
  void Run(const TensorList& inputs, const std::vector<Tensor>& outputs, RunContext& context) const override {
    const Dims& x = inputs[0]->dims;
    const Tensor& y = outputs[0];
    if (y.data != inputs[0]->data) CopyBytes(inputs[0]->data, y.data, y.Bytes(), context);
    if (inputs[2]->Count() == 0) return;
    const Tuples tuples = TuplesOf("ScatterND", 0, x, inputs[1]->dims);
    const size_t element = ElementSize(y.type), bytes = tuples.slice * element;
    for (size_t at = 0; at < tuples.Count(); ++at) {
      const size_t offset = SliceAt("ScatterND", tuples, x, *inputs[1], at);
      const uint8_t* update = inputs[2]->As<uint8_t>() + at * bytes;
      Reduce(reduction_, y.type, update, y.As<uint8_t>() + offset * element, tuples.slice);
    }
  }
  int InPlace() const override { return 0; }

 private:
  Reduction reduction_;
};

}  // namespace

std::unique_ptr<Operator> MakeGatherND(OperatorSpec& spec) {
  CheckArity(spec, 2, 2);
  CheckSameType(spec, 0, 0);
  CheckIntegers(spec, 1);
  return std::make_unique<GatherNdOperator>(spec.attributes.Int("batch_dims", 0));
}

std::unique_ptr<Operator> MakeScatterND(OperatorSpec& spec) {
  CheckArity(spec, 3, 3);
  CheckSameType(spec, 0, 0);
  CheckIntegers(spec, 1);
  CheckSameType(spec, 0, 2);
  return std::make_unique<ScatterNdOperator>(ReductionOf(spec));
}

}  // namespace gossamer
