#include <doctest/doctest.h>

#include "testing/run_operator.h"

using namespace gossamer;

TEST_CASE("Identity is its input under another name") {
  const Value x({2, 3}, std::vector<float>{1, 2, 3, 4, 5, 6});
  OperatorRunner identity("Identity", {}, {x}, {DataType::kFloat32});
  CHECK(identity.Get().View() == 0);
  const std::vector<Value> y = identity.Run({x});
  CHECK(y[0].dims == x.dims);
  CHECK(y[0].bytes == x.bytes);
  CHECK_THROWS_AS(RunOperator("Identity", {}, {x}, {DataType::kInt32}), EngineError);
}
