// The addon's operations through their own argument checks: right arguments are taken, wrong ones are refused or do no
// harm.
#include "fuzz/operation_calls.h"

using namespace gossamer;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const std::vector<OperationCall> operations = OperationCalls();
  Input input(data, size);
  const OperationCall& operation = operations[input.Byte() % operations.size()];
  CallBuilder builder(input);
  operation.build(builder, input);
  const bool is_disturbed = builder.Disturb();
  FakeCall call = builder.Call();
  const Napi::CallbackInfo info(FakeEnv(), call.Info());
  try {
    Arguments args(info, 0);
    Require(operation.prepare(args)(nullptr), operation.name, "ended");
  } catch (const ArgumentError& error) {
    if (!is_disturbed) std::fprintf(stderr, "%s %s\n", error.code.c_str(), error.message.c_str());
    Require(is_disturbed, operation.name, "took right arguments");
  }
  return 0;
}
