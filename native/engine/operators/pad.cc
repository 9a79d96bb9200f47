// Pad: more (or, with negative numbers, fewer) elements at the ends of axes.
#include <algorithm>
#include <cstring>

#include "engine/operators/element_types.h"

namespace gossamer {
namespace {

enum class PadMode : uint8_t { kConstant, kReflect, kEdge, kWrap };

// Where in an axis of x a place before or behind it is taken from; size > 0.
int64_t Outside(PadMode mode, int64_t at, int64_t size) {
  if (mode == PadMode::kEdge) return at < 0 ? 0 : size - 1;
  const int64_t period = mode == PadMode::kWrap || size == 1 ? size : 2 * (size - 1);
  const int64_t place = (at % period + period) % period;
  return place < size ? place : period - place;  // reflect: the edge itself is not repeated
}

// One axis of y: position i is position i - begin of x, `first` .. end - 1 of them inside.
struct PadAxis {
  int64_t size, output, begin, first, end;
};

class PadOperator : public Operator {
 public:
  explicit PadOperator(PadMode mode) : mode_(mode) {}

  void Shape(const TensorList& inputs, std::vector<Tensor>& outputs) const override {
    const Tensor* value = Optional(inputs, 2);
    if (value && value->Count() != 1) RefuseShape("Pad constant_value", "one element", value->dims.Text());
    PadAxis axes[kMaxRank];
    Axes(inputs, axes);
    Dims dims;
    for (size_t a = 0; a < inputs[0]->dims.Rank(); ++a) {
      if (mode_ != PadMode::kConstant && axes[a].size == 0 && axes[a].output > 0) {
        RefuseShape("Pad", "elements to take from along axis " + std::to_string(a), inputs[0]->dims.Text());
      }
      dims.Append(axes[a].output);
    }
    outputs[0].dims = dims;
  }

  void Run(const TensorList& inputs, const std::vector<Tensor>& outputs, RunContext& context) const override {
    const Dims &x = inputs[0]->dims, &y = outputs[0].dims;
    if (outputs[0].Count() == 0) return;
    PadAxis axes[kMaxRank];
    Axes(inputs, axes);
    // Axes behind the last one that changes move as one piece.
    size_t last = x.Rank();
    while (last > 0 && axes[last - 1].begin == 0 && axes[last - 1].output == axes[last - 1].size) --last;
    const size_t element = ElementSize(outputs[0].type);
    if (last == 0) return CopyBytes(inputs[0]->data, outputs[0].data, outputs[0].Bytes(), context);
    --last;
    const bool same_rows = std::all_of(axes, axes + last, [](const PadAxis& axis) {
      return axis.begin == 0 && axis.output == axis.size;
    });
    const size_t inner = x.Count(last + 1, x.Rank()), rows = y.Count(0, last);
    uint8_t value[8] = {};
    if (const Tensor* given = Optional(inputs, 2)) std::memcpy(value, given->data, element);
    ForTiles(context, rows, 16 + static_cast<size_t>(y[last]) * inner * element / 16, [&](size_t first, size_t end) {
      for (size_t row = first; row < end; ++row) {
        bool inside = true;
        const size_t source = same_rows ? row : SourceRow(axes, last, row, &inside);
        const uint8_t* from = inputs[0]->As<uint8_t>() + source * static_cast<size_t>(axes[last].size) * inner * element;
        uint8_t* to = outputs[0].As<uint8_t>() + row * static_cast<size_t>(y[last]) * inner * element;
        WithElement(element, [&](auto type) { Row<decltype(type)>(axes[last], inner, inside ? from : nullptr, value, to); });
      }
    });
  }

 private:
  // The row of x (axes before `last`) that row `row` of y is taken from; not *inside: none, it is constant.
  size_t SourceRow(const PadAxis* axes, size_t last, size_t row, bool* inside) const {
    size_t source = 0, stride = 1;
    for (size_t a = last; a-- > 0;) {
      const int64_t at = static_cast<int64_t>(row % static_cast<size_t>(axes[a].output)) - axes[a].begin;
      row /= static_cast<size_t>(axes[a].output);
      const bool within = at >= 0 && at < axes[a].size;
      if (!within && mode_ == PadMode::kConstant) {
        *inside = false;
        return 0;
      }
      source += stride * static_cast<size_t>(within ? at : Outside(mode_, at, axes[a].size));
      stride *= static_cast<size_t>(axes[a].size);
    }
    return source;
  }

