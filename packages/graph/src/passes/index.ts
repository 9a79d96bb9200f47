export { convertFloat16, type Float16Options, type Float16Result } from './float16/convert-float16.js';
export { convertFloat32, type Float32Result } from './float16/convert-float32.js';
export { inlineFunctions } from './functions/inline-functions.js';
export { narrowForm } from './float16/widen-tensor.js';
export { definePass, type Exactness, type Pass } from './pass.js';
export { type BlockedFusion, PassContext } from './pass-context.js';
export { DEFAULT_PIPELINE, PASSES, PIPELINES, type PipelineName } from './registry.js';
export { runPasses, type RunPassesOptions, type RunPassesResult } from './run-passes.js';
export { upgradeOpset } from './upgrade/upgrade-opset.js';
