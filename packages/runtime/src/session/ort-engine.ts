import { GossamerError, type Tensor } from '@gossamer/graph';
import { basename } from 'node:path';
import type { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-common';
import type { RuntimeErrorCode } from '../error-codes.js';
import type { Engine, EngineOptions, EngineSession, ModelSource } from './engine.js';
import type { Feeds, Outputs } from './feeds.js';
import type { Into } from './into.js';
import { loadOrt, ORT_LOG_LEVEL, type OrtModule } from './ort-module.js';
import { type OrtInput, ortInput } from './ort-input.js';
import { fromOrtTensor, fromOrtType, toOrtTensor } from './ort-tensor.js';
import type { PortSpec } from './port-spec.js';
import { typedView } from './tensor-view.js';

const LEVELS = { none: 'disabled', basic: 'basic', extended: 'extended', all: 'all' } as const;

/** ONNX Runtime on the CPU, through onnxruntime-node: the default engine and the referee. */
export const ortEngine: Engine = {
  name: 'ort',

  async open(source: ModelSource, options: EngineOptions): Promise<EngineSession> {
    const ort = await loadOrt();
    const input = await ortInput(source);
    options.signal?.throwIfAborted();
    const session = await createSession(ort, input, sessionOptions(input, options));
    return {
      inputs: session.inputMetadata.map(portSpec),
      outputs: session.outputMetadata.map(portSpec),
      run: (feeds, outputs, _, into) => run(ort, session, feeds, outputs, into),
      dispose: async () => {
        await session.release().finally(() => input.dispose());
      },
    };
  },
};

function sessionOptions(input: OrtInput, options: EngineOptions): InferenceSession.SessionOptions {
  const { threads, optimization, optimizedPath, memoryPlan } = options;
  return {
    executionProviders: ['cpu'],
    graphOptimizationLevel: LEVELS[optimization],
    logSeverityLevel: ORT_LOG_LEVEL,
    interOpNumThreads: 1,
    enableMemPattern: memoryPlan,
    ...(threads === undefined ? {} : { intraOpNumThreads: threads }),
    ...(optimizedPath === undefined ? {} : { optimizedModelFilePath: optimizedPath }),
    extra: { session: sessionConfig(input, optimizedPath) },
  };
}

function sessionConfig({ folder }: OrtInput, optimizedPath: string | undefined): Record<string, string> {
  return {
    ...(folder === undefined ? {} : { model_external_initializers_file_folder_path: folder }),
    // Inside the graph's own file weights may not reach 2 GiB, and all of them are held in memory to write it.
    ...(optimizedPath === undefined
      ? {}
      : { optimized_model_external_initializers_file_name: `${basename(optimizedPath)}.data` }),
  };
}

async function createSession(
  ort: OrtModule,
  input: OrtInput,
  options: InferenceSession.SessionOptions,
): Promise<InferenceSession> {
  try {
    const { model } = input;
    return await (typeof model === 'string'
      ? ort.InferenceSession.create(model, options)
      : ort.InferenceSession.create(model, options));
  } catch (cause) {
    await input.dispose();
    throw ortError('ERR_ORT_LOAD', `${input.label}: expected a model that ONNX Runtime opens, received`, cause);
  }
}

function ortError(code: RuntimeErrorCode, prefix: string, cause: unknown): GossamerError<RuntimeErrorCode> {
  // Control characters come from names in the file.
  const reason = (cause instanceof Error ? cause.message : String(cause)).replace(/\p{Cc}+/gu, ' ').trim();
  return new GossamerError(code, `${prefix} ${reason}`, { cause });
}

async function run(
  ort: OrtModule,
  session: InferenceSession,
  feeds: Feeds,
  outputs: readonly string[],
  into: Into = {},
): Promise<Outputs> {
  const fetches = Object.fromEntries(outputs.map((name) => [name, fetchOf(ort, name, into[name])]));
  const converted = Object.fromEntries(
    Object.entries(feeds).map(([name, tensor]) => [name, toOrtTensor(ort, name, tensor)]),
  );
  let results: InferenceSession.OnnxValueMapType;
  try {
    results = await session.run(converted, fetches);
  } catch (cause) {
    throw ortError('ERR_ORT_RUN', 'model: expected a run without error in ONNX Runtime, received', cause);
  }
  const found: Outputs = {};
  for (const name of outputs) found[name] = fetches[name] ? into[name]! : fromOrtTensor(name, results[name]!);
  return found;
}

/**
 * The caller's tensor for ONNX Runtime to write an output to; null where there is none, or none of aligned memory. onnxruntime-node then
 * gives a copy of it, too, which nobody looks at.
 */
function fetchOf(ort: OrtModule, name: string, tensor: Tensor | undefined): OrtTensor | null {
  if (!tensor) return null;
  const { buffer } = typedView(tensor);
  return buffer === tensor.bytes().buffer ? toOrtTensor(ort, name, tensor) : null;
}

function portSpec(metadata: InferenceSession.ValueMetadata): PortSpec {
  if (!metadata.isTensor) return { name: metadata.name, dtype: undefined, shape: undefined };
  // A dimension without a name comes as an empty string.
  const shape = metadata.shape.map((dim) => (dim === '' ? undefined : dim));
  return { name: metadata.name, dtype: fromOrtType(metadata.type), shape };
}
