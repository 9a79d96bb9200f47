#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "testing/cases.h"
#include "testing/run_operator.h"

using namespace gossamer;

namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
using Floats = std::vector<float>;
using Int64s = std::vector<int64_t>;

// The elements that each result is made of, by indexing.
std::vector<std::vector<double>> Groups(const Dims& dims, unsigned mask, const Floats& x) {
  size_t results = 1;
  for (size_t d = 0; d < dims.Rank(); ++d) results *= (mask >> d & 1) != 0 ? 1 : static_cast<size_t>(dims[d]);
  std::vector<std::vector<double>> groups(results);
  for (size_t i = 0; i < x.size(); ++i) {
    size_t rest = i, at = 0, stride = 1;
    for (size_t d = dims.Rank(); d-- > 0;) {
      const size_t size = static_cast<size_t>(dims[d]), position = rest % size;
      rest /= size;
      if ((mask >> d & 1) != 0) continue;
      at += position * stride;
      stride *= size;
    }
    groups[at].push_back(x[i]);
  }
  return groups;
}

struct Case {
  const char* type;
  double (*fold)(const std::vector<double>&);
};
double Sum(const std::vector<double>& v) {
  double sum = 0;
  for (double e : v) sum += e;
  return sum;
}
double Squares(const std::vector<double>& v) {
  double sum = 0;
  for (double e : v) sum += e * e;
  return sum;
}
constexpr Case kCases[] = {
    {"ReduceSum", Sum},
    {"ReduceMean", [](const std::vector<double>& v) { return Sum(v) / static_cast<double>(v.size()); }},
    {"ReduceMax", [](const std::vector<double>& v) { return *std::max_element(v.begin(), v.end()); }},
    {"ReduceMin", [](const std::vector<double>& v) { return *std::min_element(v.begin(), v.end()); }},
    {"ReduceProd",
     [](const std::vector<double>& v) {
       double product = 1;
       for (double e : v) product *= e;
       return product;
     }},
    {"ReduceL1",
     [](const std::vector<double>& v) {
       double sum = 0;
       for (double e : v) sum += std::fabs(e);
       return sum;
     }},
    {"ReduceL2", [](const std::vector<double>& v) { return std::sqrt(Squares(v)); }},
    {"ReduceSumSquare", Squares},
    {"ReduceLogSum", [](const std::vector<double>& v) { return std::log(Sum(v)); }},
    {"ReduceLogSumExp",
     [](const std::vector<double>& v) {
       double sum = 0;
       for (double e : v) sum += std::exp(e);
       return std::log(sum);
     }},
};

}  // namespace

TEST_CASE("reductions over every set of axes equal indexing") {
  const Dims dims = {2, 3, 1, 5, 4};
  for (const Case& c : kCases) {
    CAPTURE(std::string(c.type));
    Floats x = NormalFloats(dims.Count(), 3);
    for (float& v : x) v = std::fabs(v) + 0.5f;
    std::vector<double> wide(x.begin(), x.end());
    for (unsigned mask = 0; mask < 32; ++mask) {
      Int64s axes;
      for (unsigned d = 0; d < 5; ++d) {
        if ((mask >> d & 1) != 0) axes.push_back(d % 2 == 0 ? d : static_cast<int64_t>(d) - 5);
      }
      const Value axes_value({static_cast<int64_t>(axes.size())}, axes);
      for (bool keep : {false, true}) {
        const Attributes attributes = MakeAttributes({{"keepdims", keep ? 1 : 0}});
        const Value y = RunOperator(c.type, attributes, {Value(dims, x), axes_value}, {DataType::kFloat32})[0];
        // Without axes all are reduced.
        const auto groups = Groups(dims, mask == 0 ? 31 : mask, x);
        const Floats actual = y.To<float>();
        REQUIRE(actual.size() == groups.size());
        CHECK(y.dims.Rank() == (keep ? 5 : mask == 0 ? 0 : 5 - axes.size()));
        const Value z = RunOperator(c.type, attributes, {Value(dims, wide), axes_value}, {DataType::kFloat64})[0];
        const std::vector<double> actual_wide = z.To<double>();
        for (size_t i = 0; i < groups.size(); ++i) {
          // 120 elements at most, each rounded once or twice.
          const double expected = c.fold(groups[i]);
          REQUIRE(std::fabs(actual[i] - expected) <= 240 * 0x1p-24 * std::fabs(expected) + 1e-7);
          REQUIRE(std::fabs(actual_wide[i] - expected) <= 240 * 0x1p-53 * std::fabs(expected) + 1e-15);
        }
      }
    }
  }
}

TEST_CASE("reductions: nothing to reduce, nothing at all, whole numbers") {
  const Value x({2, 2}, Floats{-1, 2, 3, -4}), none({0}, Int64s{}), empty({2, 0}, Floats{}), last({1}, Int64s{-1});
  const Attributes noop = MakeAttributes({{"noop_with_empty_axes", 1}});
  CHECK(RunOperator("ReduceL1", noop, {x, none}, {DataType::kFloat32})[0].To<float>() == Floats{-1, 2, 3, -4});
  CHECK(RunOperator("ReduceSum", {}, {empty, last}, {DataType::kFloat32})[0].To<float>() == Floats{0, 0});
  CHECK(RunOperator("ReduceMax", {}, {empty, last}, {DataType::kFloat32})[0].To<float>() == Floats{-kInf, -kInf});
  const Value whole({2, 2}, Int64s{-7, 2, 3, 4});
  CHECK(RunOperator("ReduceSum", {}, {whole, last}, {DataType::kInt64})[0].To<int64_t>() == Int64s{-5, 7});
  CHECK(RunOperator("ReduceL1", {}, {whole, last}, {DataType::kInt64})[0].To<int64_t>() == Int64s{9, 7});
  CHECK(RunOperator("ReduceProd", {}, {whole}, {DataType::kInt64})[0].To<int64_t>() == Int64s{-168});
  CHECK(RunOperator("ReduceMin", {}, {whole}, {DataType::kInt64})[0].To<int64_t>() == Int64s{-7});
  const Value wrong({1}, Int64s{2});
  CHECK_THROWS_AS(RunOperator("ReduceSum", {}, {x, wrong}, {DataType::kFloat32}), EngineError);
  // More than one tile, by rows and by columns.
  const Floats many = NormalFloats(300 * 700, 8);
  for (int64_t axis : {0, 1}) {
    const Value axes({1}, Int64s{axis});
    const Value sums = RunOperator("ReduceSum", {}, {Value({300, 700}, many), axes}, {DataType::kFloat32})[0];
    const auto groups = Groups({300, 700}, axis == 0 ? 1 : 2, many);
    for (size_t i = 0; i < groups.size(); ++i) REQUIRE(std::fabs(sums.To<float>()[i] - Sum(groups[i])) < 1e-3);
  }
}

