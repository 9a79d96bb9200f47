#include <doctest/doctest.h>

#include <cmath>

#include "testing/cases.h"
#include "testing/run_operator.h"

using namespace gossamer;

namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr int64_t kInt64Min = std::numeric_limits<int64_t>::min(), kInt64Max = std::numeric_limits<int64_t>::max();
using Floats = std::vector<float>;
using Int64s = std::vector<int64_t>;
using Bytes = std::vector<uint8_t>;

template <class X, class Y = X>
std::vector<Y> Map(const char* type, Attributes attributes, const std::vector<X>& x, DataType y = DataTypeOf<Y>()) {
  const Value value({static_cast<int64_t>(x.size())}, x);
  return RunOperator(type, std::move(attributes), {value}, {y})[0].template To<Y>();
}

template <class T>
std::vector<T> Binary(const char* type, const std::vector<T>& a, const std::vector<T>& b, Attributes attributes = {}) {
  const Value first({static_cast<int64_t>(a.size())}, a), second({static_cast<int64_t>(b.size())}, b);
  return RunOperator(type, std::move(attributes), {first, second}, {DataTypeOf<T>()})[0].template To<T>();
}

Bytes Compare(const char* type, const Floats& a, const Floats& b) {
  const Value first({static_cast<int64_t>(a.size())}, a), second({static_cast<int64_t>(b.size())}, b);
  return RunOperator(type, {}, {first, second}, {DataType::kBool})[0].To<uint8_t>();
}

}  // namespace

TEST_CASE("unary operators: float32 near float64, over the threads' tiles") {
  struct Case {
    const char* type;
    double (*oracle)(double);
    float low, high;
  };
  constexpr Case kCases[] = {
      {"Abs", std::fabs, -9, 9},     {"Acos", std::acos, -1, 1},    {"Acosh", std::acosh, 1, 50},
      {"Asin", std::asin, -1, 1},    {"Asinh", std::asinh, -9, 9},  {"Atan", std::atan, -9, 9},
      {"Atanh", std::atanh, -.9, .9}, {"Ceil", std::ceil, -9, 9},    {"Cos", std::cos, -999, 999},
      {"Cosh", std::cosh, -9, 9},    {"Erf", std::erf, -4, 4},      {"Exp", std::exp, -9, 9},
      {"Floor", std::floor, -9, 9},  {"Log", std::log, 1e-3f, 99},  {"Sin", std::sin, -999, 999},
      {"Sinh", std::sinh, -9, 9},    {"Sqrt", std::sqrt, 0, 99},    {"Tan", std::tan, -1, 1},
      {"Tanh", std::tanh, -9, 9},    {"Round", std::nearbyint, -9, 9}};
  for (const Case& c : kCases) {
    CAPTURE(std::string(c.type));
    Floats x(70001);
    std::vector<double> wide(1000);
    for (size_t i = 0; i < x.size(); ++i) {
      x[i] = c.low + (c.high - c.low) * static_cast<float>(i) / static_cast<float>(x.size() - 1);
      if (i < wide.size()) wide[i] = x[i];
    }
    const Floats y = Map(c.type, {}, x);
    for (size_t i = 0; i < x.size(); ++i) {
      const double expected = c.oracle(x[i]);
      REQUIRE(std::fabs(y[i] - expected) <= 3 * 0x1p-24 * std::fabs(expected) + 1e-12);
    }
    const std::vector<double> wide_y = Map(c.type, {}, wide);
    for (size_t i = 0; i < wide.size(); ++i) REQUIRE(wide_y[i] == c.oracle(wide[i]));
  }
}

