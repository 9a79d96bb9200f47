// MaxPool, AveragePool, LpPool and their global forms over [N, C, spatial...], as the standard has them: plane by plane.
// Convolutional models use the pools over NHWC (pool_nhwc.cc), which are faster.
#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/operators/pool_window.h"

namespace gossamer {
namespace {

constexpr size_t kMaxSpatial = kMaxRank - 2;

// The windows of one plane: for each spatial axis the taps of each output position.
struct Plane {
  size_t rank, input, output;  // elements
  PoolAxis axes[kMaxSpatial];
  const PoolTaps* taps[kMaxSpatial];
  size_t strides[kMaxSpatial];

  // Calls visit(offset) for each element of the window at `position`, in row-major order.
  template <class Visit>
  void ForWindow(size_t position, const Visit& visit) const {
    size_t first[kMaxSpatial], count[kMaxSpatial], at[kMaxSpatial] = {}, offset = 0;
    for (size_t a = rank; a-- > 0;) {
      const size_t o = position % axes[a].output;
      const PoolTaps& range = taps[a][o];
      if (range.first >= range.end) return;
      first[a] = o * axes[a].stride + range.first * axes[a].dilation - axes[a].pad_begin;
      count[a] = range.end - range.first;
      offset += first[a] * strides[a];
      position /= axes[a].output;
    }
    for (;;) {
      visit(offset);
      size_t a = rank;
      for (; a-- > 0;) {
        offset += axes[a].dilation * strides[a];
        if (++at[a] < count[a]) break;
        offset -= count[a] * axes[a].dilation * strides[a];
        at[a] = 0;
      }
      if (a == static_cast<size_t>(-1)) return;
    }
  }

  // What an average over the window at `position` divides by.
  size_t CountAt(size_t position, bool include_pad) const {
    size_t product = 1;
    for (size_t a = rank; a-- > 0;) {
      const PoolTaps& range = taps[a][position % axes[a].output];
      product *= include_pad ? range.padded : range.first < range.end ? range.end - range.first : 0;
      position /= axes[a].output;
    }
    return product;
  }
};

class StandardPool : public Operator {
 public:
  explicit StandardPool(const OperatorSpec& spec, bool global) : op_(spec.type), window_(spec, global) {}

  void Shape(const TensorList& inputs, std::vector<Tensor>& outputs) const override {
    const Dims& x = inputs[0]->dims;
    PoolAxis axes[kMaxSpatial];
    Place(x, axes);
    Dims dims{x[0], x[1]};
    for (size_t a = 2; a < x.Rank(); ++a) dims.Append(static_cast<int64_t>(axes[a - 2].output));
    for (Tensor& output : outputs) output.dims = dims;
  }

  void Run(const TensorList& inputs, const std::vector<Tensor>& outputs, RunContext& context) const override {
    const Dims& x = inputs[0]->dims;
    if (outputs[0].Count() == 0) return;
    Plane plane;
    plane.rank = x.Rank() - 2;
    plane.input = x.Count(2, x.Rank());
    plane.output = outputs[0].dims.Count(2, x.Rank());
    Place(x, plane.axes);
    size_t most = 1;
    for (size_t a = 0; a < plane.rank; ++a) {
      const PoolAxis& axis = plane.axes[a];
      auto* taps = static_cast<PoolTaps*>(context.Scratch(axis.output * sizeof(PoolTaps)));
      for (size_t o = 0; o < axis.output; ++o) taps[o] = axis.Taps(o);
      plane.taps[a] = taps;
      plane.strides[a] = x.Count(a + 3, x.Rank());
      most *= axis.MostTaps();
    }
    // Of a plane as much as one tile: planes of large images are many tiles.
    ForTiles(context, outputs[0].Count(), 8 + 4 * most, [&](size_t first, size_t end) {
      for (size_t i = first; i < end; ++i) Pool(plane, inputs[0]->data, i / plane.output, i % plane.output, outputs);
    });
  }

 protected:
  // Output `position` of plane number `index`.
  virtual void Pool(const Plane& plane, const void* x, size_t index, size_t position, const std::vector<Tensor>& outputs) const = 0;
  bool IncludesPad() const { return window_.IncludesPad(); }

 private:
  void Place(const Dims& x, PoolAxis* axes) const {
    if (x.Rank() < 3) RefuseShape(op_ + " X", "[N, C, spatial...]", x.Text());
    window_.Place(x, 2, x.Rank() - 2, axes);
  }

  std::string op_;
  PoolWindow window_;
};

// NaN wins; -infinity, or the smallest integer, where the window is empty.
template <class T>
class StandardMaxPool : public StandardPool {
 public:
  StandardMaxPool(const OperatorSpec& spec, bool global)
      : StandardPool(spec, global), by_column_(spec.attributes.Int("storage_order", 0) == 1) {}

