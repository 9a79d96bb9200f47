// LSTM, GRU and RNN against the equations of the standard in double.
#include <cmath>
#include <functional>

#include "testing/cases.h"
#include "testing/operator_cases.h"

using namespace gossamer;

namespace {

struct Setup {
  const char* op;
  int64_t steps, batch, input, hidden;
  const char* direction;
  int layout;
  bool bias, lengths, state, peepholes;
  float clip;
  int flag;  // linear_before_reset or input_forget
};

struct Operands {
  std::vector<float> x, w, r, b, h, c, p;
  std::vector<int32_t> lengths;
};

using Vector = std::vector<double>;

double Sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

class Oracle {
 public:
  Oracle(const Setup& setup, const Operands& operands) : s_(setup), o_(operands) {
    gates_ = s_.op[0] == 'L' ? 4 : s_.op[0] == 'G' ? 3 : 1;
    directions_ = s_.direction[0] == 'b' ? 2 : 1;
    const size_t rows = static_cast<size_t>(s_.steps * s_.batch * directions_ * s_.hidden);
    y.assign(rows, 0);
    for (int64_t d = 0; d < directions_; ++d) {
      for (int64_t b = 0; b < s_.batch; ++b) RunOne(d, b);
    }
  }
  Vector y, last_h, last_c;

 private:
  double At(const std::vector<float>& v, int64_t i) const { return v.empty() ? 0 : static_cast<double>(v[static_cast<size_t>(i)]); }
  // Row `row` of W x or R h, without biases.
  double Product(const std::vector<float>& matrix, int64_t d, int64_t row, const Vector& v) const {
    double sum = 0;
    const int64_t width = static_cast<int64_t>(v.size());
    for (int64_t i = 0; i < width; ++i) {
      sum += At(matrix, (d * gates_ * s_.hidden + row) * width + i) * v[static_cast<size_t>(i)];
    }
    return sum;
  }
  double Bias(int64_t d, int64_t which, int64_t row) const { return At(o_.b, (2 * d + which) * gates_ * s_.hidden + row); }
  double Clip(double v) const { return s_.clip > 0 ? std::max(-double{s_.clip}, std::min(double{s_.clip}, v)) : v; }

  void RunOne(int64_t d, int64_t b) {
    const int64_t n = s_.hidden, length = s_.lengths ? o_.lengths[static_cast<size_t>(b)] : s_.steps;
    const bool backward = d == 1 || s_.direction[0] == 'r';
    Vector h(static_cast<size_t>(n)), c = h;
    const int64_t state = (s_.layout ? b * directions_ + d : d * s_.batch + b) * n;
    for (int64_t j = 0; j < n; ++j) {
      h[static_cast<size_t>(j)] = At(o_.h, state + j);
      c[static_cast<size_t>(j)] = At(o_.c, state + j);
    }
    for (int64_t step = 0; step < length; ++step) {
      const int64_t t = backward ? length - 1 - step : step;
      Vector x(static_cast<size_t>(s_.input));
      for (int64_t i = 0; i < s_.input; ++i) {
        x[static_cast<size_t>(i)] = At(o_.x, (s_.layout ? b * s_.steps + t : t * s_.batch + b) * s_.input + i);
      }
      Step(d, x, &h, &c);
      const int64_t row = s_.layout ? (b * s_.steps + t) * directions_ + d : (t * directions_ + d) * s_.batch + b;
      for (int64_t j = 0; j < n; ++j) y[static_cast<size_t>(row * n + j)] = h[static_cast<size_t>(j)];
    }
    last_h.resize(static_cast<size_t>(directions_ * s_.batch * n));
    last_c.resize(last_h.size());
    for (int64_t j = 0; j < n; ++j) {
      last_h[static_cast<size_t>(state + j)] = h[static_cast<size_t>(j)];
      last_c[static_cast<size_t>(state + j)] = c[static_cast<size_t>(j)];
    }
  }

