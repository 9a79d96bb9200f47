import { type Model, Tensor } from '@gossamer/graph';
import { compileModel, type NativePlan } from '../compile-model.js';
import type { Capabilities } from '../compilation.js';
import { ALL_OPERATORS, ReferenceBuilder, type RecordedOperator } from './reference-builder.js';

type Feeds = Readonly<Record<string, Tensor>>;

export interface CompiledRun {
  readonly plan: NativePlan;
  readonly operators: readonly RecordedOperator[];
  /** Types of the operators, in order. */
  readonly types: readonly string[];
  readonly outputs: Readonly<Record<string, Tensor>>;
  /** What the compiler says of operators, in order. */
  readonly remarks: readonly string[];
}

/** Compiles `model`, runs the program in the reference evaluator and checks that the model did not change. */
export async function compileAndRun(
  model: Model,
  feeds: Feeds,
  operators: ReadonlySet<string> = ALL_OPERATORS,
  predictInt8?: Capabilities['predictInt8'],
): Promise<CompiledRun> {
  const before = [...model.graph.nodes()].map((node) => node.kind).join();
  const plan = compileModel(model, { capabilities: { operators, ...(predictInt8 ? { predictInt8 } : {}) } });
  expect([...model.graph.nodes()].map((node) => node.kind).join()).toBe(before);
  const builder = new ReferenceBuilder();
  const { program, remarks } = plan.emit(builder);
  const inputs = model.graph.inputs.filter((input) => !input.initializer).map(({ name }) => feeds[name]!);
  const results = await program.run(
    inputs.map((tensor) => ({ dtype: tensor.dtype, dims: tensor.dims, bytes: tensor.bytes() })),
  );
  const outputs = Object.fromEntries(
    results.map((result, i) => {
      const { dtype, dims, bytes } = result!;
      return [model.graph.outputs[i]!.name, Tensor.of(dtype, dims, bytes)];
    }),
  );
  return {
    plan,
    operators: builder.operators,
    types: builder.operators.map(({ type }) => type),
    outputs,
    remarks: [...remarks.values()],
  };
}
