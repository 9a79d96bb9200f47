#include "cuda/launch.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "cuda/driver.h"
#include "cuda/launch_size.h"
#include "kernels/min_max/tensor.h"

namespace gossamer {
namespace {

using Index = unsigned long long;

// A tensor's scales and zero points on the device, and which of them element [o, a, i] takes:
// o * outer_step + a / block * axis_step + i * inner_step.
struct Parameters {
  DeviceBuffer scale, zero_point;
  Index count, axis, inner, block = 1, outer_step = 0, axis_step = 0, inner_step = 0;

  explicit Parameters(const QuantizedTensor& tensor)
      : scale(tensor.scale, tensor.layout.ParameterCount() * sizeof(float)),
        zero_point(tensor.zero_point, tensor.layout.ParameterCount() * sizeof(int32_t)),
        count(tensor.layout.Count()),
        axis(tensor.layout.axis),
        inner(tensor.layout.inner) {
    if (tensor.layout.granularity == Granularity::kPerAxis) axis_step = 1;
    if (tensor.layout.granularity != Granularity::kPerBlock) return;
    block = tensor.layout.block_size;
    outer_step = tensor.layout.BlocksPerAxis() * inner;
    axis_step = inner;
    inner_step = 1;
  }
};

void RequireBytes(const QuantizedTensor& tensor) {
  if (tensor.storage == CodeStorage::kBytes) return;
  throw EngineError{"ERR_BAD_OPTION", "dtype: expected codes of 8 bits on the GPU, received packed ones of 4"};
}

}  // namespace

void CudaQuantizeTensor(const float* x, const QuantizedTensor& tensor, CodeRange range, uint8_t* codes) {
  RequireBytes(tensor);
  Parameters p(tensor);
  if (p.count == 0) return;
  const DeviceBuffer x_device(x, p.count * sizeof(float)), codes_device(p.count);
  void* arguments[] = {x_device.Argument(), &p.count, &p.axis, &p.inner, &p.block, &p.outer_step, &p.axis_step,
                       &p.inner_step, p.scale.Argument(), p.zero_point.Argument(), &range.min, &range.max,
                       codes_device.Argument()};
  LaunchCuda("QuantizeAffineCuda", {StridingBlocks(p.count), 1, 1}, {kStridingThreads, 1, 1}, arguments);
  codes_device.CopyTo(codes);
}

void CudaDequantizeTensor(const uint8_t* codes, const QuantizedTensor& tensor, float* x) {
  RequireBytes(tensor);
  Parameters p(tensor);
  if (p.count == 0) return;
  const DeviceBuffer codes_device(codes, p.count), x_device(p.count * sizeof(float));
  int is_signed = tensor.is_signed ? 1 : 0;
  void* arguments[] = {codes_device.Argument(), &p.count, &p.axis, &p.inner, &p.block, &p.outer_step, &p.axis_step,
                       &p.inner_step, p.scale.Argument(), p.zero_point.Argument(), &is_signed, x_device.Argument()};
  LaunchCuda("DequantizeAffineCuda", {StridingBlocks(p.count), 1, 1}, {kStridingThreads, 1, 1}, arguments);
  x_device.CopyTo(x);
}

bool CudaCountHistogram(const float* x, size_t count, uint32_t half, double* counts, HistogramSummary* summary,
                        AbortFlag abort) {
  MinMaxResult& range = summary->range;
  const TensorLayout layout{Granularity::kPerTensor, 1, 1, count, 1};
  if (!MinMaxTensor(x, layout, &range.min, &range.max, &range.nan_count, &range.inf_count, abort)) return false;
  summary->exponent = NarrowestExponent(std::max({range.max, -range.min, 0.0f}), half);
  std::vector<uint64_t> sums(2 * static_cast<size_t>(half));
  summary->zero_count = 0;
  CudaCountBins(x, count, {summary->exponent, half}, sums.data(), &summary->zero_count);
  std::transform(sums.begin(), sums.end(), counts, [](uint64_t sum) { return static_cast<double>(sum); });
  return true;
}

void CudaCountBins(const float* x, size_t count, HistogramBins bins, uint64_t* counts, uint64_t* zero_count) {
  const DeviceBuffer x_device(x, count * sizeof(float));
  const DeviceBuffer counts_device(counts, size_t{2} * bins.half * sizeof(uint64_t));
  const DeviceBuffer zeros_device(zero_count, sizeof(uint64_t));
  if (count == 0) return;
  Index total = count;
  float inverse_width = std::ldexp(1.0f, -bins.exponent);
  void* arguments[] = {x_device.Argument(),      &total, &inverse_width, &bins.half,
                       counts_device.Argument(), zeros_device.Argument()};
  LaunchCuda("CountBinsCuda", {StridingBlocks(count), 1, 1}, {kStridingThreads, 1, 1}, arguments);
  counts_device.CopyTo(counts);
  zeros_device.CopyTo(zero_count);
}

}  // namespace gossamer
