// The CUDA driver, found at run time: no header and no library of CUDA is needed to build or to start. GOSSAMER_LIBCUDA
// names another library than the system's (tests).
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>

namespace gossamer {

struct CudaStatus {
  bool is_available;
  int compute_capability;  // 10 * major + minor, of the first device; 0 without one
  std::string text;        // "NVIDIA A100, compute capability 8.0, driver API 13.0", or why there is none
};

// Of this process; looks for the driver on the first call.
const CudaStatus& Cuda();

// What follows throws EngineError: ERR_CUDA_UNAVAILABLE with the status' text where there is no GPU,
// ERR_CUDA_OUT_OF_MEMORY where the device has none left, ERR_CUDA for what else the driver refuses, each with the
// driver's name of the error.

void RequireCuda();

struct CudaMemory {
  size_t free, total;  // bytes of the device
};
CudaMemory AskCudaMemory();

// Memory of the device; may be let go on any thread.
class DeviceBuffer {
 public:
  explicit DeviceBuffer(size_t bytes);
  DeviceBuffer(const void* data, size_t bytes);  // a copy of it
  ~DeviceBuffer();
  DeviceBuffer(const DeviceBuffer&) = delete;
  DeviceBuffer& operator=(const DeviceBuffer&) = delete;

  void Clear();
  void CopyTo(void* data) const;
  size_t Bytes() const { return bytes_; }
  // For the list of a kernel's arguments.
  void* Argument() const { return &address_; }

 private:
  mutable unsigned long long address_ = 0;  // mutable: the driver wants void* to it, and only reads
  size_t bytes_;
};

struct LaunchSize {
  size_t x, y, z;
};

// Runs the kernel of that name to its end. `arguments`: the address of each. ERR_WRONG_LENGTH: a grid that no GPU has.
void LaunchCuda(const char* kernel, LaunchSize grid, LaunchSize block, void** arguments);

}  // namespace gossamer
