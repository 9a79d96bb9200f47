// Right arguments for each operation of the addon, of sizes and values that an input tells.
#pragma once
#include <vector>

#include "addon/operations.h"
#include "fuzz/call_builder.h"

namespace gossamer {

struct OperationCall {
  const char* name;
  PrepareFn* prepare;
  void (*build)(CallBuilder& call, Input& input);
};

std::vector<OperationCall> OperationCalls();

}  // namespace gossamer
