// A stand-in for the CUDA driver: memory is the host's, a launch runs the kernel in the emulator. With GOSSAMER_LIBCUDA
// naming it, the real launch code (grid sizes, order of arguments, copies, errors, which thread has a context, what is
// freed) runs without a GPU. Read from the environment: FAKE_CUDA_FAIL, the error that cuInit gives; FAKE_CUDA_FAIL_CALL,
// "function=error" of another; FAKE_CUDA_COMPUTE, the compute capability, 10 * major + minor (default 80);
// FAKE_CUDA_MEMORY, bytes of the device (default 2^30).
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <string>
#include <tuple>

#include "testing/cuda_emulator.h"

#include "cuda/kernels.cu"

#define FAKE_CUDA extern "C" __attribute__((visibility("default"))) int

namespace {

// CUresult.
constexpr int kInvalidValue = 1, kOutOfMemory = 2, kInvalidImage = 200, kInvalidContext = 201, kInvalidHandle = 400,
              kNotFound = 500, kLaunchFailed = 719;
constexpr struct {
  int error;
  const char *name, *text;
} kErrors[] = {
    {kInvalidValue, "CUDA_ERROR_INVALID_VALUE", "invalid argument"},
    {kOutOfMemory, "CUDA_ERROR_OUT_OF_MEMORY", "out of memory"},
    {100, "CUDA_ERROR_NO_DEVICE", "no CUDA-capable device is detected"},
    {kInvalidImage, "CUDA_ERROR_INVALID_IMAGE", "device kernel image is invalid"},
    {kInvalidContext, "CUDA_ERROR_INVALID_CONTEXT", "invalid device context"},
    {kInvalidHandle, "CUDA_ERROR_INVALID_HANDLE", "invalid resource handle"},
    {kNotFound, "CUDA_ERROR_NOT_FOUND", "named symbol not found"},
    {kLaunchFailed, "CUDA_ERROR_LAUNCH_FAILED", "unspecified launch failure"},
};

size_t Environment(const char* name, size_t otherwise) {
  const char* value = std::getenv(name);
  return value != nullptr ? std::strtoull(value, nullptr, 10) : otherwise;
}

thread_local bool has_context = false;

// What a call that needs a context gives before it does anything.
int Refusal(const std::string& function) {
  if (!has_context) return kInvalidContext;
  const char* wanted = std::getenv("FAKE_CUDA_FAIL_CALL");
  if (wanted == nullptr || std::strncmp(wanted, (function + "=").c_str(), function.size() + 1) != 0) return 0;
  return std::atoi(wanted + function.size() + 1);
}

// Memory of the device that is in use. Never destroyed: the last is freed when the process ends.
struct Memory {
  std::mutex mutex;
  std::map<unsigned long long, size_t> sizes;
  size_t used = 0;
  size_t total = Environment("FAKE_CUDA_MEMORY", size_t{1} << 30);
};
Memory& TheMemory() {
  static Memory& memory = *new Memory();
  return memory;
}

// Whether all of it lies in one piece of memory in use.
bool IsInUse(unsigned long long address, size_t bytes) {
  Memory& memory = TheMemory();
  std::lock_guard<std::mutex> lock(memory.mutex);
  auto after = memory.sizes.upper_bound(address);
  if (after == memory.sizes.begin()) return false;
  --after;
  return address - after->first + bytes <= after->second;
}

void* Pointer(unsigned long long address) { return reinterpret_cast<void*>(static_cast<uintptr_t>(address)); }

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
  X(GemmI8Dp4aCuda) X(GemmI8MmaCuda) X(SparseI8CsrCuda) X(SparseI8TwoFourCuda) X(SparseI8TwoFourMmaCuda) \
  X(GemmNbits4Cuda) X(QuantizeAffineCuda) X(DequantizeAffineCuda) X(CountBinsCuda)

const char* const kNames[] = {
#define FAKE_CUDA_NAME(kernel) #kernel,
    FAKE_CUDA_KERNELS(FAKE_CUDA_NAME)
#undef FAKE_CUDA_NAME
};

}  // namespace

