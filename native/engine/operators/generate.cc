// ConstantOfShape, Range, EyeLike: elements made of few numbers.
#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/operators/element_types.h"

namespace gossamer {
namespace {

class ConstantOfShapeOperator : public Operator {
 public:
  ConstantOfShapeOperator(DataType type, const Attributes& attributes) {
    const bool is_float = type == DataType::kFloat32 || type == DataType::kFloat64;
    if (is_float) real_ = attributes.Float("value", 0);
    if (!is_float) whole_ = attributes.Int("value", 0);
    if (!IsNumber(type) && type != DataType::kBool && whole_ != 0) {
      RefuseType("ConstantOfShape", "a value of 0 or another type", type);
    }
  }

  void Shape(const TensorList& inputs, std::vector<Tensor>& outputs) const override {
    const Integers sizes = ReadIntegers("ConstantOfShape input", *inputs[0], kMaxRank);
    outputs[0].dims = Dims(sizes.values, sizes.count);
  }

  void Run(const TensorList&, const std::vector<Tensor>& outputs, RunContext& context) const override {
    const Tensor& y = outputs[0];
    const auto fill = [&](auto value) {
      using T = decltype(value);
      T* elements = y.As<T>();
      ForTiles(context, y.Count(), 1, [&](size_t first, size_t end) { std::fill(elements + first, elements + end, value); });
    };
    const bool number = WithNumber(y.type, [&](auto type) {
      using T = decltype(type);
      fill(std::is_floating_point_v<T> ? static_cast<T>(real_) : static_cast<T>(whole_));
    });
    if (number) return;
    if (y.type == DataType::kBool) return fill(static_cast<uint8_t>(whole_ != 0));
    fill(uint16_t{0});  // float16, bfloat16
  }

 private:
  float real_ = 0;
  int64_t whole_ = 0;
};

class RangeOperator : public Operator {
 public:
  void Shape(const TensorList& inputs, std::vector<Tensor>& outputs) const override {
    for (const Tensor* input : inputs) {
      if (input->Count() != 1) RefuseShape("Range", "one number each", input->dims.Text());
    }
    int64_t count = 0;
    WithNumber(inputs[0]->type, [&](auto type) {
      using T = decltype(type);
      count = Count(*inputs[0]->As<T>(), *inputs[1]->As<T>(), *inputs[2]->As<T>());
    });
    outputs[0].dims = Dims{count};
  }

  void Run(const TensorList& inputs, const std::vector<Tensor>& outputs, RunContext& context) const override {
    WithNumber(inputs[0]->type, [&](auto type) {
      using T = decltype(type);
      // The arithmetic of integers wraps, but the numbers of a range never reach that.
      using Wide = std::conditional_t<std::is_floating_point_v<T>, T, uint64_t>;
      const Wide start = static_cast<Wide>(*inputs[0]->As<T>()), delta = static_cast<Wide>(*inputs[2]->As<T>());
      T* y = outputs[0].As<T>();
      ForTiles(context, outputs[0].Count(), 1, [&](size_t first, size_t end) {
        for (size_t i = first; i < end; ++i) y[i] = static_cast<T>(start + static_cast<Wide>(i) * delta);
      });
    });
  }

 private:
  template <class T>
  static int64_t Count(T start, T limit, T delta) {
    if (delta == 0) RefuseValue("Range delta", "a number other than 0", "0");
    if constexpr (std::is_floating_point_v<T>) {
      const double count = std::ceil((static_cast<double>(limit) - static_cast<double>(start)) / static_cast<double>(delta));
      if (!(count < 288230376151711744.0)) RefuseShape("Range", "fewer than 2^58 numbers", std::to_string(count));
      return count > 0 ? static_cast<int64_t>(count) : 0;
    } else {
      const bool up = delta > 0;
      if (up ? limit <= start : limit >= start) return 0;
      const uint64_t a = static_cast<uint64_t>(start), b = static_cast<uint64_t>(limit), d = static_cast<uint64_t>(delta);
      const uint64_t count = (up ? b - a - 1 : a - b - 1) / (up ? d : uint64_t{0} - d) + 1;
      return count > static_cast<uint64_t>(std::numeric_limits<int64_t>::max()) ? std::numeric_limits<int64_t>::max()
                                                                               : static_cast<int64_t>(count);
    }
  }
};

class EyeLikeOperator : public Operator {
 public:
  explicit EyeLikeOperator(int64_t diagonal) : diagonal_(diagonal) {}

  void Shape(const TensorList& inputs, std::vector<Tensor>& outputs) const override {
    if (inputs[0]->dims.Rank() != 2) RefuseShape("EyeLike input", "a matrix", inputs[0]->dims.Text());
    outputs[0].dims = inputs[0]->dims;
  }

  void Run(const TensorList&, const std::vector<Tensor>& outputs, RunContext&) const override {
    const Tensor& y = outputs[0];
    const size_t cols = static_cast<size_t>(y.dims[1]);
    if (y.Count() == 0) return;
    const auto fill = [&](auto one) {
      using T = decltype(one);
      std::fill(y.As<T>(), y.As<T>() + y.Count(), T{0});
      for (int64_t r = std::max<int64_t>(0, -diagonal_); r < y.dims[0] && r + diagonal_ < y.dims[1]; ++r) {
        y.As<T>()[static_cast<size_t>(r) * cols + static_cast<size_t>(r + diagonal_)] = one;
      }
    };
    if (WithNumber(y.type, [&](auto type) { fill(static_cast<decltype(type)>(1)); })) return;
    if (y.type == DataType::kBool) return fill(uint8_t{1});
    fill(static_cast<uint16_t>(y.type == DataType::kFloat16 ? 0x3c00 : 0x3f80));
  }

 private:
  int64_t diagonal_;
};

}  // namespace

std::unique_ptr<Operator> MakeConstantOfShape(OperatorSpec& spec) {
  CheckArity(spec, 1, 1);
  CheckIntegers(spec, 0);
  return std::make_unique<ConstantOfShapeOperator>(spec.outputs[0], spec.attributes);
}

std::unique_ptr<Operator> MakeRange(OperatorSpec& spec) {
  CheckArity(spec, 3, 3);
  for (size_t i = 0; i < 3; ++i) CheckSameType(spec, 0, i);
  if (!IsNumber(spec.outputs[0])) RefuseType("Range", "numbers", spec.outputs[0]);
  return std::make_unique<RangeOperator>();
}

std::unique_ptr<Operator> MakeEyeLike(OperatorSpec& spec) {
  CheckArity(spec, 1, 1);
  const int64_t diagonal = spec.attributes.Int("k", 0);
  return std::make_unique<EyeLikeOperator>(diagonal);  // at most 2^53, so that sums with sizes do not overflow
}

}  // namespace gossamer
