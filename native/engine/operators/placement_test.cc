// Expand, Tile, Pad, DepthToSpace, SpaceToDepth, ConstantOfShape, Range, EyeLike, and the gathers and scatters by element.
#include <cmath>
#include <limits>

#include "testing/operator_cases.h"

using namespace gossamer;

namespace {

const std::string kShape = "ERR_ENGINE_SHAPE", kValue = "ERR_ENGINE_VALUE";
constexpr int64_t kMin = std::numeric_limits<int64_t>::min(), kMax = std::numeric_limits<int64_t>::max();

Value Matrix(Dims dims, const std::vector<float>& values) { return Value(dims, values); }
Value Indices(Dims dims, const std::vector<int64_t>& values) { return Value(dims, values); }

}  // namespace

TEST_CASE("Expand and Tile") {
  CHECK(Floats("Expand", {}, {Matrix({2, 1}, {1, 2}), Longs({3, 1, 2})}) ==
        std::vector<float>{1, 1, 2, 2, 1, 1, 2, 2, 1, 1, 2, 2});
  CHECK(DimsOf("Expand", {}, {Numbered({3, 4}), Longs({1})}) == Dims{3, 4});
  CHECK(DimsOf("Expand", {}, {Numbered({1}), Longs({0})}) == Dims{0});
  CHECK(Refusal("Expand", {}, {Numbered({3}), Longs({2})}) == kShape);
  CHECK(Refusal("Expand", {}, {Numbered({1}), Longs({-1})}) == kShape);
  CHECK(Refusal("Expand", {}, {Numbered({1, 1, 1}), Longs({kMax, kMax, 1})}) == kShape);
  CHECK(Floats("Tile", {}, {Matrix({2, 2}, {1, 2, 3, 4}), Longs({2, 2})}) ==
        std::vector<float>{1, 2, 1, 2, 3, 4, 3, 4, 1, 2, 1, 2, 3, 4, 3, 4});
  CHECK(DimsOf("Tile", {}, {Numbered({2, 2}), Longs({0, 3})}) == Dims{0, 6});
  CHECK(Refusal("Tile", {}, {Numbered({2, 2}), Longs({1})}) == kShape);
  CHECK(Refusal("Tile", {}, {Numbered({2, 2}), Longs({1, -1})}) == kShape);
  CHECK(Refusal("Tile", {}, {Numbered({2, 2}), Longs({kMax, kMax})}) == kShape);
  const std::vector<float> many = Floats("Tile", {}, {Numbered({50, 60}), Longs({7, 11})});
  bool same = many.size() == 350 * 660;
  for (size_t i = 0; same && i < many.size(); ++i) same = many[i] == static_cast<float>(i / 660 % 50 * 60 + i % 660 % 60);
  CHECK(same);
}

TEST_CASE("Pad: every mode") {
  const auto pad = [](const char* mode, Dims dims, const std::vector<int64_t>& pads) {
    return Floats("Pad", MakeAttributes({{"mode", mode}}), {Numbered(dims), Longs(pads)});
  };
  CHECK(pad("constant", {2, 2}, {0, 1, 1, 2}) == std::vector<float>{0, 0, 1, 0, 0, 0, 2, 3, 0, 0, 0, 0, 0, 0, 0});
  CHECK(pad("edge", {2, 2}, {0, 1, 1, 2}) == std::vector<float>{0, 0, 1, 1, 1, 2, 2, 3, 3, 3, 2, 2, 3, 3, 3});
  CHECK(pad("reflect", {3}, {5, 4}) == std::vector<float>{1, 0, 1, 2, 1, 0, 1, 2, 1, 0, 1, 2});
  CHECK(pad("wrap", {3}, {4, 2}) == std::vector<float>{2, 0, 1, 2, 0, 1, 2, 0, 1});
  CHECK(pad("constant", {2, 3}, {0, -1, 0, -1}) == std::vector<float>{1, 4});
  CHECK(pad("edge", {4}, {-2, 1}) == std::vector<float>{2, 3, 3});
  CHECK(pad("constant", {4}, {-3, -1}).empty());
  CHECK(pad("constant", {2}, {-3, 4}) == std::vector<float>{0, 0, 0});  // all of x is cut off
  CHECK(pad("constant", {0}, {1, 1}) == std::vector<float>{0, 0});
  const Value value(Dims{}, std::vector<float>{9});
  CHECK(Floats("Pad", {}, {Numbered({1, 2, 2}), Longs({1, 0}), value, Longs({1})}) == std::vector<float>{9, 9, 0, 1, 2, 3});
  CHECK(Refusal("Pad", {}, {Numbered({2}), Longs({-2, -1})}) == kShape);
  CHECK(Refusal("Pad", {}, {Numbered({2}), Longs({kMax, kMax})}) == kShape);
  CHECK(Refusal("Pad", {}, {Numbered({2}), Longs({kMin, 1})}) == kShape);
  CHECK(Refusal("Pad", {}, {Numbered({2}), Longs({1})}) == kShape);
  CHECK(Refusal("Pad", MakeAttributes({{"mode", "edge"}}), {Numbered({0}), Longs({1, 1})}) == kShape);
}