TEST_CASE("unary operators of small tensors") {
  CHECK(Map<float>("Sign", {}, {-3, 0, 2}) == Floats{-1, 0, 1});
  CHECK(Map<float>("Reciprocal", {}, {2, -4}) == Floats{0.5f, -0.25f});
  CHECK(Map<float>("Relu", {}, {-2, 3}) == Floats{0, 3});
  CHECK(Map<float>("HardSwish", {}, {-4, 0, 4}) == Floats{0, 0, 4});
  CHECK(Map<float>("Softsign", {}, {-1, 3}) == Floats{-0.5f, 0.75f});
  CHECK(Map<float>("LeakyRelu", MakeAttributes({{"alpha", 0.5}}), {-2, 3}) == Floats{-1, 3});
  CHECK(Map<float>("ThresholdedRelu", MakeAttributes({{"alpha", 2}}), {2, 3}) == Floats{0, 3});
  CHECK(Map<float>("HardSigmoid", MakeAttributes({{"alpha", 0.5}, {"beta", 0.5}}), {-2, 0, 2}) == Floats{0, 0.5f, 1});
  CHECK(Map<float>("Elu", MakeAttributes({{"alpha", 2}}), {0, 5}) == Floats{0, 5});
  CHECK(Map<float>("Celu", {}, {0, 5}) == Floats{0, 5});
  CHECK(Map<float>("Selu", MakeAttributes({{"gamma", 3}}), {1, 2}) == Floats{3, 6});
  CHECK(Map<float>("Gelu", MakeAttributes({{"approximate", "tanh"}}), {0}) == Floats{0});
  CHECK(Map<float>("Activate", MakeAttributes({{"activation", "clamp"}, {"activation_alpha", -1}}), {-2, 9}) ==
        Floats{-1, 9});
  CHECK(Map<int64_t>("Abs", {}, {-3, kInt64Min, 4}) == Int64s{3, kInt64Min, 4});
  CHECK(Map<int64_t>("Neg", {}, {-3, 0, 4}) == Int64s{3, 0, -4});
  CHECK(Map<int64_t>("Sign", {}, {-3, 0, 4}) == Int64s{-1, 0, 1});
  CHECK(Map<float, uint8_t>("IsNaN", {}, {1, kNan}, DataType::kBool) == Bytes{0, 1});
  CHECK(Map<float, uint8_t>("IsInf", MakeAttributes({{"detect_negative", 0}}), {-kInf, kInf, 1, kNan},
                            DataType::kBool) == Bytes{0, 1, 0, 0});
  CHECK(Map<int32_t>("BitwiseNot", {}, {0, -8}) == std::vector<int32_t>{-1, 7});
  CHECK_THROWS_AS(Map<int64_t>("Exp", {}, {1}), EngineError);
  CHECK_THROWS_AS(Map<float>("Activate", MakeAttributes({{"activation", "swoosh"}}), {1}), EngineError);
  const Value bools(DataType::kBool, {2}, Bytes{0, 1});
  CHECK(RunOperator("Not", {}, {bools}, {DataType::kBool})[0].To<uint8_t>() == Bytes{1, 0});
}

TEST_CASE("arithmetic of floats and of whole numbers") {
  CHECK(Binary<float>("Add", {1, 2}, {3, 4}) == Floats{4, 6});
  CHECK(Binary<float>("Sub", {1, 2}, {3}) == Floats{-2, -1});
  CHECK(Binary<float>("Div", {3}, {2, 4}) == Floats{1.5f, 0.75f});
  CHECK(Binary<float>("Min", {1, 5}, {3, 4}) == Floats{1, 4});
  CHECK(Binary<float>("PRelu", {-2, 5}, {0.5f}) == Floats{-1, 5});
  CHECK(Binary<int64_t>("Mul", {kInt64Max, 3}, {2, 4}) == Int64s{-2, 12});
  CHECK(Binary<int64_t>("Div", {7, -7, 1, kInt64Min}, {2, 2, 0, -1}) == Int64s{3, -3, 0, kInt64Min});
  CHECK(Binary<int64_t>("Mod", {7, -7, 7, 1}, {3, 3, -3, 0}) == Int64s{1, 2, -2, 0});
  CHECK(Binary<int64_t>("Mod", {-7, kInt64Min}, {3, -1}, MakeAttributes({{"fmod", 1}})) == Int64s{-1, 0});
  CHECK(Binary<float>("Mod", {-7.5f}, {2}, MakeAttributes({{"fmod", 1}})) == Floats{-1.5f});
  CHECK(Binary<float>("Mod", {-7.5f, 7.5f}, {2, -2}) == Floats{0.5f, -0.5f});
  CHECK(Binary<float>("Pow", {3, 4}, {2}) == Floats{9, 16});
  CHECK(Binary<float>("Pow", {4, 9}, {0.5f}) == Floats{2, 3});
  CHECK(Binary<float>("Pow", {2, 2, 2}, {-2, 0, 10}) == Floats{0.25f, 1, 1024});
  CHECK(Binary<int64_t>("Pow", {2, 2, -1, 0}, {62, -1, -3, 0}) == Int64s{int64_t{1} << 62, 0, -1, 1});
  CHECK(Binary<uint8_t>("Add", {250}, {10}) == Bytes{4});
  CHECK(Binary<uint8_t>("BitShift", {3, 255}, {2, 9}, MakeAttributes({{"direction", "LEFT"}})) == Bytes{12, 0});
  CHECK(Binary<uint8_t>("BitwiseXor", {5}, {3}) == Bytes{6});
}

