// Arithmetic of two inputs, and of any number: float32 by the kernels, other types by plain loops. Integers wrap; an
// integer that is divided by 0 becomes 0.
#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "engine/operators/binary.h"
#include "kernels/binary_f32/binary_f32.h"
#include "kernels/unary_f32/unary_f32.h"

namespace gossamer {
namespace {

constexpr size_t kCheap = 1, kLibrary = 16;  // costs

template <Binary kKind>
void KernelPiece(const Operand& a, const Operand& b, size_t rows, size_t cols, void* y) {
  BinaryF32()(kKind, {static_cast<const float*>(a.data), a.row_stride, a.step},
              {static_cast<const float*>(b.data), b.row_stride, b.step}, rows, cols, static_cast<float*>(y));
}

template <class T>
constexpr bool kIsInteger = std::is_integral_v<T>;
// Wide enough that no product of two T overflows, and unsigned, so that it wraps.
template <class T>
uint64_t Wide(T x) {
  return static_cast<uint64_t>(x);
}

struct AddOf {
  template <class T>
  T operator()(T a, T b) const {
    if constexpr (kIsInteger<T>) return static_cast<T>(Wide(a) + Wide(b));
    return a + b;
  }
};
struct SubOf {
  template <class T>
  T operator()(T a, T b) const {
    if constexpr (kIsInteger<T>) return static_cast<T>(Wide(a) - Wide(b));
    return a - b;
  }
};
struct MulOf {
  template <class T>
  T operator()(T a, T b) const {
    if constexpr (kIsInteger<T>) return static_cast<T>(Wide(a) * Wide(b));
    return a * b;
  }
};
struct DivOf {
  template <class T>
  T operator()(T a, T b) const {
    if constexpr (kIsInteger<T>) {
      if (b == T{0}) return T{0};
      if constexpr (std::is_signed_v<T>) {
        if (b == T{-1}) return static_cast<T>(uint64_t{0} - Wide(a));  // the smallest number has no opposite
      }
      return static_cast<T>(a / b);
    } else {
      return a / b;
    }
  }
};
struct MinOf {
  template <class T>
  T operator()(T a, T b) const {
    return a != a || a < b ? a : b;
  }
};
struct MaxOf {
  template <class T>
  T operator()(T a, T b) const {
    return a != a || a > b ? a : b;
  }
};
// The remainder has the sign of a, as in C.
struct RemainderOf {
  template <class T>
  T operator()(T a, T b) const {
    if constexpr (kIsInteger<T>) {
      if (b == T{0}) return T{0};
      if constexpr (std::is_signed_v<T>) {
        if (b == T{-1}) return T{0};
      }
      return static_cast<T>(a % b);
    } else {
      return std::fmod(a, b);
    }
  }
};
// The sign of b, as in Python.
struct ModuloOf {
  template <class T>
  T operator()(T a, T b) const {
    const T remainder = RemainderOf()(a, b);
    return remainder != T{0} && (remainder < T{0}) != (b < T{0}) ? static_cast<T>(remainder + b) : remainder;
  }
};
struct PreluOf {
  template <class T>
  T operator()(T a, T b) const {
    return a < T{0} ? MulOf()(a, b) : a;
  }
};

// Whole powers by squaring, which wraps; a negative exponent gives what is left of the fraction.
template <class T, class E>
T IntegerPower(T base, E exponent) {
  if constexpr (std::is_signed_v<E>) {
    if (exponent < 0) {
      if (base == T{1}) return T{1};
      if constexpr (std::is_signed_v<T>) {
        if (base == T{-1}) return exponent % 2 == 0 ? T{1} : T{-1};
      }
      return T{0};
    }
  }
  uint64_t result = 1, square = Wide(base);
  for (uint64_t left = static_cast<uint64_t>(exponent); left != 0; left >>= 1) {
    if ((left & 1) != 0) result *= square;
    square *= square;
  }
  return static_cast<T>(result);
}
template <class T, class E>
struct PowerOf {
  T operator()(T base, E exponent) const {
    if constexpr (kIsInteger<T> && kIsInteger<E>) {
      return IntegerPower(base, exponent);
    } else {
      const double power = std::pow(static_cast<double>(base), static_cast<double>(exponent));
      if constexpr (kIsInteger<T>) {
        // Both limits are powers of two, or one below: exact, or rounded up to one, in float64.
        if (!(power > static_cast<double>(std::numeric_limits<T>::min()))) return std::numeric_limits<T>::min();
        if (power >= static_cast<double>(std::numeric_limits<T>::max())) return std::numeric_limits<T>::max();
      }
      return static_cast<T>(power);
    }
  }
};
template <class T>
BinaryPiece* PowerForExponent(DataType exponent) {
  switch (exponent) {
    case DataType::kFloat32: return BinaryLoop<T, float, T, PowerOf<T, float>>;
    case DataType::kFloat64: return BinaryLoop<T, double, T, PowerOf<T, double>>;
    case DataType::kInt8: return BinaryLoop<T, int8_t, T, PowerOf<T, int8_t>>;
    case DataType::kInt16: return BinaryLoop<T, int16_t, T, PowerOf<T, int16_t>>;
    case DataType::kInt32: return BinaryLoop<T, int32_t, T, PowerOf<T, int32_t>>;
    case DataType::kInt64: return BinaryLoop<T, int64_t, T, PowerOf<T, int64_t>>;
    case DataType::kUint8: return BinaryLoop<T, uint8_t, T, PowerOf<T, uint8_t>>;
    case DataType::kUint16: return BinaryLoop<T, uint16_t, T, PowerOf<T, uint16_t>>;
    case DataType::kUint32: return BinaryLoop<T, uint32_t, T, PowerOf<T, uint32_t>>;
    case DataType::kUint64: return BinaryLoop<T, uint64_t, T, PowerOf<T, uint64_t>>;
    default: return nullptr;
  }
}
BinaryPiece* PowerLoop(DataType base, DataType exponent) {
  switch (base) {
    case DataType::kFloat32: return PowerForExponent<float>(exponent);
    case DataType::kFloat64: return PowerForExponent<double>(exponent);
    case DataType::kInt32: return PowerForExponent<int32_t>(exponent);
    case DataType::kInt64: return PowerForExponent<int64_t>(exponent);
    default: return nullptr;
  }
}

// Pow; float32 to the power of one number 2, 3, 1/2 or -1 has a kernel.
class PowOperator : public Operator {
 public:
  explicit PowOperator(BinaryPiece* piece) : piece_(piece) {}
  void Shape(const TensorList& inputs, std::vector<Tensor>& outputs) const override {
    outputs[0].dims = BroadcastDims("Pow", inputs.data(), 2);
  }
  int InPlace() const override { return 0; }
  void Run(const TensorList& inputs, const std::vector<Tensor>& outputs, RunContext& context) const override {
    const Tensor &x = *inputs[0], &exponent = *inputs[1], &y = outputs[0];
    if (x.type == DataType::kFloat32 && exponent.type == DataType::kFloat32 && exponent.Count() == 1 &&
        x.Count() == y.Count()) {
      const float power = *exponent.As<float>();
      UnarySpec spec{Unary::kSquare, 0, 0};
      if (power == 3.0f) spec.kind = Unary::kCube;
      if (power == 0.5f) spec.kind = Unary::kSqrt;
      if (power == -1.0f) spec.kind = Unary::kReciprocal;
      if (power == 2.0f || spec.kind != Unary::kSquare) {
        ForTiles(context, y.Count(), kCheap, [&](size_t first, size_t end) {
          UnaryF32()(spec, x.As<float>() + first, end - first, y.As<float>() + first);
        });
        return;
      }
    }
    RunBinary(piece_, kLibrary, x, exponent, y, context);
  }

