#include "kernels/unary_f32/unary_f32.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "testing/cases.h"
#include "testing/guarded.h"

using namespace gossamer;

namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();

// Every float whose bits are a multiple of `step`: all exponents, both signs, denormals, infinities and NaNs.
std::vector<float> Sweep(uint32_t step) {
  std::vector<float> x;
  for (uint64_t bits = 0; bits < uint64_t{1} << 32; bits += step) {
    const uint32_t word = static_cast<uint32_t>(bits);
    float v;
    std::memcpy(&v, &word, sizeof v);
    x.push_back(v);
  }
  // Both sides of where e^x overflows, becomes denormal, becomes 0.
  for (float v : {-0.0f, kInf, -kInf, 1.0f, 88.72283f, 88.72284f, -87.33655f, -103.972f, -103.973f}) x.push_back(v);
  return x;
}

struct Case {
  const char* name;
  ActivationSpec act;
  double (*oracle)(double x);
  double max_ulps;
  // An error below this counts as none: what cancels beside 1 keeps the error of 1, a product of a denormal that of it.
  double floor;
};

double Logistic(double x) { return 1 / (1 + std::exp(-x)); }
// The limit at -infinity, where the product is no number.
double Gelu(double x) { return x == -kInf ? -0.0 : 0.5 * x * std::erfc(-x * std::sqrt(0.5)); }
double GeluTanh(double x) {
  return x * Logistic(2 * std::sqrt(2 / std::acos(-1.0)) * (x + 0.044715 * x * x * x));
}
double SoftplusOf(double x) { return std::max(x, 0.0) + std::log1p(std::exp(-std::fabs(x))); }
double Bounded(double v, double low, double high) { return v < low ? low : v > high ? high : v; }

constexpr Case kCases[] = {
    {"none", {Activation::kNone, 0, 0}, [](double x) { return x; }, 0, 0},
    {"relu", {Activation::kClamp, 0, kInf}, [](double x) { return x < 0 ? 0 : x; }, 0, 0},
    {"clamp", {Activation::kClamp, -1.5f, 6}, [](double x) { return Bounded(x, -1.5, 6); }, 0, 0},
    {"leaky", {Activation::kLeaky, 0.125f, 0}, [](double x) { return x < 0 ? 0.125 * x : x; }, 0.5, 0},
    {"sigmoid", {Activation::kSigmoid, 0, 0}, Logistic, 2.5, 0},
    {"tanh", {Activation::kTanh, 0, 0}, [](double x) { return std::tanh(x); }, 2.5, 0},
    {"gelu", {Activation::kGelu, 0, 0}, Gelu, 1.5, 6e-8},
    {"gelu tanh", {Activation::kGeluTanh, 0, 0}, GeluTanh, 2, 1e-7},
    {"silu", {Activation::kSilu, 0, 0}, [](double x) { return x * Logistic(x); }, 3, 1e-35},
    {"hard sigmoid",
     {Activation::kHardSigmoid, 0.25f, 0.5f},
     [](double x) { return Bounded(0.25 * x + 0.5, 0, 1); },
     0.5,
     0},
    {"hard swish", {Activation::kHardSwish, 0, 0}, [](double x) { return x * Bounded(x / 6 + 0.5, 0, 1); }, 2, 4e-7},
    {"erf", {Activation::kErf, 0, 0}, [](double x) { return std::erf(x); }, 1, 0},
    {"exp", {Activation::kExp, 0, 0}, [](double x) { return std::exp(x); }, 1.1, 0},
    {"softplus", {Activation::kSoftplus, 0, 0}, SoftplusOf, 2.5, 0},
    {"mish", {Activation::kMish, 0, 0}, [](double x) { return x * std::tanh(SoftplusOf(x)); }, 4, 1e-35},
    {"elu", {Activation::kElu, 1, 0}, [](double x) { return x < 0 ? std::expm1(x) : x; }, 2, 0},
};

