// The attribute `sparse` of Int8Linear and Int8Conv: whatever the format, the results are those of the dense kernels.
#include <doctest/doctest.h>

#include <random>

#include "testing/cases.h"
#include "testing/random_bytes.h"
#include "testing/run_operator.h"

using namespace gossamer;

namespace {

std::vector<int8_t> SparseElements(size_t count, unsigned percent_kept, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<int8_t> elements(count);
  for (int8_t& w : elements) w = random() % 100 < percent_kept ? static_cast<int8_t>(random()) : int8_t{0};
  return elements;
}

std::vector<Value> Run(const char* type, Attributes attributes, const char* sparse, const Value& x, const Value& w,
                       size_t outputs, DataType result) {
  attributes.SetText("sparse", sparse);
  std::vector<int32_t> bias(outputs, 11);
  return RunOperator(type, attributes,
                     {x, Argument::Constant(w), Argument::Constant(Value({static_cast<int64_t>(outputs)}, bias))},
                     {result});
}

}  // namespace

TEST_CASE("Int8Linear: sparse as dense, all kinds of results") {
  unsigned seed = 0;
  for (int64_t outputs : {5, 64, 100}) {
    for (int64_t depth : {30, 64, 200}) {
      const Value x({17, depth}, RandomBytes(static_cast<size_t>(17 * depth), ++seed));
      const Value w({depth, outputs}, SparseElements(static_cast<size_t>(depth * outputs), 15, ++seed));
      for (const char* result : {"int32", "float", "quantized"}) {
        const std::string kind = result;
        const bool is_int32 = kind == "int32", is_float = kind == "float";
        const DataType type = is_int32 ? DataType::kInt32 : is_float ? DataType::kFloat32 : DataType::kUint8;
        Attributes attributes = MakeAttributes({{"result", result}, {"x_zero_point", 99}});
        if (kind == "float") attributes.SetText("activation", "gelu");
        attributes.SetNumbers("scales", {0.001});
        attributes.SetNumbers("w_zero_points", std::vector<double>(static_cast<size_t>(outputs), 3));
        if (kind == "quantized") attributes.SetNumbers("y_zero_point", {120});
        const auto dense = Run("Int8Linear", attributes, "dense", x, w, static_cast<size_t>(outputs), type);
        const auto sparse = Run("Int8Linear", attributes, "sparse", x, w, static_cast<size_t>(outputs), type);
        CHECK(dense[0].dims == sparse[0].dims);
        CHECK(dense[0].bytes == sparse[0].bytes);
      }
    }
  }
}

TEST_CASE("Int8Conv: sparse as dense, with pads, strides, dilations and groups") {
  struct Case {
    int64_t channels, outputs, group, kernel, stride, dilation, pad;
  };
  unsigned seed = 50;
  for (const Case& c : {Case{16, 24, 1, 3, 1, 1, 1}, Case{64, 64, 1, 3, 2, 1, 1}, Case{70, 20, 1, 3, 1, 2, 2},
                        Case{128, 70, 1, 1, 2, 1, 0}, Case{3, 17, 1, 5, 2, 1, 2}, Case{24, 20, 2, 3, 1, 1, 1}}) {
    const Value x({2, 9, 8, c.channels}, RandomBytes(static_cast<size_t>(2 * 9 * 8 * c.channels), ++seed));
    const Dims dims = {c.outputs, c.channels / c.group, c.kernel, c.kernel};
    const Value w(dims, SparseElements(dims.Count(), 20, ++seed));
    Attributes attributes = MakeAttributes({{"result", "int32"}, {"x_zero_point", 7}, {"group", c.group}});
    const double pad = static_cast<double>(c.pad);
    attributes.SetNumbers("pads", {pad, pad, pad, pad});
    attributes.SetNumbers("strides", std::vector<double>(2, static_cast<double>(c.stride)));
    attributes.SetNumbers("dilations", std::vector<double>(2, static_cast<double>(c.dilation)));
    const size_t outputs = static_cast<size_t>(c.outputs);
    const auto dense = Run("Int8Conv", attributes, "dense", x, w, outputs, DataType::kInt32);
    const auto sparse = Run("Int8Conv", attributes, "sparse", x, w, outputs, DataType::kInt32);
    CHECK(dense[0].dims == sparse[0].dims);
    CHECK(dense[0].bytes == sparse[0].bytes);
  }
}

TEST_CASE("Int8Linear: the note says which format and why") {
  const auto note = [](unsigned percent_kept, const char* mode) {
    const Value w({256, 128}, SparseElements(256 * 128, percent_kept, 3));
    Attributes attributes = MakeAttributes({{"result", "int32"}, {"x_zero_point", 0}, {"sparse", mode}});
    OperatorRunner runner("Int8Linear", attributes,
                          {Argument(Value({1, 256}, RandomBytes(256, 1))), Argument::Constant(w)}, {DataType::kInt32});
    return runner.Get().Note();
  };
  CHECK(note(100, "auto").rfind("dense", 0) == 0);
  CHECK(note(10, "dense").rfind("dense", 0) == 0);
  CHECK(note(100, "sparse").rfind("sparse", 0) == 0);
  const bool has_variant =
      SelectedIsa() >= Isa::kAvx512Vbmi || (GOSSAMER_AARCH64 && SelectedIsa() >= Isa::kNeonDotprod);
  CHECK(note(5, "auto").rfind(has_variant ? "sparse" : "dense", 0) == 0);
  CHECK_THROWS_AS(note(5, "maybe"), EngineError);
}
