// Comparisons, logic, bits, and the choice between two inputs.
#include <cmath>
#include <cstring>

#include "engine/operators/binary.h"
#include "engine/operators/map.h"

namespace gossamer {
namespace {

constexpr size_t kCheap = 1;

// Bools are 0 and 1.
#define GOSSAMER_COMPARISON(Name, operation) \
  struct Name {                              \
    template <class T>                       \
    uint8_t operator()(T a, T b) const {     \
      return operation ? 1 : 0;              \
    }                                        \
  }
GOSSAMER_COMPARISON(EqualOf, a == b);
GOSSAMER_COMPARISON(GreaterOf, a > b);
GOSSAMER_COMPARISON(GreaterOrEqualOf, a >= b);
GOSSAMER_COMPARISON(LessOf, a < b);
GOSSAMER_COMPARISON(LessOrEqualOf, a <= b);
GOSSAMER_COMPARISON(AndOf, a != 0 && b != 0);
GOSSAMER_COMPARISON(OrOf, a != 0 || b != 0);
GOSSAMER_COMPARISON(XorOf, (a != 0) != (b != 0));
#undef GOSSAMER_COMPARISON

// Of unsigned types; a shift by the width of the type or more gives 0.
#define GOSSAMER_BITS(Name, operation) \
  struct Name {                        \
    template <class T>                 \
    T operator()(T a, T b) const {     \
      return static_cast<T>(operation); \
    }                                  \
  }
GOSSAMER_BITS(BitAndOf, a & b);
GOSSAMER_BITS(BitOrOf, a | b);
GOSSAMER_BITS(BitXorOf, a ^ b);
GOSSAMER_BITS(ShiftLeftOf, b < sizeof(T) * 8 ? static_cast<uint64_t>(a) << b : 0);
GOSSAMER_BITS(ShiftRightOf, b < sizeof(T) * 8 ? static_cast<uint64_t>(a) >> b : 0);
#undef GOSSAMER_BITS

template <class F>
BinaryPiece* BitsLoop(size_t bytes) {
  switch (bytes) {
    case 1: return BinaryLoop<uint8_t, uint8_t, uint8_t, F>;
    case 2: return BinaryLoop<uint16_t, uint16_t, uint16_t, F>;
    case 4: return BinaryLoop<uint32_t, uint32_t, uint32_t, F>;
    default: return BinaryLoop<uint64_t, uint64_t, uint64_t, F>;
  }
}

bool IsFloat(DataType type) {
  return type == DataType::kFloat32 || type == DataType::kFloat64 || type == DataType::kFloat16 ||
         type == DataType::kBfloat16;
}

// All bits of `yes` or of `no`, without a branch: conditions need not follow any pattern.
template <class T>
T Chosen(uint8_t condition, T yes, T no) {
  const T mask = static_cast<T>(condition != 0 ? ~T{0} : T{0});
  return static_cast<T>((yes & mask) | (no & static_cast<T>(~mask)));
}
// Steps are 0 or 1; of one constant each, so that the loop can be vectorised.
template <bool kStepA, bool kStepB, class T>
void ChooseRow(const uint8_t* condition, const T* a, const T* b, size_t count, T* y) {
  constexpr size_t kBlock = 16;  // gathered beside y, which may be one of the others: vectorised
  size_t i = 0;
  for (; i + kBlock <= count; i += kBlock) {
    T chosen[kBlock];
    for (size_t j = 0; j < kBlock; ++j) {
      chosen[j] = Chosen(condition[i + j], a[kStepA ? i + j : 0], b[kStepB ? i + j : 0]);
    }
    std::memcpy(y + i, chosen, sizeof chosen);
  }
  for (; i < count; ++i) y[i] = Chosen(condition[i], a[kStepA ? i : 0], b[kStepB ? i : 0]);
}
template <class T>
void ChooseRow(const uint8_t* condition, const T* a, const T* b, const size_t (&steps)[3], size_t count, T* y) {
  if (steps[0] == 0) {
    const bool first = *condition != 0;
    const T* from = first ? a : b;
    const size_t step = steps[first ? 1 : 2];
    for (size_t i = 0; i < count; ++i) y[i] = from[i * step];
  } else if (steps[1] != 0 && steps[2] != 0) {
    ChooseRow<true, true>(condition, a, b, count, y);
  } else if (steps[1] != 0) {
    const T fill = *b;  // y may be the array of a, not that of b
    ChooseRow<true, false>(condition, a, &fill, count, y);
  } else if (steps[2] != 0) {
    const T fill = *a;
    ChooseRow<false, true>(condition, &fill, b, count, y);
  } else {
    const T first = *a, second = *b;
    ChooseRow<false, false>(condition, &first, &second, count, y);
  }
}

template <class T>
class WhereOperator : public Operator {
 public:
  void Shape(const TensorList& inputs, std::vector<Tensor>& outputs) const override {
    outputs[0].dims = BroadcastDims("Where", inputs.data(), 3);
  }
  int InPlace() const override { return 1; }
  void Run(const TensorList& inputs, const std::vector<Tensor>& outputs, RunContext& context) const override {
    const uint8_t* condition = inputs[0]->As<uint8_t>();
    const T *x = inputs[1]->As<T>(), *y = inputs[2]->As<T>();
    T* result = outputs[0].As<T>();
    const Broadcast plan = PlanBroadcast(outputs[0].dims, inputs.data(), 3);
    const size_t steps[] = {plan.Step(0), plan.Step(1), plan.Step(2)};
    const size_t next[] = {plan.RowStride(0), plan.RowStride(1), plan.RowStride(2)};
    ForTiles(context, outputs[0].Count(), kCheap, [&](size_t first, size_t end) {
      ForPieces<3>(plan, first, end, [&](size_t at, const size_t(&offsets)[3], size_t rows, size_t cols) {
        for (size_t r = 0; r < rows; ++r) {
          ChooseRow(condition + offsets[0] + r * next[0], x + offsets[1] + r * next[1], y + offsets[2] + r * next[2],
                    steps, cols, result + at + r * cols);
        }
      });
    });
  }
};

}  // namespace

// Equal, Greater, GreaterOrEqual, Less, LessOrEqual, And, Or, Xor.
std::unique_ptr<Operator> MakeComparison(OperatorSpec& spec) {
  CheckArity(spec, 2, 2);
  const DataType type = spec.inputs[0].type;
  CheckType(spec, 1, type);
  CheckOutputType(spec, 0, DataType::kBool);
  BinaryPiece* piece = nullptr;
  if (spec.type == "Equal") piece = LoopForType<EqualOf, uint8_t>(type);
  if (spec.type == "Greater") piece = LoopForType<GreaterOf, uint8_t>(type);
  if (spec.type == "GreaterOrEqual") piece = LoopForType<GreaterOrEqualOf, uint8_t>(type);
  if (spec.type == "Less") piece = LoopForType<LessOf, uint8_t>(type);
  if (spec.type == "LessOrEqual") piece = LoopForType<LessOrEqualOf, uint8_t>(type);
  if (spec.type == "And" || spec.type == "Or" || spec.type == "Xor") {
    CheckType(spec, 0, DataType::kBool);
    const bool and_of = spec.type == "And", or_of = spec.type == "Or";
    using Byte = uint8_t;
    piece = and_of  ? BinaryLoop<Byte, Byte, Byte, AndOf>
            : or_of ? BinaryLoop<Byte, Byte, Byte, OrOf>
                    : BinaryLoop<Byte, Byte, Byte, XorOf>;
  }
  if (piece == nullptr) RefuseType(spec.type, "a type of numbers or bool", type);
  return MakeBinaryOperator(spec, piece, kCheap);
}

// BitShift, BitwiseAnd, BitwiseOr, BitwiseXor.
std::unique_ptr<Operator> MakeBitwise(OperatorSpec& spec) {
  CheckArity(spec, 2, 2);
  const DataType type = spec.inputs[0].type;
  CheckType(spec, 1, type);
  CheckSameType(spec, 0, 0);
  if (IsFloat(type) || type == DataType::kBool) RefuseType(spec.type, "a type of whole numbers", type);
  const size_t bytes = ElementSize(type);
  BinaryPiece* piece = BitsLoop<BitXorOf>(bytes);
  if (spec.type == "BitwiseAnd") piece = BitsLoop<BitAndOf>(bytes);
  if (spec.type == "BitwiseOr") piece = BitsLoop<BitOrOf>(bytes);
  if (spec.type == "BitShift") {
    if (type == DataType::kInt8 || type == DataType::kInt16 || type == DataType::kInt32 || type == DataType::kInt64) {
      RefuseType("BitShift", "an unsigned type", type);
    }
    const std::string direction = spec.attributes.Text("direction", "");
    if (direction != "LEFT" && direction != "RIGHT") RefuseProgram("BitShift direction", "LEFT or RIGHT", direction);
    piece = direction == "LEFT" ? BitsLoop<ShiftLeftOf>(bytes) : BitsLoop<ShiftRightOf>(bytes);
  }
  return MakeBinaryOperator(spec, piece, kCheap);
}

// Not, BitwiseNot, IsNaN, IsInf.
std::unique_ptr<Operator> MakeTest(OperatorSpec& spec) {
  CheckArity(spec, 1, 1);
  const DataType type = spec.inputs[0].type;
  if (spec.type == "Not") {
    CheckType(spec, 0, DataType::kBool);
    CheckOutputType(spec, 0, DataType::kBool);
    return MakeMap(spec, kCheap, EachElement<uint8_t, uint8_t>([](uint8_t x) { return x == 0 ? 1 : 0; }));
  }
  if (spec.type == "BitwiseNot") {
    CheckSameType(spec, 0, 0);
    if (IsFloat(type) || type == DataType::kBool) RefuseType("BitwiseNot", "a type of whole numbers", type);
    return MakeMap(spec, kCheap, [size = ElementSize(type)](const uint8_t* x, size_t count, uint8_t* y) {
      for (size_t i = 0; i < count * size; ++i) y[i] = static_cast<uint8_t>(~x[i]);
    });
  }
  CheckOutputType(spec, 0, DataType::kBool);
  if (type != DataType::kFloat32 && type != DataType::kFloat64) RefuseType(spec.type, "float32 or float64", type);
  const bool wide = type == DataType::kFloat64;
  if (spec.type == "IsNaN") {
    if (wide) return MakeMap(spec, kCheap, EachElement<double, uint8_t>([](double x) { return x != x ? 1 : 0; }));
    return MakeMap(spec, kCheap, EachElement<float, uint8_t>([](float x) { return x != x ? 1 : 0; }));
  }
  const bool low = spec.attributes.Int("detect_negative", 1) != 0;
  const bool high = spec.attributes.Int("detect_positive", 1) != 0;
  const auto is_infinite = [low, high](auto x) { return std::isinf(x) && (x < 0 ? low : high) ? 1 : 0; };
  if (wide) return MakeMap(spec, kCheap, EachElement<double, uint8_t>(is_infinite));
  return MakeMap(spec, kCheap, EachElement<float, uint8_t>(is_infinite));
}

std::unique_ptr<Operator> MakeWhere(OperatorSpec& spec) {
  CheckArity(spec, 3, 3);
  CheckType(spec, 0, DataType::kBool);
  CheckType(spec, 2, spec.inputs[1].type);
  CheckSameType(spec, 0, 1);
  switch (ElementSize(spec.outputs[0])) {
    case 1: return std::make_unique<WhereOperator<uint8_t>>();
    case 2: return std::make_unique<WhereOperator<uint16_t>>();
    case 4: return std::make_unique<WhereOperator<uint32_t>>();
    default: return std::make_unique<WhereOperator<uint64_t>>();
  }
}

}  // namespace gossamer