// The error in units of the last place of the float nearest to the expected value; 0 where both are the same NaN or
// infinity.
double Ulps(float actual, double expected, double floor) {
  if (std::isnan(expected)) return std::isnan(actual) ? 0 : 1e30;
  const float rounded = static_cast<float>(expected);
  if (std::isinf(rounded) || !std::isfinite(actual)) {
    if (actual == rounded) return 0;
    // The last float before infinity is one unit away.
    return std::fabs(std::fabs(std::isinf(rounded) ? actual : rounded) - 3.40282347e38f) < 1e32f ? 1 : 1e30;
  }
  const float magnitude = std::fabs(rounded);
  const double error = std::fabs(actual - expected);
  return error <= floor ? 0 : error / (std::nextafterf(magnitude, kInf) - magnitude);
}

}  // namespace

TEST_CASE("ActivateF32: errors against float64 over the whole range") {
  const std::vector<float> x = Sweep(4099);
  std::vector<float> y(x.size());
  for (const Case& c : kCases) {
    ActivateF32Scalar(c.act, x.data(), x.size(), y.data());
    double worst = 0;
    float at = 0;
    for (size_t i = 0; i < x.size(); ++i) {
      const double ulps = Ulps(y[i], c.oracle(x[i]), c.floor);
      if (ulps > worst) {
        worst = ulps;
        at = x[i];
      }
    }
    CAPTURE(std::string(c.name));
    CAPTURE(at);
    CHECK(worst <= c.max_ulps);
  }
}

// GELU is -0 below -5.6875, where 2^-24 bounds it, and is not held to less elsewhere.
TEST_CASE("ActivateF32: gelu and erf by pieces, densely where they are curved") {
  struct Dense {
    Activation kind;
    double (*oracle)(double x);
    double max_ulps, floor;
  };
  for (const Dense& c : {Dense{Activation::kGelu, Gelu, 1.1, 0x1p-24},
                         Dense{Activation::kErf, [](double x) { return std::erf(x); }, 1, 0}}) {
    double worst = 0;
    float at = 0;
    std::vector<float> x, y(4096);
    const auto check = [&] {
      ActivateF32Scalar({c.kind, 0, 0}, x.data(), x.size(), y.data());
      for (size_t i = 0; i < x.size(); ++i) {
        const double ulps = Ulps(y[i], c.oracle(x[i]), c.floor);
        if (ulps > worst) {
          worst = ulps;
          at = x[i];
        }
      }
      x.clear();
    };
    for (uint32_t bits = 0x39000000; bits < 0x41000000; bits += 127) {  // 2^-13 .. 8
      float v;
      std::memcpy(&v, &bits, sizeof v);
      x.push_back(v);
      x.push_back(-v);
      if (x.size() == y.size()) check();
    }
    check();
    CAPTURE(static_cast<int>(c.kind));
    CAPTURE(at);
    CHECK(worst <= c.max_ulps);
  }
}

TEST_CASE("ActivateF32: gelu and erf at the edges") {
  const std::vector<float> x = {0.0f, -0.0f, kInf, -kInf, std::numeric_limits<float>::quiet_NaN(), 3e38f, -3e38f};
  std::vector<float> y(x.size());
  ActivateF32Scalar({Activation::kGelu, 0, 0}, x.data(), x.size(), y.data());
  CHECK(SameFloats(y, {0.0f, -0.0f, kInf, -0.0f, x[4], 3e38f, -0.0f}));
  ActivateF32Scalar({Activation::kErf, 0, 0}, x.data(), x.size(), y.data());
  CHECK(SameFloats(y, {0.0f, -0.0f, 1, -1, x[4], 1, -1}));
}