TEST_CASE("comparisons and logic") {
  CHECK(Compare("Equal", {1, 2, kNan}, {1, 3, kNan}) == Bytes{1, 0, 0});
  CHECK(Compare("Greater", {1, 4}, {2}) == Bytes{0, 1});
  CHECK(Compare("LessOrEqual", {1, 2, 3}, {2}) == Bytes{1, 1, 0});
  const Value a(DataType::kBool, {4}, Bytes{0, 0, 1, 1}), b(DataType::kBool, {4}, Bytes{0, 1, 0, 1});
  CHECK(RunOperator("And", {}, {a, b}, {DataType::kBool})[0].To<uint8_t>() == Bytes{0, 0, 0, 1});
  CHECK(RunOperator("Or", {}, {a, b}, {DataType::kBool})[0].To<uint8_t>() == Bytes{0, 1, 1, 1});
  CHECK(RunOperator("Xor", {}, {a, b}, {DataType::kBool})[0].To<uint8_t>() == Bytes{0, 1, 1, 0});
}

TEST_CASE("Sum, Mean, Min, Max of any number of inputs, each broadcast to all") {
  const Value a({2, 1}, Floats{1, 2}), b({1, 1}, Floats{10}), c({1, 3}, Floats{3, 6, 9});
  CHECK(RunOperator("Sum", {}, {a, b, c}, {DataType::kFloat32})[0].To<float>() == Floats{14, 17, 20, 15, 18, 21});
  CHECK(RunOperator("Mean", {}, {a, b, c}, {DataType::kFloat32})[0].To<float>() ==
        Floats{14 / 3.f, 17 / 3.f, 20 / 3.f, 5, 6, 7});
  CHECK(RunOperator("Max", {}, {a, b, c, a}, {DataType::kFloat32})[0].To<float>() == Floats{10, 10, 10, 10, 10, 10});
  CHECK(RunOperator("Min", {}, {a}, {DataType::kFloat32})[0].To<float>() == Floats{1, 2});
}

TEST_CASE("broadcasting of every pair of shapes equals indexing") {
  // Each axis is there, of size 1, or left out from the left; sizes with more than one tile among them.
  const Dims shapes[] = {{},        {5},       {1},       {3, 5},       {3, 1},    {2, 3, 5},       {2, 1, 5},
                         {2, 3, 1}, {1, 3, 1}, {4, 1, 1, 5}, {4, 2, 1, 1}, {4, 2, 3, 5}, {1, 1, 1, 5}};
  for (const Dims& da : shapes) {
    for (const Dims& db : shapes) {
      const size_t rank = std::max(da.Rank(), db.Rank());
      Dims dy;
      for (size_t d = 0; d < rank; ++d) {
        const int64_t sa = d + da.Rank() < rank ? 1 : da[d + da.Rank() - rank];
        const int64_t sb = d + db.Rank() < rank ? 1 : db[d + db.Rank() - rank];
        dy.Append(sa == 1 ? sb : sa);
      }
      const auto index = [&](const Dims& dims, size_t i) {
        size_t at = 0, stride = 1;
        for (size_t d = rank; d-- > 0;) {
          const size_t position = i % static_cast<size_t>(dy[d]);
          i /= static_cast<size_t>(dy[d]);
          if (d + dims.Rank() < rank) continue;
          const size_t size = static_cast<size_t>(dims[d + dims.Rank() - rank]);
          if (size != 1) at += position * stride;
          stride *= size;
        }
        return at;
      };
      const Value a(da, NormalFloats(da.Count(), 1)), b(db, NormalFloats(db.Count(), 2));
      const Value sum = RunOperator("Add", {}, {a, b}, {DataType::kFloat32})[0];
      REQUIRE(sum.dims == dy);
      const Floats fa = a.To<float>(), fb = b.To<float>(), fy = sum.To<float>();
      for (size_t i = 0; i < fy.size(); ++i) REQUIRE(fy[i] == fa[index(da, i)] + fb[index(db, i)]);
      const Value condition(DataType::kBool, {3, 1}, Bytes{1, 0, 1});
      if (rank < 2 || dy[rank - 2] != 3) continue;
      const Floats chosen = RunOperator("Where", {}, {condition, a, b}, {DataType::kFloat32})[0].To<float>();
      for (size_t i = 0; i < fy.size(); ++i) {
        REQUIRE(chosen[i] == (i / static_cast<size_t>(dy[rank - 1]) % 3 == 1 ? fb[index(db, i)] : fa[index(da, i)]));
      }
    }
  }
  const Value none({0, 1}, Floats()), some({1, 3}, Floats(3));
  CHECK(RunOperator("Add", {}, {none, some}, {DataType::kFloat32})[0].dims == Dims{0, 3});
  const Value a({2, 3}, Floats(6)), b({2}, Floats(2));
  CHECK_THROWS_AS(RunOperator("Add", {}, {a, b}, {DataType::kFloat32}), EngineError);
  const Value row({3}, NormalFloats(3, 3)), many({70000, 3}, NormalFloats(210000, 4));
  const Floats x = many.To<float>(), r = row.To<float>();
  const Floats y = RunOperator("Mul", {}, {many, row}, {DataType::kFloat32})[0].To<float>();
  for (size_t i = 0; i < y.size(); ++i) REQUIRE(y[i] == x[i] * r[i % 3]);
}

