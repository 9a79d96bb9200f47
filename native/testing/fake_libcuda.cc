// A stand-in for the CUDA driver: memory is the host's, a launch runs the kernel in the emulator. With GOSSAMER_LIBCUDA
// naming it, the real launch code (grid sizes, order of arguments, copies, errors) runs without a GPU. FAKE_CUDA_FAIL: the
// error that cuInit gives; FAKE_CUDA_COMPUTE: the compute capability, 10 * major + minor (default 80).
#include <cstdlib>
#include <cstring>
#include <string>
#include <tuple>

#include "testing/cuda_emulator.h"

#include "cuda/kernels.cu"

#define FAKE_CUDA extern "C" __attribute__((visibility("default"))) int

namespace {

int Environment(const char* name, int otherwise) {
  const char* value = std::getenv(name);
  return value != nullptr ? std::atoi(value) : otherwise;
}

// Calls kernel with its arguments read from where the driver is told they are.
template <class... Arguments, size_t... kIndices>
void CallWith(void (*kernel)(Arguments...), void** arguments, std::index_sequence<kIndices...>,
              cuda_emulator::Size grid, cuda_emulator::Size block) {
  cuda_emulator::Launch(1, grid, block, kernel, *static_cast<std::decay_t<Arguments>*>(arguments[kIndices])...);
}
template <class... Arguments>
void Call(void (*kernel)(Arguments...), void** arguments, cuda_emulator::Size grid, cuda_emulator::Size block) {
  CallWith(kernel, arguments, std::index_sequence_for<Arguments...>(), grid, block);
}

// X(kernel): all there are.
#define FAKE_CUDA_KERNELS(X)                                                                  \
  X(GemmI8Dp4aCuda) X(GemmI8MmaCuda) X(SparseI8CsrCuda) X(SparseI8TwoFourCuda) X(GemmNbits4Cuda) \
  X(QuantizeAffineCuda) X(DequantizeAffineCuda) X(CountBinsCuda)

const char* const kNames[] = {
#define FAKE_CUDA_NAME(kernel) #kernel,
    FAKE_CUDA_KERNELS(FAKE_CUDA_NAME)
#undef FAKE_CUDA_NAME
};

}  // namespace

FAKE_CUDA cuInit(unsigned) { return Environment("FAKE_CUDA_FAIL", 0); }
FAKE_CUDA cuDriverGetVersion(int* version) { return *version = 13000, 0; }
FAKE_CUDA cuDeviceGetCount(int* count) { return *count = 1, 0; }
FAKE_CUDA cuDeviceGet(int* device, int) { return *device = 0, 0; }
FAKE_CUDA cuDeviceGetName(char* name, int length, int) {
  std::strncpy(name, "stand-in", static_cast<size_t>(length));
  return 0;
}
FAKE_CUDA cuDeviceGetAttribute(int* value, int attribute, int) {
  const int compute = Environment("FAKE_CUDA_COMPUTE", 80);
  *value = attribute == 75 ? compute / 10 : compute % 10;
  return 0;
}
FAKE_CUDA cuDevicePrimaryCtxRetain(void** context, int) {
  static int one;
  *context = &one;
  return 0;
}
FAKE_CUDA cuCtxSetCurrent(void* context) { return context == nullptr ? 201 : 0; }
FAKE_CUDA cuCtxSynchronize() { return 0; }
FAKE_CUDA cuModuleLoadData(void** module, const void* image) {
  static int one;
  *module = &one;
  if (image == nullptr) return 0;  // a build without nvcc
  uint32_t magic;
  std::memcpy(&magic, image, sizeof magic);
  return magic == 0xba55ed50u ? 0 : 200;  // a fat binary
}
FAKE_CUDA cuModuleGetFunction(void** function, void*, const char* name) {
  for (const char* const& known : kNames) {
    if (std::strcmp(known, name) == 0) return *function = const_cast<char**>(const_cast<char* const*>(&known)), 0;
  }
  return 500;
}
FAKE_CUDA cuMemAlloc_v2(unsigned long long* address, size_t bytes) {
  *address = reinterpret_cast<uintptr_t>(std::malloc(bytes));
  return *address == 0 ? 2 : 0;
}
FAKE_CUDA cuMemFree_v2(unsigned long long address) { return std::free(reinterpret_cast<void*>(address)), 0; }
FAKE_CUDA cuMemsetD8_v2(unsigned long long address, unsigned char value, size_t bytes) {
  return std::memset(reinterpret_cast<void*>(address), value, bytes), 0;
}
FAKE_CUDA cuMemcpyHtoD_v2(unsigned long long to, const void* from, size_t bytes) {
  return std::memcpy(reinterpret_cast<void*>(to), from, bytes), 0;
}
FAKE_CUDA cuMemcpyDtoH_v2(void* to, unsigned long long from, size_t bytes) {
  return std::memcpy(to, reinterpret_cast<void*>(from), bytes), 0;
}
FAKE_CUDA cuLaunchKernel(void* function, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz,
                         unsigned, void*, void** arguments, void**) {
  const std::string name = *static_cast<char**>(function);
  try {
#define FAKE_CUDA_CALL(kernel) \
  if (name == #kernel) return Call(kernel, arguments, {gx, gy, gz}, {bx, by, bz}), 0;
    FAKE_CUDA_KERNELS(FAKE_CUDA_CALL)
#undef FAKE_CUDA_CALL
  } catch (const std::exception&) {
    return 719;  // as after any fault on the device
  }
  return 400;
}
FAKE_CUDA cuGetErrorString(int, const char** text) { return *text = "an error of the stand-in", 0; }
