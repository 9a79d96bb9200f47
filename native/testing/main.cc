#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include <cstdio>

#include "engine/thread_pool.h"
#include "kernels/dispatch.h"

int main(int argc, char** argv) {
  constexpr int kSkipped = 77;  // SKIP_RETURN_CODE in CMakeLists.txt
  if (const char* message = gossamer::IsaError()) {
    std::fprintf(stderr, "skipped: %s\n", message);
    return kSkipped;
  }
  doctest::Context context(argc, argv);
  const int status = context.run();
  gossamer::ThreadPool::Process().Shutdown();
  return status;
}