  // Zeros are what most graphs fill with, and memset the fastest there is.
  template <class T>
  static void Fill(T* y, size_t count, T value) {
    if (value == 0) {
      std::memset(y, 0, count * sizeof(T));
    } else {
      std::fill_n(y, count, value);
    }
  }

  // x null: all constant.
  template <class T>
  void Row(const PadAxis& axis, size_t inner, const uint8_t* x_bytes, const uint8_t* value_bytes, uint8_t* y_bytes) const {
    const T* x = reinterpret_cast<const T*>(x_bytes);
    T* y = reinterpret_cast<T*>(y_bytes);
    T value;
    std::memcpy(&value, value_bytes, sizeof value);
    const size_t output = static_cast<size_t>(axis.output);
    if (x == nullptr) {
      Fill(y, output * inner, value);
      return;
    }
    const size_t first = static_cast<size_t>(axis.first), end = static_cast<size_t>(axis.end);
    if (end > first) {
      std::memcpy(y + first * inner, x + static_cast<size_t>(axis.first - axis.begin) * inner, (end - first) * inner * sizeof(T));
    }
    if (mode_ == PadMode::kConstant) {
      Fill(y, first * inner, value);
      Fill(y + end * inner, (output - end) * inner, value);
      return;
    }
    for (size_t i = 0; i < output; ++i) {
      if (i == first) i = end;
      if (i >= output) break;
      const int64_t from = Outside(mode_, static_cast<int64_t>(i) - axis.begin, axis.size);
      std::memcpy(y + i * inner, x + static_cast<size_t>(from) * inner, inner * sizeof(T));
    }
  }

  void Axes(const TensorList& inputs, PadAxis* axes) const {
    const Dims& x = inputs[0]->dims;
    const Integers pads = ReadIntegers("Pad pads", *inputs[1], 2 * kMaxRank);
    const Tensor* given = Optional(inputs, 3);
    Integers which;
    if (given) which = ReadIntegers("Pad axes", *given, kMaxRank);
    const size_t count = given ? which.count : x.Rank();
    if (pads.count != 2 * count) {
      RefuseShape("Pad pads", std::to_string(2 * count) + " numbers", std::to_string(pads.count));
    }
    for (size_t a = 0; a < x.Rank(); ++a) axes[a] = {x[a], x[a], 0, 0, x[a]};
    unsigned seen = 0;
    for (size_t i = 0; i < count; ++i) {
      const size_t a = given ? NormalAxis("Pad", which[i], x.Rank()) : i;
      if ((seen >> a & 1) != 0) RefuseShape("Pad axes", "each axis once", std::to_string(a) + " twice");
      seen |= 1u << a;
      const int64_t begin = pads[i], end = pads[i + count];
      constexpr int64_t kMost = int64_t{1} << 60;
      if (begin < -kMost || begin > kMost || end < -kMost || end > kMost || x[a] + begin + end < 0) {
        RefuseShape("Pad pads", "numbers that leave a size of 0 or more of " + std::to_string(x[a]),
                    std::to_string(begin) + " and " + std::to_string(end));
      }
      PadAxis& axis = axes[a];
      axis.output = x[a] + begin + end;
      axis.begin = begin;
      axis.first = std::min(std::max<int64_t>(begin, 0), axis.output);
      axis.end = std::max(std::min(x[a] + begin, axis.output), axis.first);
    }
  }

  PadMode mode_;
};

}  // namespace

std::unique_ptr<Operator> MakePad(OperatorSpec& spec) {
  CheckArity(spec, 2, 4);
  CheckSameType(spec, 0, 0);
  CheckIntegers(spec, 1);
  if (spec.Has(2)) CheckType(spec, 2, spec.inputs[0].type);
  CheckIntegers(spec, 3);
  const std::string mode = spec.attributes.Text("mode", "constant");
  if (mode == "constant") return std::make_unique<PadOperator>(PadMode::kConstant);
  if (mode == "reflect") return std::make_unique<PadOperator>(PadMode::kReflect);
  if (mode == "edge") return std::make_unique<PadOperator>(PadMode::kEdge);
  if (mode == "wrap") return std::make_unique<PadOperator>(PadMode::kWrap);
  RefuseProgram("Pad mode", "constant, reflect, edge or wrap", mode);
}

}  // namespace gossamer
