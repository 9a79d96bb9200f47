// Functions of one number, element by element: float32 by the kernels, float64 and integers by plain loops.
#include <cmath>
#include <cstring>
#include <limits>

#include "engine/activation.h"
#include "engine/operators/map.h"
#include "kernels/unary_f32/unary_f32.h"

namespace gossamer {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr size_t kKernel = 1, kLibrary = 16;  // costs

double Round(double x) { return std::nearbyint(x); }  // half to even
double Sign(double x) { return x > 0 ? 1 : x < 0 ? -1 : x; }
double Negate(double x) { return -x; }
double Reciprocal(double x) { return 1 / x; }
double Sigmoid(double x) { return 1 / (1 + std::exp(-x)); }
double Softplus(double x) { return (x > 0 ? x : 0) + std::log1p(std::exp(-std::fabs(x))); }
double Softsign(double x) { return x / (1 + std::fabs(x)); }
double Relu(double x) { return x < 0 ? 0 : x; }

using Double = double(double);

// Functions without attributes. Those without a kernel for float32 are computed in float64 and rounded.
struct Entry {
  const char* type;
  enum { kUnary, kActivation, kInDouble } by;
  Unary unary;
  ActivationSpec act;
  Double* in_double;
};
constexpr ActivationSpec Plain(Activation kind) { return {kind, 0, 0}; }
constexpr ActivationSpec kNone = Plain(Activation::kNone);
constexpr Entry kEntries[] = {
    {"Abs", Entry::kUnary, Unary::kAbs, kNone, std::fabs},
    {"Acos", Entry::kInDouble, {}, kNone, std::acos},
    {"Acosh", Entry::kInDouble, {}, kNone, std::acosh},
    {"Asin", Entry::kInDouble, {}, kNone, std::asin},
    {"Asinh", Entry::kInDouble, {}, kNone, std::asinh},
    {"Atan", Entry::kInDouble, {}, kNone, std::atan},
    {"Atanh", Entry::kInDouble, {}, kNone, std::atanh},
    {"Ceil", Entry::kUnary, Unary::kCeil, kNone, std::ceil},
    {"Cos", Entry::kInDouble, {}, kNone, std::cos},
    {"Cosh", Entry::kInDouble, {}, kNone, std::cosh},
    {"Erf", Entry::kActivation, {}, Plain(Activation::kErf), std::erf},
    {"Exp", Entry::kActivation, {}, Plain(Activation::kExp), std::exp},
    {"Floor", Entry::kUnary, Unary::kFloor, kNone, std::floor},
    {"HardSwish", Entry::kActivation, {}, Plain(Activation::kHardSwish), nullptr},
    {"Log", Entry::kUnary, Unary::kLog, kNone, std::log},
    {"Mish", Entry::kActivation, {}, Plain(Activation::kMish), nullptr},
    {"Neg", Entry::kUnary, Unary::kNegate, kNone, Negate},
    {"Reciprocal", Entry::kUnary, Unary::kReciprocal, kNone, Reciprocal},
    {"Relu", Entry::kActivation, {}, {Activation::kClamp, 0, kInfinity}, Relu},
    {"Round", Entry::kUnary, Unary::kRound, kNone, Round},
    {"Sigmoid", Entry::kActivation, {}, Plain(Activation::kSigmoid), Sigmoid},
    {"Sign", Entry::kUnary, Unary::kSign, kNone, Sign},
    {"Sin", Entry::kInDouble, {}, kNone, std::sin},
    {"Sinh", Entry::kInDouble, {}, kNone, std::sinh},
    {"Softplus", Entry::kActivation, {}, Plain(Activation::kSoftplus), Softplus},
    {"Softsign", Entry::kUnary, Unary::kSoftsign, kNone, Softsign},
    {"Sqrt", Entry::kUnary, Unary::kSqrt, kNone, std::sqrt},
    {"Tan", Entry::kInDouble, {}, kNone, std::tan},
    {"Tanh", Entry::kActivation, {}, Plain(Activation::kTanh), std::tanh},
};

std::unique_ptr<Operator> MakeActivation(const OperatorSpec& spec, ActivationSpec act) {
  return MakeMap(spec, kKernel, [act](const uint8_t* x, size_t count, uint8_t* y) {
    ActivateF32()(act, reinterpret_cast<const float*>(x), count, reinterpret_cast<float*>(y));
  });
}

std::unique_ptr<Operator> MakeUnaryKernel(const OperatorSpec& spec, UnarySpec unary) {
  return MakeMap(spec, kKernel, [unary](const uint8_t* x, size_t count, uint8_t* y) {
    UnaryF32()(unary, reinterpret_cast<const float*>(x), count, reinterpret_cast<float*>(y));
  });
}

// Abs, Neg, Sign and Relu of integers; the smallest number of a signed type stays as it is under Abs and Neg.
template <class T>
std::unique_ptr<Operator> MakeInteger(const OperatorSpec& spec) {
  const auto negated = [](T x) { return static_cast<T>(uint64_t{0} - static_cast<uint64_t>(x)); };
  if (spec.type == "Abs") {
    return MakeMap(spec, kKernel, EachElement<T, T>([negated](T x) { return x < T{0} ? negated(x) : x; }));
  }
  if (spec.type == "Neg") return MakeMap(spec, kKernel, EachElement<T, T>(negated));
  if (spec.type == "Sign") {
    return MakeMap(spec, kKernel, EachElement<T, T>([](T x) {
                     return x > T{0} ? T{1} : x < T{0} ? static_cast<T>(-1) : T{0};
                   }));
  }
  if (spec.type == "Relu") return MakeMap(spec, kKernel, EachElement<T, T>([](T x) { return x < T{0} ? T{0} : x; }));
  RefuseType(spec.type, "float32 or float64", spec.inputs[0].type);
}

}  // namespace