 private:
  BinaryPiece* piece_;
};

struct FirstOf {
  template <class T>
  T operator()(T a, T) const {
    return a;
  }
};

// Sum, Mean, Min, Max: the first two inputs, then each of the others on what there is.
class VariadicOperator : public Operator {
 public:
  VariadicOperator(std::string type, BinaryPiece* piece, BinaryPiece* first, BinaryPiece* divide)
      : type_(std::move(type)), piece_(piece), first_(first), divide_(divide) {}
  void Shape(const TensorList& inputs, std::vector<Tensor>& outputs) const override {
    outputs[0].dims = BroadcastDims(type_.c_str(), inputs.data(), inputs.size());
  }
  void Run(const TensorList& inputs, const std::vector<Tensor>& outputs, RunContext& context) const override {
    const Tensor& y = outputs[0];
    Tensor sum = *inputs[0];
    // What the first two give may be smaller than the result: then the first is repeated to its size before.
    if (inputs.size() == 1 || BroadcastDims(type_.c_str(), inputs.data(), 2) != y.dims) {
      RunBinary(first_, kCheap, sum, sum, y, context);
      sum = y;
    }
    for (size_t next = 1; next < inputs.size(); ++next) {
      RunBinary(piece_, kCheap, sum, *inputs[next], y, context);
      sum = y;
    }
    if (divide_ == nullptr) return;
    float count = static_cast<float>(inputs.size());
    double wide_count = static_cast<double>(inputs.size());
    Tensor divisor;
    divisor.type = y.type;
    divisor.data = y.type == DataType::kFloat32 ? static_cast<void*>(&count) : static_cast<void*>(&wide_count);
    RunBinary(divide_, kCheap, y, divisor, y, context);
  }