  void Step(int64_t d, const Vector& x, Vector* h, Vector* c) const {
    const int64_t n = s_.hidden;
    const auto sum = [&](int64_t row) { return Product(o_.w, d, row, x) + Product(o_.r, d, row, *h) + Bias(d, 0, row) + Bias(d, 1, row); };
    Vector next(static_cast<size_t>(n)), next_c = *c, reset_h = *h;
    if (s_.op[0] == 'G') {
      for (int64_t j = 0; j < n; ++j) reset_h[static_cast<size_t>(j)] *= Sigmoid(Clip(sum(n + j)));
    }
    for (int64_t j = 0; j < n; ++j) {
      const size_t at = static_cast<size_t>(j);
      if (s_.op[0] == 'R') {
        next[at] = std::tanh(Clip(sum(j)));
      } else if (s_.op[0] == 'G') {
        const double z = Sigmoid(Clip(sum(j))), r = Sigmoid(Clip(sum(n + j)));
        const double inner = s_.flag ? r * (Product(o_.r, d, 2 * n + j, *h) + Bias(d, 1, 2 * n + j))
                                     : Product(o_.r, d, 2 * n + j, reset_h) + Bias(d, 1, 2 * n + j);
        const double fresh = std::tanh(Clip(Product(o_.w, d, 2 * n + j, x) + Bias(d, 0, 2 * n + j) + inner));
        next[at] = (1 - z) * fresh + z * (*h)[at];
      } else {
        const auto peep = [&](int64_t gate) { return At(o_.p, (3 * d + gate) * n + j); };
        const double i = Sigmoid(Clip(sum(j) + peep(0) * (*c)[at]));
        const double f = s_.flag ? 1 - i : Sigmoid(Clip(sum(2 * n + j) + peep(2) * (*c)[at]));
        next_c[at] = f * (*c)[at] + i * std::tanh(Clip(sum(3 * n + j)));
        next[at] = Sigmoid(Clip(sum(n + j) + peep(1) * next_c[at])) * std::tanh(Clip(next_c[at]));
      }
    }
    *h = next;
    *c = next_c;
  }

  const Setup& s_;
  const Operands& o_;
  int64_t gates_, directions_;
};

void CheckClose(const std::vector<float>& a, const Vector& b) {
  REQUIRE(a.size() == b.size());
  size_t wrong = 0;
  // Values are in [-1, 1] or a little beyond; the sums have fewer than 2^9 terms of about 1, and errors decay.
  for (size_t i = 0; i < a.size(); ++i) wrong += !(std::fabs(static_cast<double>(a[i]) - b[i]) < 1e-5);
  CHECK(wrong == 0);
}

void Check(const Setup& s, bool constant) {
  CAPTURE(std::string(s.op) + " " + s.direction);
  CAPTURE(s.layout);
  CAPTURE(s.flag);
  const int64_t gates = s.op[0] == 'L' ? 4 : s.op[0] == 'G' ? 3 : 1, d = s.direction[0] == 'b' ? 2 : 1, n = s.hidden;
  const auto floats = [](int64_t count, unsigned seed, float sigma) { return NormalFloats(static_cast<size_t>(count), seed, sigma); };
  Operands o;
  o.x = floats(s.steps * s.batch * s.input, 1, 1);
  o.w = floats(d * gates * n * s.input, 2, 0.3f);
  o.r = floats(d * gates * n * n, 3, 0.2f);
  if (s.bias) o.b = floats(d * 2 * gates * n, 4, 0.5f);
  if (s.state) o.h = floats(d * s.batch * n, 5, 0.5f);
  if (s.state && gates == 4) o.c = floats(d * s.batch * n, 6, 0.5f);
  if (s.peepholes) o.p = floats(d * 3 * n, 7, 0.5f);
  for (int64_t b = 0; b < s.batch; ++b) o.lengths.push_back(static_cast<int32_t>(b * 3 % (s.steps + 1)));
  const auto weight = [&](Dims dims, const std::vector<float>& v) {
    return constant ? Argument::Constant(Value(dims, v)) : Argument(Value(dims, v));
  };
  const auto optional = [](bool present, Dims dims, const auto& v) { return present ? Argument(Value(dims, v)) : Argument::None(); };
  const Dims state = s.layout ? Dims{s.batch, d, n} : Dims{d, s.batch, n};
  std::vector<Argument> arguments = {Value(s.layout ? Dims{s.batch, s.steps, s.input} : Dims{s.steps, s.batch, s.input}, o.x),
                                     weight({d, gates * n, s.input}, o.w), weight({d, gates * n, n}, o.r),
                                     optional(s.bias, {d, 2 * gates * n}, o.b), optional(s.lengths, {s.batch}, o.lengths),
                                     optional(s.state, state, o.h)};
  std::vector<DataType> outputs(2, DataType::kFloat32);
  if (gates == 4) {
    arguments.push_back(optional(s.state, state, o.c));
    arguments.push_back(optional(s.peepholes, {d, 3 * n}, o.p));
    outputs.push_back(DataType::kFloat32);
  }
  Attributes attributes = MakeAttributes({{"direction", s.direction}, {"layout", s.layout}, {"hidden_size", n},
                                          {"linear_before_reset", s.flag}, {"input_forget", s.flag}});
  if (s.clip > 0) attributes.SetNumbers("clip", {static_cast<double>(s.clip)});
  const std::vector<Value> results = RunOperator(s.op, attributes, arguments, outputs);
  const Oracle oracle(s, o);
  CHECK(results[0].dims == (s.layout ? Dims{s.batch, s.steps, d, n} : Dims{s.steps, d, s.batch, n}));
  CheckClose(results[0].To<float>(), oracle.y);
  CheckClose(results[1].To<float>(), oracle.last_h);
  if (gates == 4) CheckClose(results[2].To<float>(), oracle.last_c);
}

}  // namespace

