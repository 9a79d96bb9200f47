#include "kernels/activation_grad_f32/activation_grad_f32.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "testing/cases.h"
#include "testing/guarded.h"

using namespace gossamer;

namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();
constexpr double kPi = 3.14159265358979323846;

struct Case {
  const char* name;
  ActivationGradSpec spec;
  double (*slope)(double v);
};

double Logistic(double x) { return 1 / (1 + std::exp(-x)); }
double Density(double x) { return std::exp(-0.5 * x * x) / std::sqrt(2 * kPi); }
// x * f where f is 0 beyond any product: at the infinities too.
double Times(double x, double f) { return f == 0 ? 0 : x * f; }
double GeluTanhSlope(double x) {
  if (std::isinf(x)) return x < 0 ? 0 : 1;
  const double c = 2 * std::sqrt(2 / kPi), s = Logistic(c * (x + 0.044715 * x * x * x));
  return s + Times(x * (c + 3 * 0.044715 * c * x * x), s * Logistic(-c * (x + 0.044715 * x * x * x)));
}
double MishSlope(double x) {
  const double t = std::tanh(x > 30 ? x : std::log1p(std::exp(x)));
  return t + Times(x, Logistic(x) * (1 - t * t));
}

constexpr Case kCases[] = {
    {"relu", {ActivationGrad::kRelu, 0, 0}, [](double y) { return y > 0 ? 1.0 : 0; }},
    {"clip", {ActivationGrad::kClip, -1.5f, 6}, [](double x) { return x >= -1.5 && x <= 6 ? 1.0 : 0; }},
    {"leaky", {ActivationGrad::kLeaky, 0.125f, 0}, [](double x) { return x > 0 ? 1 : 0.125; }},
    {"gelu", {ActivationGrad::kGelu, 0, 0},
     [](double x) { return 0.5 * std::erfc(-x * std::sqrt(0.5)) + Times(x, Density(x)); }},
    {"gelu tanh", {ActivationGrad::kGeluTanh, 0, 0}, GeluTanhSlope},
    {"silu", {ActivationGrad::kSilu, 0, 0},
     [](double x) { return Logistic(x) + Times(x, Logistic(x) * Logistic(-x)); }},
    {"hard sigmoid", {ActivationGrad::kHardSigmoid, 0.25f, 0.5f}, [](double x) { return x > -2 && x < 2 ? 0.25 : 0; }},
    {"hard swish", {ActivationGrad::kHardSwish, 0, 0},
     [](double x) { return x <= -3 ? 0 : x < 3 ? x / 3 + 0.5 : 1; }},
    {"elu", {ActivationGrad::kElu, 0.75f, 0}, [](double x) { return x > 0 ? 1 : 0.75 * std::exp(x); }},
    {"softplus", {ActivationGrad::kSoftplus, 0, 0}, Logistic},
    {"mish", {ActivationGrad::kMish, 0, 0}, MishSlope},
    {"erf", {ActivationGrad::kErf, 0, 0}, [](double x) { return 2 / std::sqrt(kPi) * std::exp(-x * x); }},
};

// All exponents and both signs; no NaN.
std::vector<float> Sweep() {
  std::vector<float> x = {0.0f, -0.0f, kInf, -kInf, -1.5f, 6, -2, 2, -3, 3, 20, -20, 88, -88, 105, -105};
  for (uint64_t bits = 0; bits < uint64_t{1} << 32; bits += 16411) {
    const auto word = static_cast<uint32_t>(bits);
    float v;
    std::memcpy(&v, &word, sizeof v);
    if (!std::isnan(v)) x.push_back(v);
  }
  for (int i = -12000; i <= 12000; ++i) x.push_back(static_cast<float>(i) / 997);
  return x;
}

}  // namespace

TEST_CASE("ActivationGradF32: slopes within 5e-7 of float64 over the whole range, by the argument") {
  const std::vector<float> x = Sweep(), ones(x.size(), 1.0f);
  std::vector<float> dx(x.size());
  for (const Case& c : kCases) {
    CAPTURE(std::string(c.name));
    ActivationGradF32Scalar(c.spec, ones.data(), x.data(), x.size(), dx.data());
    double worst = 0;
    float at = 0;
    for (size_t i = 0; i < x.size(); ++i) {
      const double error = std::fabs(dx[i] - c.slope(x[i]));
      if (!(error <= worst)) {
        worst = error;
        at = x[i];
      }
    }
    CAPTURE(at);
    CHECK(worst <= 5e-7);
  }
}

TEST_CASE("ActivationGradF32: by the result") {
  const std::vector<float> y = {0, 0.25f, 1, 0.5f, -0.5f, -1}, dy(6, 2.0f);
  std::vector<float> dx(6);
  ActivationGradF32()({ActivationGrad::kSigmoid, 0, 0}, dy.data(), y.data(), 4, dx.data());
  CHECK(std::vector<float>(dx.begin(), dx.begin() + 4) == std::vector<float>{0, 0.375f, 0, 0.5f});
  ActivationGradF32()({ActivationGrad::kTanh, 0, 0}, dy.data(), y.data(), 6, dx.data());
  CHECK(dx == std::vector<float>{2, 1.875f, 0, 1.5f, 1.5f, 0});
}

TEST_CASE("ActivationGradF32: every variant equals the definition, in place and apart") {
  for (size_t kind = 0; kind < kActivationGradKinds; ++kind) {
    const ActivationGradSpec spec{static_cast<ActivationGrad>(kind), 0.3f, 0.6f};
    CAPTURE(kind);
    for (const auto& variant : Runnable(ActivationGradF32Variants())) {
      CAPTURE(std::string(IsaName(variant.isa)));
      for (size_t n : AwkwardLengths()) {
        const unsigned seed = static_cast<unsigned>(n);
        const std::vector<float> dy = AwkwardFloats(n, seed), v = AwkwardFloats(n, seed + 1, 0.05f);
        std::vector<float> expected(n);
        ActivationGradF32Scalar(spec, dy.data(), v.data(), n, expected.data());
        for (Edge edge : {Edge::kFront, Edge::kBack}) {
          Guarded<float> d(dy, edge, 4), in(v, edge, 4), out(n, edge, 4);
          variant.fn(spec, d.data(), in.data(), n, out.data());
          REQUIRE(SameFloats(out.Copy(), expected));
          variant.fn(spec, d.data(), in.data(), n, in.data());
          REQUIRE(SameFloats(in.Copy(), expected));
          Guarded<float> again(v, edge, 4);
          variant.fn(spec, d.data(), again.data(), n, d.data());
          REQUIRE(SameFloats(d.Copy(), expected));
        }
      }
    }
  }
}