std::unique_ptr<Operator> MakeUnary(OperatorSpec& spec) {
  CheckArity(spec, 1, 1);
  CheckSameType(spec, 0, 0);
  const Entry* entry = kEntries;
  while (spec.type != entry->type) ++entry;  // the registry names no other type for this factory
  switch (spec.inputs[0].type) {
    case DataType::kFloat32:
      if (entry->by == Entry::kUnary) return MakeUnaryKernel(spec, {entry->unary, 0, 0});
      if (entry->by == Entry::kActivation) return MakeActivation(spec, entry->act);
      return MakeMap(spec, kLibrary, EachElement<float, float>([f = entry->in_double](float x) {
                       return static_cast<float>(f(static_cast<double>(x)));
                     }));
    case DataType::kFloat64:
      if (entry->in_double == nullptr) break;
      return MakeMap(spec, kLibrary, EachElement<double, double>(entry->in_double));
    case DataType::kInt8: return MakeInteger<int8_t>(spec);
    case DataType::kInt16: return MakeInteger<int16_t>(spec);
    case DataType::kInt32: return MakeInteger<int32_t>(spec);
    case DataType::kInt64: return MakeInteger<int64_t>(spec);
    case DataType::kUint8: return MakeInteger<uint8_t>(spec);
    case DataType::kUint16: return MakeInteger<uint16_t>(spec);
    case DataType::kUint32: return MakeInteger<uint32_t>(spec);
    case DataType::kUint64: return MakeInteger<uint64_t>(spec);
    default: break;
  }
  RefuseType(spec.type, "float32", spec.inputs[0].type);
}

// Activations with attributes, in float32.
std::unique_ptr<Operator> MakeActivate(OperatorSpec& spec) {
  CheckArity(spec, 1, 1);
  CheckType(spec, 0, DataType::kFloat32);
  CheckOutputType(spec, 0, DataType::kFloat32);
  const Attributes& attributes = spec.attributes;
  const auto alpha = [&](float otherwise) { return attributes.Float("alpha", otherwise); };
  if (spec.type == "Celu") return MakeUnaryKernel(spec, {Unary::kCelu, alpha(1), 0});
  if (spec.type == "Elu") return MakeActivation(spec, {Activation::kElu, alpha(1), 0});
  if (spec.type == "Gelu") {
    const std::string approximate = attributes.Text("approximate", "none");
    if (approximate != "none" && approximate != "tanh") RefuseProgram("Gelu approximate", "none or tanh", approximate);
    return MakeActivation(spec, Plain(approximate == "tanh" ? Activation::kGeluTanh : Activation::kGelu));
  }
  if (spec.type == "HardSigmoid") {
    return MakeActivation(spec, {Activation::kHardSigmoid, alpha(0.2f), attributes.Float("beta", 0.5f)});
  }
  if (spec.type == "LeakyRelu") return MakeActivation(spec, {Activation::kLeaky, alpha(0.01f), 0});
  if (spec.type == "Selu") {
    return MakeUnaryKernel(spec, {Unary::kSelu, alpha(1.67326319f), attributes.Float("gamma", 1.05070102f)});
  }
  if (spec.type == "ThresholdedRelu") return MakeUnaryKernel(spec, {Unary::kThresholdedRelu, alpha(1), 0});
  return MakeActivation(spec, ActivationOf(attributes));  // Activate
}

}  // namespace gossamer
