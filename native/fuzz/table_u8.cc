// Tables of bytes: every kernel against the definition.
#include "kernels/table_u8/table_u8.h"

#include "fuzz/input.h"

using namespace gossamer;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Input input(data, size);
  const size_t count = input.Size(300);
  Exact<uint8_t> table(input.Bytes(256), input), x(input.Bytes(count), input);
  std::vector<uint8_t> expected(count);
  TableU8Scalar(table.data(), x.data(), count, expected.data());
  ForEachVariant(TableU8Variants(), [&](TableU8Fn& fn, const char* isa) {
    Exact<uint8_t> y(count, input);
    fn(table.data(), x.data(), count, y.data());
    Require(SameBits(y.Copy(), expected), "TableU8", isa);
  });
  return 0;
}