TEST_CASE("ArgMax and ArgMin") {
  const Value x({2, 3}, Floats{1, 5, 5, -2, -2, 0});
  const auto run = [&](const char* type, int64_t axis, bool last) {
    return RunOperator(type, MakeAttributes({{"axis", axis}, {"select_last_index", last ? 1 : 0}}), {x},
                       {DataType::kInt64})[0].To<int64_t>();
  };
  CHECK(run("ArgMax", 1, false) == Int64s{1, 2});
  CHECK(run("ArgMax", 1, true) == Int64s{2, 2});
  CHECK(run("ArgMin", -1, false) == Int64s{0, 0});
  CHECK(run("ArgMin", -1, true) == Int64s{0, 1});
  CHECK(run("ArgMax", 0, false) == Int64s{0, 0, 0});
  const Value with_nan({1, 4}, Floats{1, kNan, 3, kNan});
  CHECK(RunOperator("ArgMax", MakeAttributes({{"axis", 1}}), {with_nan}, {DataType::kInt64})[0].To<int64_t>() ==
        Int64s{1});
  const Value empty({2, 0}, Floats{});
  CHECK_THROWS_AS(RunOperator("ArgMax", MakeAttributes({{"axis", 1}}), {empty}, {DataType::kInt64}), EngineError);
}

TEST_CASE("reductions of integers end at what the type holds") {
  const auto run = [](const char* type, const Value& x) {
    return RunOperator(type, MakeAttributes({{"axes", 0}, {"keepdims", 0}}), {x}, {x.type})[0];
  };
  using Ints = std::vector<int32_t>;
  CHECK(run("ReduceLogSum", Value({2}, Ints{0, 0})).To<int32_t>() == Ints{INT32_MIN});  // log 0
  CHECK(run("ReduceLogSum", Value({2}, Ints{-1, -1})).To<int32_t>() == Ints{0});        // NaN
  CHECK(run("ReduceL2", Value({1}, Ints{46341})).To<int32_t>() == Ints{0});             // the square wraps below 0
  CHECK(run("ReduceMean", Value({2}, Ints{-4, -6})).To<int32_t>() == Ints{-5});
}

TEST_CASE("CumSum") {
  const Value x({2, 3}, Floats{1, 2, 3, 4, 5, 6}), down({}, std::vector<int32_t>{0}), along({}, Int64s{-1});
  const auto run = [&](const Value& axis, int exclusive, int reverse) {
    return RunOperator("CumSum", MakeAttributes({{"exclusive", exclusive}, {"reverse", reverse}}), {x, axis},
                       {DataType::kFloat32})[0].To<float>();
  };
  CHECK(run(along, 0, 0) == Floats{1, 3, 6, 4, 9, 15});
  CHECK(run(down, 0, 0) == Floats{1, 2, 3, 5, 7, 9});
  CHECK(run(along, 1, 0) == Floats{0, 1, 3, 0, 4, 9});
  CHECK(run(along, 0, 1) == Floats{6, 5, 3, 15, 11, 6});
  CHECK(run(along, 1, 1) == Floats{5, 3, 0, 11, 6, 0});
}

TEST_CASE("ReduceSum and ReduceMean of long columns equal float64") {
  for (const Dims& dims : {Dims{30000, 3}, Dims{500, 9, 20}, Dims{1100, 65}}) {
    const size_t columns = static_cast<size_t>(dims[dims.Rank() - 1]), rows = dims.Count() / columns;
    std::vector<double> axes(dims.Rank() - 1);
    for (size_t d = 0; d < axes.size(); ++d) axes[d] = static_cast<double>(d);
    Floats x = NormalFloats(dims.Count(), 5);
    for (float& v : x) v += 100;
    std::vector<double> sums(columns);
    for (size_t i = 0; i < x.size(); ++i) sums[i % columns] += x[i];
    for (const char* type : {"ReduceSum", "ReduceMean"}) {
      const Value y = RunOperator(type, MakeAttributes({{"axes", axes}, {"keepdims", 0}}), {Value(dims, x)},
                                  {DataType::kFloat32})[0];
      CHECK(y.dims == Dims{static_cast<int64_t>(columns)});
      const Floats values = y.To<float>();
      for (size_t c = 0; c < columns; ++c) {
        const double expected = std::string(type) == "ReduceSum" ? sums[c] : sums[c] / static_cast<double>(rows);
        // 63 roundings in a block of 64 rows, each of half an ulp of a sum of up to 64 times the mean; then two more.
        REQUIRE(std::fabs(values[c] - expected) <= std::fabs(expected) * 65 * 0x1p-24);
      }
    }
  }
}