TEST_CASE("DepthToSpace and SpaceToDepth") {
  const Value x = Numbered({2, 8, 3, 5});
  for (const char* mode : {"DCR", "CRD"}) {
    const Value y = RunOperator("DepthToSpace", MakeAttributes({{"blocksize", 2}, {"mode", mode}}), {x}, {DataType::kFloat32})[0];
    CHECK(y.dims == Dims{2, 2, 6, 10});
    const std::vector<float> values = y.To<float>();
    bool same = true;
    for (size_t i = 0; i < values.size(); ++i) {
      const size_t w = i % 10, h = i / 10 % 6, c = i / 60 % 2, n = i / 120, place = h % 2 * 2 + w % 2;
      const size_t depth = mode[0] == 'D' ? place * 2 + c : c * 4 + place;
      same = same && values[i] == static_cast<float>(((n * 8 + depth) * 3 + h / 2) * 5 + w / 2);
    }
    CHECK(same);
    if (mode[0] == 'C') continue;
    CHECK(RunOperator("SpaceToDepth", MakeAttributes({{"blocksize", 2}}), {y}, {DataType::kFloat32})[0].bytes == x.bytes);
  }
  CHECK(Refusal("DepthToSpace", MakeAttributes({{"blocksize", 3}}), {x}) == kShape);
  CHECK(Refusal("SpaceToDepth", MakeAttributes({{"blocksize", 0}}), {x}) == kShape);
  CHECK(Refusal("SpaceToDepth", MakeAttributes({{"blocksize", 2}}), {x}) == kShape);
}

TEST_CASE("ConstantOfShape, Range, EyeLike") {
  const Value ones = RunOperator("ConstantOfShape", MakeAttributes({{"value", 1.5}}), {Longs({2, 3})}, {DataType::kFloat32})[0];
  CHECK(ones.dims == Dims{2, 3});
  CHECK(ones.To<float>() == std::vector<float>(6, 1.5f));
  CHECK(RunOperator("ConstantOfShape", MakeAttributes({{"value", -7}}), {Longs({2})}, {DataType::kInt64})[0].To<int64_t>() ==
        std::vector<int64_t>{-7, -7});
  CHECK(RunOperator("ConstantOfShape", {}, {Longs({})}, {DataType::kFloat32})[0].dims == Dims{});
  CHECK(Refusal("ConstantOfShape", {}, {Longs({-1})}) == kShape);
  CHECK(Refusal("ConstantOfShape", {}, {Longs({kMax, 2})}) == kShape);

  const auto range = [](int64_t start, int64_t limit, int64_t delta) {
    return RunOperator("Range", {}, {Indices({}, {start}), Indices({}, {limit}), Indices({}, {delta})}, {DataType::kInt64})[0]
        .To<int64_t>();
  };
  CHECK(range(0, 7, 3) == std::vector<int64_t>{0, 3, 6});
  CHECK(range(10, 4, -2) == std::vector<int64_t>{10, 8, 6});
  CHECK(range(1, 0, 1).empty());
  CHECK(range(kMin, kMax, kMax) == std::vector<int64_t>{kMin, -1, kMax - 1});
  CHECK(range(kMax, kMin, kMin) == std::vector<int64_t>{kMax, -1});
  CHECK(Refusal("Range", {}, {Indices({}, {kMin}), Indices({}, {kMax}), Indices({}, {1})}) == kShape);
  CHECK(Refusal("Range", {}, {Indices({}, {0}), Indices({}, {1}), Indices({}, {0})}) == kValue);
  CHECK(Floats("Range", {}, {Matrix({}, {1}), Matrix({}, {2}), Matrix({}, {0.25f})}) == std::vector<float>{1, 1.25f, 1.5f, 1.75f});
  CHECK(Refusal("Range", {}, {Matrix({}, {0}), Matrix({}, {INFINITY}), Matrix({}, {1})}) == kShape);
  CHECK(Refusal("Range", {}, {Matrix({}, {NAN}), Matrix({}, {1}), Matrix({}, {1})}) == kShape);

  CHECK(Floats("EyeLike", MakeAttributes({{"k", 1}}), {Numbered({2, 3})}) == std::vector<float>{0, 1, 0, 0, 0, 1});
  CHECK(Floats("EyeLike", MakeAttributes({{"k", -1}}), {Numbered({3, 2})}) == std::vector<float>{0, 0, 1, 0, 0, 1});
  CHECK(Floats("EyeLike", MakeAttributes({{"k", -9e15}}), {Numbered({1, 1})}) == std::vector<float>{0});
}

