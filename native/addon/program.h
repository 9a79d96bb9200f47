// Compiled programs for JavaScript: built call by call, run on the pool. Typed and documented in index.d.ts.
#pragma once
#include <napi.h>

namespace gossamer {

void RegisterPrograms(Napi::Object exports);     // program.cc: building them, and what they say of themselves
void RegisterProgramRuns(Napi::Object exports);  // program_run.cc

}  // namespace gossamer