TEST_CASE("LSTM, GRU, RNN: directions, layouts, lengths, states, peepholes, clips") {
  for (const char* op : {"LSTM", "GRU", "RNN"}) {
    for (const char* direction : {"forward", "reverse", "bidirectional"}) {
      for (int layout : {0, 1}) {
        for (int flag : {0, 1}) {
          Check({op, 7, 3, 5, 19, direction, layout, true, true, true, true, 0, flag}, true);
          Check({op, 4, 1, 8, 16, direction, layout, false, false, false, false, 0.7f, flag}, false);
        }
      }
    }
  }
}

TEST_CASE("LSTM and GRU of many steps and wide states: chunks of steps, products over several threads") {
  Check({"LSTM", 300, 2, 9, 120, "forward", 0, true, false, true, false, 0, 0}, true);
  Check({"GRU", 6, 5, 30, 300, "forward", 0, true, false, false, false, 0, 1}, true);
  Check({"LSTM", 3, 2, 4, 400, "bidirectional", 0, true, false, true, false, 0, 0}, true);
}

TEST_CASE("RNN: activations by name; empty sequences") {
  const std::vector<Argument> arguments = {Value(Dims{1, 1, 1}, std::vector<float>{-2}), Value(Dims{1, 1, 1}, std::vector<float>{3}),
                                           Value(Dims{1, 1, 1}, std::vector<float>{1})};
  CHECK(Floats("RNN", MakeAttributes({{"activations", "Relu"}}), arguments) == std::vector<float>{0});
  CHECK(Floats("RNN", MakeAttributes({{"activations", "LeakyRelu"}, {"activation_alpha", 0.5}}), arguments) ==
        std::vector<float>{-3});
  CHECK(Floats("RNN", MakeAttributes({{"activations", "Softsign"}}), arguments)[0] == doctest::Approx(-6.0 / 7));
  CHECK_THROWS_AS(Floats("RNN", MakeAttributes({{"activations", "Affine"}}), arguments), EngineError);
  CHECK_THROWS_AS(Floats("RNN", MakeAttributes({{"activations", "Relu,Tanh"}}), arguments), EngineError);
  const std::vector<Value> empty = RunOperator(
      "RNN", {}, {Value(Dims{0, 2, 1}, std::vector<float>{}), arguments[1], arguments[2], Argument::None(), Argument::None(),
                  Value(Dims{1, 2, 1}, std::vector<float>{5, 6})},
      {DataType::kFloat32, DataType::kFloat32});
  CHECK(empty[0].dims == Dims{0, 1, 2, 1});
  CHECK(empty[1].To<float>() == std::vector<float>{5, 6});
}

TEST_CASE("LSTM refuses what does not fit") {
  const Value x = Numbered({2, 1, 3}), w = Numbered({1, 8, 3}), r = Numbered({1, 8, 2});
  const std::string shape = "ERR_ENGINE_SHAPE";
  const Argument none = Argument::None();
  CHECK(Refusal("LSTM", {}, {Numbered({2, 3}), w, r}) == shape);
  CHECK(Refusal("LSTM", {}, {Numbered({2, 1, 4}), w, r}) == shape);
  CHECK(Refusal("LSTM", {}, {x, Numbered({1, 7, 3}), r}) == shape);
  CHECK(Refusal("LSTM", {}, {x, w, Numbered({1, 8, 0})}) == shape);
  CHECK(Refusal("LSTM", {}, {x, w, r, Numbered({1, 8})}) == shape);
  CHECK(Refusal("LSTM", {}, {x, Argument::Constant(Numbered({2, 8, 3})), Argument::Constant(r)}) == shape);
  const Value lengths(Dims{1}, std::vector<int32_t>{3});
  CHECK(Refusal("LSTM", {}, {x, w, r, none, lengths}) == "ERR_ENGINE_VALUE");
  CHECK(Refusal("LSTM", {}, {x, w, r, none, none, Numbered({1, 2, 2})}) == shape);
  CHECK(Refusal("LSTM", MakeAttributes({{"direction", "sideways"}}), {x, w, r}) == "ERR_ENGINE_PROGRAM");
}