TEST_CASE("UnaryF32: log is within 1.1 units in the last place, the others are exact") {
  const std::vector<float> x = Sweep(4099);
  std::vector<float> y(x.size());
  const auto worst = [&](Unary kind, float a, float b, double (*oracle)(double)) {
    UnaryF32Scalar({kind, a, b}, x.data(), x.size(), y.data());
    double ulps = 0;
    for (size_t i = 0; i < x.size(); ++i) ulps = std::max(ulps, Ulps(y[i], oracle(x[i]), 0));
    return ulps;
  };
  CHECK(worst(Unary::kAbs, 0, 0, [](double v) { return std::fabs(v); }) == 0);
  CHECK(worst(Unary::kNegate, 0, 0, [](double v) { return -v; }) == 0);
  CHECK(worst(Unary::kFloor, 0, 0, [](double v) { return std::floor(v); }) == 0);
  CHECK(worst(Unary::kCeil, 0, 0, [](double v) { return std::ceil(v); }) == 0);
  CHECK(worst(Unary::kRound, 0, 0, [](double v) { return std::nearbyint(v); }) == 0);
  CHECK(worst(Unary::kSign, 0, 0, [](double v) { return v > 0 ? 1 : v < 0 ? -1 : v; }) == 0);
  CHECK(worst(Unary::kSqrt, 0, 0, [](double v) { return std::sqrt(v); }) <= 0.5);
  CHECK(worst(Unary::kReciprocal, 0, 0, [](double v) { return 1 / v; }) <= 0.5);
  CHECK(worst(Unary::kSquare, 0, 0, [](double v) { return v * v; }) <= 0.5);
  CHECK(worst(Unary::kThresholdedRelu, 1, 0, [](double v) { return v > 1 ? v : 0; }) == 0);
  CHECK(worst(Unary::kCube, 0, 0, [](double v) { return v * v * v; }) <= 1.5);
  CHECK(worst(Unary::kLog, 0, 0, [](double v) { return std::log(v); }) <= 1.1);
  CHECK(worst(Unary::kCelu, 2, 0, [](double v) { return v < 0 ? 2 * std::expm1(v / 2) : v; }) <= 2);
}

TEST_CASE("ActivateF32 and UnaryF32: every variant equals the definition") {
  const std::vector<float> sweep = Sweep(40009);
  for (const auto& variant : Runnable(ActivateF32Variants())) {
    CAPTURE(std::string(IsaName(variant.isa)));
    for (const Case& c : kCases) {
      CAPTURE(std::string(c.name));
      std::vector<float> expected(sweep.size()), y(sweep.size());
      ActivateF32Scalar(c.act, sweep.data(), sweep.size(), expected.data());
      variant.fn(c.act, sweep.data(), sweep.size(), y.data());
      CHECK(SameFloats(y, expected));
      for (size_t n : AwkwardLengths()) {
        const std::vector<float> x = AwkwardFloats(n, static_cast<unsigned>(n));
        std::vector<float> short_expected(n);
        ActivateF32Scalar(c.act, x.data(), n, short_expected.data());
        for (Edge edge : {Edge::kFront, Edge::kBack}) {
          Guarded<float> in_place(x, edge, 4);
          variant.fn(c.act, in_place.data(), n, in_place.data());
          REQUIRE(SameFloats(in_place.Copy(), short_expected));
        }
      }
    }
  }
  for (const auto& variant : Runnable(UnaryF32Variants())) {
    CAPTURE(std::string(IsaName(variant.isa)));
    for (size_t kind = 0; kind < kUnaryKinds; ++kind) {
      CAPTURE(kind);
      const UnarySpec spec{static_cast<Unary>(kind), 1.6732632f, 1.0507010f};
      std::vector<float> expected(sweep.size()), y(sweep.size());
      UnaryF32Scalar(spec, sweep.data(), sweep.size(), expected.data());
      variant.fn(spec, sweep.data(), sweep.size(), y.data());
      CHECK(SameFloats(y, expected));
      for (size_t n : AwkwardLengths()) {
        const std::vector<float> x = AwkwardFloats(n, static_cast<unsigned>(n));
        std::vector<float> short_expected(n);
        UnaryF32Scalar(spec, x.data(), n, short_expected.data());
        for (Edge edge : {Edge::kFront, Edge::kBack}) {
          Guarded<float> in(x, edge, 4), out(n, edge, 4);
          variant.fn(spec, in.data(), n, out.data());
          REQUIRE(SameFloats(out.Copy(), short_expected));
        }
      }
    }
  }
}
