import { nativeAddon, runNative } from './native-call.js';

/** Whether CUDA kernels can run here. */
export interface CudaInfo {
  readonly isAvailable: boolean;
  /** The GPU, its compute capability and the driver's version, or why there is none. */
  readonly description: string;
}

/** Looks for an NVIDIA driver on the first call. Never throws for the lack of one. */
export function cudaInfo(): CudaInfo {
  return nativeAddon().cudaInfo();
}

/** Bytes of the GPU's memory. */
export interface CudaMemory {
  readonly free: number;
  readonly total: number;
}

/** Throws ERR_CUDA_UNAVAILABLE where there is no GPU. */
export function cudaMemory(): CudaMemory {
  return runNative((addon) => addon.cuda.memory());
}
