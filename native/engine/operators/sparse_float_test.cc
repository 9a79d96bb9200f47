// The attribute `sparse` of Linear and ConvNhwc: whatever the format, the results are those of the dense kernels but
// for the order of the sums.
#include <doctest/doctest.h>

#include <random>

#include "testing/cases.h"
#include "testing/run_operator.h"

using namespace gossamer;

namespace {

std::vector<float> SparseFloats(size_t count, unsigned percent_kept, unsigned seed) {
  std::vector<float> elements = NormalFloats(count, seed);
  std::mt19937 random(seed);
  for (float& w : elements) w = random() % 100 < percent_kept ? w : 0;
  return elements;
}

// Sums of at most 700 products of normal numbers: two orders differ by far less than this.
void CheckClose(const std::vector<Value>& a, const std::vector<Value>& b) {
  CHECK(a[0].dims == b[0].dims);
  const std::vector<float> x = a[0].To<float>(), y = b[0].To<float>();
  for (size_t i = 0; i < x.size(); ++i) REQUIRE(std::fabs(x[i] - y[i]) < 1e-4);
}

std::vector<Value> Run(const char* type, Attributes attributes, const char* sparse,
                       const std::vector<Argument>& arguments) {
  attributes.SetText("sparse", sparse);
  return RunOperator(type, attributes, arguments, {DataType::kFloat32});
}

}  // namespace

TEST_CASE("Linear: sparse as dense") {
  unsigned seed = 0;
  for (int64_t rows : {1, 5, 70}) {
    for (int64_t n : {7, 64, 300}) {
      for (int64_t trans : {0, 1}) {
        const int64_t k = 200;
        const std::vector<Argument> arguments = {
            Value({rows, k}, NormalFloats(static_cast<size_t>(rows * k), ++seed)),
            Argument::Constant(
                Value(trans == 1 ? Dims{n, k} : Dims{k, n}, SparseFloats(static_cast<size_t>(n * k), 15, ++seed))),
            Argument::Constant(Value({n}, NormalFloats(static_cast<size_t>(n), ++seed))),
            Value({rows, n}, NormalFloats(static_cast<size_t>(rows * n), ++seed))};
        const Attributes attributes = MakeAttributes({{"trans_b", trans}, {"activation", "gelu"}});
        const std::vector<Value> dense = Run("Linear", attributes, "dense", arguments);
        CheckClose(Run("Linear", attributes, "sparse", arguments), dense);
        CheckClose(Run("Linear", attributes, "auto", arguments), dense);
      }
    }
  }
}

TEST_CASE("ConvNhwc: sparse as dense, with pads, strides, dilations and groups") {
  struct Case {
    int64_t channels, outputs, group, kernel, stride, dilation, pad;
  };
  unsigned seed = 50;
  for (const Case& c : {Case{16, 24, 1, 3, 1, 1, 1}, Case{60, 70, 1, 3, 2, 1, 1}, Case{40, 20, 1, 3, 1, 2, 2},
                        Case{128, 70, 1, 1, 1, 1, 0}, Case{3, 17, 1, 5, 2, 1, 2}, Case{24, 20, 2, 3, 1, 1, 1}}) {
    const Dims dims = {c.outputs, c.channels / c.group, c.kernel, c.kernel};
    const std::vector<Argument> arguments = {
        Value({2, 9, 8, c.channels}, NormalFloats(static_cast<size_t>(2 * 9 * 8 * c.channels), ++seed)),
        Argument::Constant(Value(dims, SparseFloats(dims.Count(), 15, ++seed)))};
    Attributes attributes = MakeAttributes({{"group", c.group}});
    attributes.SetNumbers("pads", std::vector<double>(4, static_cast<double>(c.pad)));
    attributes.SetNumbers("strides", std::vector<double>(2, static_cast<double>(c.stride)));
    attributes.SetNumbers("dilations", std::vector<double>(2, static_cast<double>(c.dilation)));
    CheckClose(Run("ConvNhwc", attributes, "sparse", arguments), Run("ConvNhwc", attributes, "dense", arguments));
  }
}

TEST_CASE("Linear: the note says which format and why") {
  const auto note = [](unsigned percent_kept, const char* mode) {
    const Value w({256, 128}, SparseFloats(256 * 128, percent_kept, 3));
    OperatorRunner runner("Linear", MakeAttributes({{"sparse", mode}}),
                          {Argument(Value({1, 256}, NormalFloats(256, 1))), Argument::Constant(w)},
                          {DataType::kFloat32});
    return runner.Get().Note();
  };
  CHECK(note(100, "auto").rfind("dense", 0) == 0);
  CHECK(note(10, "dense").rfind("dense", 0) == 0);
  CHECK(note(100, "sparse").rfind("sparse", 0) == 0);
  CHECK(note(10, "auto").rfind("sparse", 0) == 0);
}