TEST_CASE("GatherElements and ScatterElements") {
  const Value x = Matrix({3, 3}, {1, 2, 3, 4, 5, 6, 7, 8, 9});
  CHECK(Floats("GatherElements", {}, {x, Indices({2, 3}, {1, 2, 0, 2, 0, -3})}) == std::vector<float>{4, 8, 3, 7, 2, 3});
  CHECK(Floats("GatherElements", MakeAttributes({{"axis", 1}}), {x, Indices({2, 2}, {0, -1, 1, 0})}) ==
        std::vector<float>{1, 3, 5, 4});
  CHECK(Refusal("GatherElements", {}, {x, Indices({1, 1}, {3})}) == kValue);
  CHECK(Refusal("GatherElements", {}, {x, Indices({1, 4}, {0, 0, 0, 0})}) == kShape);
  CHECK(Refusal("GatherElements", {}, {x, Longs({0})}) == kShape);
  CHECK(Refusal("GatherElements", {}, {Matrix({}, {1}), Indices({}, {0})}) == kShape);

  const Value data = Matrix({1, 5}, {1, 2, 3, 4, 5});
  const auto scatter = [&](const char* reduction, const std::vector<int64_t>& at, const std::vector<float>& updates) {
    const Dims dims{1, static_cast<int64_t>(at.size())};
    return Floats("ScatterElements", MakeAttributes({{"axis", 1}, {"reduction", reduction}}),
                  {data, Indices(dims, at), Matrix(dims, updates)});
  };
  CHECK(scatter("none", {1, -2}, {1.1f, 2.1f}) == std::vector<float>{1, 1.1f, 3, 2.1f, 5});
  CHECK(scatter("add", {1, 1}, {1, 2}) == std::vector<float>{1, 5, 3, 4, 5});
  CHECK(scatter("mul", {4, 4}, {2, 3}) == std::vector<float>{1, 2, 3, 4, 30});
  CHECK(scatter("max", {0, 1}, {0, 9}) == std::vector<float>{1, 9, 3, 4, 5});
  CHECK(scatter("min", {0, 1}, {0, 9}) == std::vector<float>{0, 2, 3, 4, 5});
  CHECK(Refusal("ScatterElements", {}, {data, Indices({1, 1}, {1}), Matrix({1, 1}, {0})}) == kValue);
  CHECK(Refusal("ScatterElements", {}, {data, Indices({1, 1}, {0}), Matrix({1, 2}, {0, 0})}) == kShape);
}

TEST_CASE("GatherND and ScatterND") {
  const Value x = Numbered({2, 2, 2});
  CHECK(Floats("GatherND", {}, {x, Indices({2, 2}, {0, 1, 1, -2})}) == std::vector<float>{2, 3, 4, 5});
  CHECK(Floats("GatherND", {}, {x, Indices({2, 3}, {0, 0, 0, 1, 1, 1})}) == std::vector<float>{0, 7});
  CHECK(Floats("GatherND", MakeAttributes({{"batch_dims", 1}}), {x, Indices({2, 1}, {1, 0})}) == std::vector<float>{2, 3, 4, 5});
  CHECK(DimsOf("GatherND", {}, {x, Indices({3, 0}, {})}) == Dims{3, 2, 2, 2});
  CHECK(Refusal("GatherND", {}, {x, Indices({1, 1}, {2})}) == kValue);
  CHECK(Refusal("GatherND", {}, {x, Indices({1, 4}, {0, 0, 0, 0})}) == kShape);
  CHECK(Refusal("GatherND", MakeAttributes({{"batch_dims", 1}}), {x, Indices({1, 1}, {0})}) == kShape);
  CHECK(Refusal("GatherND", MakeAttributes({{"batch_dims", 2}}), {x, Indices({2, 2}, {0, 0, 0, 0})}) == kShape);
  CHECK(Refusal("GatherND", {}, {x, Indices({}, {0})}) == kShape);

  const Value line = Numbered({8});
  CHECK(Floats("ScatterND", {}, {line, Indices({3, 1}, {4, 3, -7}), Matrix({3}, {9, 10, 11})}) ==
        std::vector<float>{0, 11, 2, 10, 9, 5, 6, 7});
  CHECK(Floats("ScatterND", MakeAttributes({{"reduction", "add"}}),
               {x, Indices({2, 1}, {1, 1}), Matrix({2, 2, 2}, {1, 1, 1, 1, 2, 2, 2, 2})}) ==
        std::vector<float>{0, 1, 2, 3, 7, 8, 9, 10});
  CHECK(Refusal("ScatterND", {}, {line, Indices({1, 1}, {8}), Matrix({1}, {0})}) == kValue);
  CHECK(Refusal("ScatterND", {}, {line, Indices({2, 1}, {0, 1}), Matrix({1}, {0})}) == kShape);
}