FAKE_CUDA cuInit(unsigned) { return static_cast<int>(Environment("FAKE_CUDA_FAIL", 0)); }
FAKE_CUDA cuDriverGetVersion(int* version) { return *version = 13000, 0; }
FAKE_CUDA cuDeviceGetCount(int* count) { return *count = 1, 0; }
FAKE_CUDA cuDeviceGet(int* device, int) { return *device = 0, 0; }
FAKE_CUDA cuDeviceGetName(char* name, int length, int) {
  std::strncpy(name, "stand-in", static_cast<size_t>(length));
  return 0;
}
FAKE_CUDA cuDeviceGetAttribute(int* value, int attribute, int) {
  const int compute = static_cast<int>(Environment("FAKE_CUDA_COMPUTE", 80));
  *value = attribute == 75 ? compute / 10 : compute % 10;
  return 0;
}
FAKE_CUDA cuDevicePrimaryCtxRetain(void** context, int) {
  static int one;
  *context = &one;
  return 0;
}
FAKE_CUDA cuCtxSetCurrent(void* context) { return has_context = context != nullptr, 0; }
FAKE_CUDA cuCtxSynchronize() { return Refusal("cuCtxSynchronize"); }
FAKE_CUDA cuModuleLoadData(void** module, const void* image) {
  static int one;
  *module = &one;
  if (image == nullptr) return 0;  // a build without nvcc
  uint32_t magic;
  std::memcpy(&magic, image, sizeof magic);
  return magic == 0xba55ed50u ? 0 : kInvalidImage;  // a fat binary
}
FAKE_CUDA cuModuleGetFunction(void** function, void*, const char* name) {
  for (const char* const& known : kNames) {
    if (std::strcmp(known, name) == 0) return *function = const_cast<char**>(const_cast<char* const*>(&known)), 0;
  }
  return kNotFound;
}
FAKE_CUDA cuMemGetInfo_v2(size_t* free, size_t* total) {
  if (const int error = Refusal("cuMemGetInfo")) return error;
  Memory& memory = TheMemory();
  std::lock_guard<std::mutex> lock(memory.mutex);
  *total = memory.total;
  *free = memory.total - memory.used;
  return 0;
}
FAKE_CUDA cuMemAlloc_v2(unsigned long long* address, size_t bytes) {
  if (const int error = Refusal("cuMemAlloc")) return error;
  Memory& memory = TheMemory();
  std::lock_guard<std::mutex> lock(memory.mutex);
  if (bytes == 0) return kInvalidValue;
  if (bytes > memory.total - memory.used) return kOutOfMemory;
  void* data = std::malloc(bytes);
  if (data == nullptr) return kOutOfMemory;
  std::memset(data, 0xa5, bytes);  // a kernel that reads what nobody wrote shows
  *address = reinterpret_cast<uintptr_t>(data);
  memory.sizes[*address] = bytes;
  memory.used += bytes;
  return 0;
}
FAKE_CUDA cuMemFree_v2(unsigned long long address) {
  if (const int error = Refusal("cuMemFree")) return error;
  Memory& memory = TheMemory();
  std::lock_guard<std::mutex> lock(memory.mutex);
  const auto found = memory.sizes.find(address);
  if (found == memory.sizes.end()) return kInvalidValue;
  memory.used -= found->second;
  memory.sizes.erase(found);
  std::free(Pointer(address));
  return 0;
}
FAKE_CUDA cuMemsetD8_v2(unsigned long long address, unsigned char value, size_t bytes) {
  if (const int error = Refusal("cuMemsetD8")) return error;
  return IsInUse(address, bytes) ? (std::memset(Pointer(address), value, bytes), 0) : kInvalidValue;
}
FAKE_CUDA cuMemcpyHtoD_v2(unsigned long long to, const void* from, size_t bytes) {
  if (const int error = Refusal("cuMemcpyHtoD")) return error;
  return IsInUse(to, bytes) ? (std::memcpy(Pointer(to), from, bytes), 0) : kInvalidValue;
}
FAKE_CUDA cuMemcpyDtoH_v2(void* to, unsigned long long from, size_t bytes) {
  if (const int error = Refusal("cuMemcpyDtoH")) return error;
  return IsInUse(from, bytes) ? (std::memcpy(to, Pointer(from), bytes), 0) : kInvalidValue;
}
FAKE_CUDA cuLaunchKernel(void* function, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz,
                         unsigned, void*, void** arguments, void**) {
  if (const int error = Refusal("cuLaunchKernel")) return error;
  const bool is_possible = gx != 0 && gy != 0 && gz != 0 && gx <= 0x7fffffffu && gy <= 65535 && gz <= 65535 &&
                           static_cast<size_t>(bx) * by * bz - 1 < 1024;
  if (!is_possible) return kInvalidValue;
  const std::string name = *static_cast<char**>(function);
  try {
#define FAKE_CUDA_CALL(kernel) \
  if (name == #kernel) return Call(kernel, arguments, {gx, gy, gz}, {bx, by, bz}), 0;
    FAKE_CUDA_KERNELS(FAKE_CUDA_CALL)
#undef FAKE_CUDA_CALL
  } catch (const std::exception&) {
    return kLaunchFailed;  // as after any fault on the device
  }
  return kInvalidHandle;
}
FAKE_CUDA cuGetErrorName(int error, const char** name) {
  *name = nullptr;
  for (const auto& known : kErrors) {
    if (known.error == error) return *name = known.name, 0;
  }
  return kInvalidValue;
}
FAKE_CUDA cuGetErrorString(int error, const char** text) {
  *text = nullptr;
  for (const auto& known : kErrors) {
    if (known.error == error) return *text = known.text, 0;
  }
  return kInvalidValue;
}