TEST_CASE("Clip") {
  const Value x({4}, Floats{-5, 0, 5, kNan}), low({}, Floats{-1}), high({}, Floats{2});
  const Floats both = RunOperator("Clip", {}, {x, low, high}, {DataType::kFloat32})[0].To<float>();
  CHECK(SameFloats(both, {-1, 0, 2, kNan}));
  CHECK(SameFloats(RunOperator("Clip", {}, {x, Argument::None(), high}, {DataType::kFloat32})[0].To<float>(),
                   {-5, 0, 2, kNan}));
  const Value whole({3}, Int64s{-9, 0, 9}), bound({}, Int64s{3});
  CHECK(RunOperator("Clip", {}, {whole, bound}, {DataType::kInt64})[0].To<int64_t>() == Int64s{3, 3, 9});
  CHECK_THROWS_AS(RunOperator("Clip", {}, {x, x}, {DataType::kFloat32}), EngineError);
}

TEST_CASE("Cast: every pair of types") {
  std::vector<DataType> all;
  for (size_t i = 0; i < kDataTypes; ++i) all.push_back(static_cast<DataType>(i));
  // 0, 1 and 100 exist in every type, but that every other bool is 1.
  const Value numbers({3}, Floats{0, 1, 100});
  for (DataType from : all) {
    for (DataType to : all) {
      CAPTURE(std::string(DataTypeName(from)));
      CAPTURE(std::string(DataTypeName(to)));
      const Value x = RunOperator("Cast", {}, {numbers}, {from})[0];
      const Value y = RunOperator("Cast", {}, {x}, {to})[0];
      const Floats back = RunOperator("Cast", {}, {y}, {DataType::kFloat32})[0].To<float>();
      const bool a_bool = from == DataType::kBool || to == DataType::kBool;
      CHECK(back == Floats{0, 1, a_bool ? 1.f : 100.f});
    }
  }
}

TEST_CASE("Cast: what does not fit") {
  const Floats x = {-1.9f, 300.7f, kNan, kInf, -kInf, 1e20f, 0.5f};
  CHECK((Map<float, uint8_t>("Cast", {}, x)) == Bytes{0, 255, 0, 255, 0, 255, 0});
  CHECK((Map<float, int8_t>("Cast", {}, x)) == std::vector<int8_t>{-1, 127, 0, 127, -128, 127, 0});
  CHECK((Map<float, int64_t>("Cast", {}, x)) == Int64s{-1, 300, 0, kInt64Max, kInt64Min, kInt64Max, 0});
  CHECK((Map<float, uint8_t>("Cast", {}, x, DataType::kBool)) == Bytes{1, 1, 1, 1, 1, 1, 1});
  CHECK((Map<int64_t, uint8_t>("Cast", {}, {256, -1})) == Bytes{0, 255});
  CHECK((Map<float, uint16_t>("Cast", {}, {1, 65504, 70000}, DataType::kFloat16)) ==
        std::vector<uint16_t>{0x3c00, 0x7bff, 0x7c00});
}

TEST_CASE("Where: any pattern of conditions, elements of every size, repeated operands, in place") {
  const auto check = [](auto zero, DataType type) {
    using T = decltype(zero);
    for (size_t n : {1, 15, 16, 17, 40, 70000}) {
      std::vector<T> a(n), b(n);
      Bytes condition(n);
      for (size_t i = 0; i < n; ++i) {
        a[i] = static_cast<T>(3 * i + 1);
        b[i] = static_cast<T>(7 * i + 2);
        condition[i] = i * i % 7 < 3 ? 1 : 0;
      }
      const auto size = static_cast<int64_t>(n);
      for (int kind = 0; kind < 4; ++kind) {
        const bool one_a = (kind & 1) != 0, one_b = (kind & 2) != 0;
        const Value left = one_a ? Value(type, {1}, std::vector<T>{a[0]}) : Value(type, {size}, a);
        const Value right = one_b ? Value(type, {1}, std::vector<T>{b[0]}) : Value(type, {size}, b);
        const Value choice(DataType::kBool, {size}, condition);
        const auto y = RunOperator("Where", {}, {choice, left, right}, {type})[0].template To<T>();
        for (size_t i = 0; i < n; ++i) {
          REQUIRE(y[i] == (condition[i] != 0 ? a[one_a ? 0 : i] : b[one_b ? 0 : i]));
        }
      }
    }
  };
  check(uint8_t{0}, DataType::kUint8);
  check(uint16_t{0}, DataType::kUint16);
  check(0.0f, DataType::kFloat32);
  check(int64_t{0}, DataType::kInt64);
}