 private:
  void Pool(const Plane& plane, const void* x, size_t index, size_t position, const std::vector<Tensor>& outputs) const override {
    const T* elements = static_cast<const T*>(x) + index * plane.input;
    T best = std::numeric_limits<T>::has_infinity ? -std::numeric_limits<T>::infinity() : std::numeric_limits<T>::lowest();
    size_t pick = 0;
    bool found = false;
    plane.ForWindow(position, [&](size_t offset) {
      const T value = elements[offset];
      if (found && !(value > best) && !(value != value && best == best)) return;
      best = value;
      pick = offset;
      found = true;
    });
    outputs[0].As<T>()[index * plane.output + position] = best;
    if (outputs.size() < 2) return;
    // Places count through the whole tensor; within a plane by row or, storage_order 1, by column.
    size_t place = by_column_ ? 0 : pick, scale = 1;
    for (size_t a = 0; by_column_ && found && a < plane.rank; ++a) {
      place += pick / plane.strides[a] % plane.axes[a].size * scale;
      scale *= plane.axes[a].size;
    }
    outputs[1].As<int64_t>()[index * plane.output + position] = static_cast<int64_t>(index * plane.input + place);
  }

  bool by_column_;
};

class StandardAveragePool : public StandardPool {
  using StandardPool::StandardPool;
  void Pool(const Plane& plane, const void* x, size_t index, size_t position, const std::vector<Tensor>& outputs) const override {
    const float* elements = static_cast<const float*>(x) + index * plane.input;
    float sum = 0;
    plane.ForWindow(position, [&](size_t offset) { sum += elements[offset]; });
    const float count = static_cast<float>(plane.CountAt(position, IncludesPad()));
    outputs[0].As<float>()[index * plane.output + position] = sum / count;
  }
};

// The p-norm of each window, in double.
class StandardLpPool : public StandardPool {
 public:
  StandardLpPool(const OperatorSpec& spec, bool global)
      : StandardPool(spec, global), p_(static_cast<double>(spec.attributes.Int("p", 2))) {}

 private:
  void Pool(const Plane& plane, const void* x, size_t index, size_t position, const std::vector<Tensor>& outputs) const override {
    const float* elements = static_cast<const float*>(x) + index * plane.input;
    double sum = 0;
    plane.ForWindow(position, [&](size_t offset) {
      const double value = std::fabs(static_cast<double>(elements[offset]));
      sum += p_ == 2 ? value * value : std::pow(value, p_);
    });
    const double norm = p_ == 2 ? std::sqrt(sum) : std::pow(sum, 1 / p_);
    outputs[0].As<float>()[index * plane.output + position] = static_cast<float>(norm);
  }

  double p_;
};

template <class Pool>
std::unique_ptr<Operator> MakeFloat(OperatorSpec& spec, bool global) {
  CheckArity(spec, 1, 1);
  CheckType(spec, 0, DataType::kFloat32);
  CheckSameType(spec, 0, 0);
  return std::make_unique<Pool>(spec, global);
}

std::unique_ptr<Operator> MakeMax(OperatorSpec& spec, bool global) {
  CheckArity(spec, 1, 1, global ? 1 : 2);
  CheckSameType(spec, 0, 0);
  CheckOutputType(spec, 1, DataType::kInt64);
  const DataType type = spec.inputs[0].type;
  if (type == DataType::kUint8) return std::make_unique<StandardMaxPool<uint8_t>>(spec, global);
  if (type == DataType::kInt8) return std::make_unique<StandardMaxPool<int8_t>>(spec, global);
  CheckType(spec, 0, DataType::kFloat32);
  return std::make_unique<StandardMaxPool<float>>(spec, global);
}

}  // namespace

std::unique_ptr<Operator> MakeMaxPool(OperatorSpec& spec) { return MakeMax(spec, false); }
std::unique_ptr<Operator> MakeGlobalMaxPool(OperatorSpec& spec) { return MakeMax(spec, true); }
std::unique_ptr<Operator> MakeAveragePool(OperatorSpec& spec) { return MakeFloat<StandardAveragePool>(spec, false); }
std::unique_ptr<Operator> MakeGlobalAveragePool(OperatorSpec& spec) { return MakeFloat<StandardAveragePool>(spec, true); }
std::unique_ptr<Operator> MakeLpPool(OperatorSpec& spec) { return MakeFloat<StandardLpPool>(spec, false); }
std::unique_ptr<Operator> MakeGlobalLpPool(OperatorSpec& spec) { return MakeFloat<StandardLpPool>(spec, true); }

}  // namespace gossamer