 private:
  std::string type_;
  BinaryPiece* piece_;
  BinaryPiece* first_;   // repeats its first operand
  BinaryPiece* divide_;  // by the number of inputs; null: not
};

template <Binary kKind, class F>
BinaryPiece* KernelOrLoop(DataType type) {
  return type == DataType::kFloat32 ? KernelPiece<kKind> : LoopForType<F>(type);
}

BinaryPiece* PieceOf(const std::string& type, DataType data) {
  if (data == DataType::kBool) return nullptr;
  if (type == "Add" || type == "Sum" || type == "Mean") return KernelOrLoop<Binary::kAdd, AddOf>(data);
  if (type == "Sub") return KernelOrLoop<Binary::kSub, SubOf>(data);
  if (type == "Mul") return KernelOrLoop<Binary::kMul, MulOf>(data);
  if (type == "Div") return KernelOrLoop<Binary::kDiv, DivOf>(data);
  if (type == "Min") return KernelOrLoop<Binary::kMin, MinOf>(data);
  if (type == "Max") return KernelOrLoop<Binary::kMax, MaxOf>(data);
  return KernelOrLoop<Binary::kPrelu, PreluOf>(data);
}

}  // namespace

// Add, Sub, Mul, Div, PRelu.
std::unique_ptr<Operator> MakeArithmetic(OperatorSpec& spec) {
  CheckArity(spec, 2, 2);
  const DataType type = spec.inputs[0].type;
  CheckType(spec, 1, type);
  CheckSameType(spec, 0, 0);
  BinaryPiece* piece = PieceOf(spec.type, type);
  if (piece == nullptr) RefuseType(spec.type, "a type of numbers", type);
  return MakeBinaryOperator(spec, piece, kCheap);
}

// Sum, Mean, Min, Max of one input or more.
std::unique_ptr<Operator> MakeVariadic(OperatorSpec& spec) {
  CheckArity(spec, std::max<size_t>(spec.inputs.size(), 1), spec.inputs.size());
  const DataType type = spec.inputs[0].type;
  for (size_t i = 1; i < spec.inputs.size(); ++i) CheckType(spec, i, type);
  CheckSameType(spec, 0, 0);
  BinaryPiece* piece = PieceOf(spec.type, type);
  const bool mean = spec.type == "Mean";
  if (piece == nullptr || (mean && type != DataType::kFloat32 && type != DataType::kFloat64)) {
    RefuseType(spec.type, mean ? "float32 or float64" : "a type of numbers", type);
  }
  if (!mean && spec.inputs.size() == 2) return MakeBinaryOperator(spec, piece, kCheap);
  return std::make_unique<VariadicOperator>(spec.type, piece, LoopForType<FirstOf>(type),
                                            mean ? PieceOf("Div", type) : nullptr);
}

std::unique_ptr<Operator> MakeMod(OperatorSpec& spec) {
  CheckArity(spec, 2, 2);
  const DataType type = spec.inputs[0].type;
  CheckType(spec, 1, type);
  CheckSameType(spec, 0, 0);
  const bool fmod = spec.attributes.Int("fmod", 0) != 0;
  BinaryPiece* piece = fmod ? LoopForType<RemainderOf>(type) : LoopForType<ModuloOf>(type);
  if (piece == nullptr || type == DataType::kBool) RefuseType("Mod", "a type of numbers", type);
  return MakeBinaryOperator(spec, piece, kLibrary);
}

std::unique_ptr<Operator> MakePow(OperatorSpec& spec) {
  CheckArity(spec, 2, 2);
  CheckSameType(spec, 0, 0);
  BinaryPiece* piece = PowerLoop(spec.inputs[0].type, spec.inputs[1].type);
  if (piece == nullptr) {
    RefuseType("Pow", "float32, float64, int32 or int64 to the power of numbers", spec.inputs[0].type);
  }
  return std::make_unique<PowOperator>(piece);
}

}  // namespace gossamer
