// Gather: the rows of x that indices name, along one axis.
#include <cstring>

#include "engine/operators/arguments.h"

namespace gossamer {
namespace {

inline void Prefetch(const void* address) {
#if defined(__GNUC__)
  __builtin_prefetch(address);
#endif
}

// The place of index i, counted from the end where negative.
inline size_t Place(const Tensor& indices, size_t i, int64_t size) {
  const int64_t index = IntegerAt(indices, i);
  if (index < -size || index >= size) {
    RefuseValue("Gather indices", "indices of an axis of " + std::to_string(size), std::to_string(index));
  }
  return static_cast<size_t>(index < 0 ? index + size : index);
}

class GatherOperator : public Operator {
 public:
  explicit GatherOperator(int64_t axis) : axis_(axis) {}

  void Shape(const TensorList& inputs, std::vector<Tensor>& outputs) const override {
    const Dims &x = inputs[0]->dims, &indices = inputs[1]->dims;
    const size_t axis = NormalAxis("Gather", axis_, x.Rank());
    Dims dims;
    for (size_t a = 0; a < axis; ++a) dims.Append(x[a]);
    for (size_t a = 0; a < indices.Rank(); ++a) dims.Append(indices[a]);
    for (size_t a = axis + 1; a < x.Rank(); ++a) dims.Append(x[a]);
    outputs[0].dims = dims;
  }

  void Run(const TensorList& inputs, const std::vector<Tensor>& outputs, RunContext& context) const override {
    const Dims& dims = inputs[0]->dims;
    const Tensor& indices = *inputs[1];
    const size_t axis = NormalAxis("Gather", axis_, dims.Rank()), element = ElementSize(outputs[0].type);
    const Rows rows{inputs[0]->As<uint8_t>(), outputs[0].As<uint8_t>(), dims[axis], indices.Count(),
                    dims.Count(axis + 1, dims.Rank()) * element};
    if (outputs[0].Count() == 0) return;
    const size_t count = dims.Count(0, axis) * rows.picked;
    // Small rows cost by the row, large ones by the byte.
    ForTiles(context, count, 4 + rows.bytes / 8, [&](size_t first, size_t end) {
      switch (rows.bytes) {
        case 1:
          return CopyElements<uint8_t>(rows, indices, first, end);
        case 2:
          return CopyElements<uint16_t>(rows, indices, first, end);
        case 4:
          return CopyElements<uint32_t>(rows, indices, first, end);
        case 8:
          return CopyElements<uint64_t>(rows, indices, first, end);
        default:
          return CopyRows(rows, indices, first, end);
      }
    });
  }

 private:
  struct Rows {
    const uint8_t* x;
    uint8_t* y;
    int64_t size;
    size_t picked, bytes;  // of one row
  };

  template <class T>
  static void CopyElements(const Rows& rows, const Tensor& indices, size_t first, size_t end) {
    size_t block = first / rows.picked, i = first % rows.picked;
    const size_t stride = static_cast<size_t>(rows.size) * sizeof(T);
    for (size_t at = first; at < end; ++at) {
      // memcpy: rows of several smaller elements need not be aligned
      std::memcpy(rows.y + at * sizeof(T), rows.x + block * stride + Place(indices, i, rows.size) * sizeof(T), sizeof(T));
      if (++i == rows.picked) {
        i = 0;
        ++block;
      }
    }
  }

  static void CopyRows(const Rows& rows, const Tensor& indices, size_t first, size_t end) {
    constexpr size_t kAhead = 4;  // rows: the first lines of a row far away are on their way while others are copied
    const size_t stride = static_cast<size_t>(rows.size) * rows.bytes;
    for (size_t at = first; at < end; ++at) {
      const size_t i = at % rows.picked;
      const uint8_t* block = rows.x + at / rows.picked * stride;
      if (i + kAhead < rows.picked) {
        const uint8_t* next = block + Place(indices, i + kAhead, rows.size) * rows.bytes;
        Prefetch(next);
        if (rows.bytes > 64) Prefetch(next + 64);
      }
      std::memcpy(rows.y + at * rows.bytes, block + Place(indices, i, rows.size) * rows.bytes, rows.bytes);
    }
  }

  int64_t axis_;
};

}  // namespace

std::unique_ptr<Operator> MakeGather(OperatorSpec& spec) {
  CheckArity(spec, 2, 2);
  CheckSameType(spec, 0, 0);
  CheckIntegers(spec, 1);
  return std::make_unique<GatherOperator>(spec.attributes.Int("axis", 0));
}

}  // namespace gossamer
