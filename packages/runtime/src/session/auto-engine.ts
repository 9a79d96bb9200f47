import { isGossamerError, type Model, type Node, subModel, type Tensor, type Value } from '@gossamer/graph';
import { PassContext } from '@gossamer/graph/passes';
import { canonicalForm } from '../native/canonical/canonical-form.js';
import { compileCanonical } from '../native/compile-model.js';
import { nativeCapabilities, NativeProgram } from '../native/open-native.js';
import { partition, type Segment, segmentPorts } from '../native/partition.js';
import type { Engine, EngineOptions, EngineReport, EngineSession, OperatorTime } from './engine.js';
import type { Feeds, Outputs } from './feeds.js';
import type { Into } from './into.js';
import { modelOf } from './model-of.js';
import { modelInputs, modelOutputs } from './model-ports.js';
import { ortEngine } from './ort-engine.js';

/** The native engine where it has the operators, ONNX Runtime for the rest; the session's report says which runs what, and why. */
export const autoEngine: Engine = {
  name: 'auto',

  async open(source, options) {
    const model = await modelOf(source);
    options.signal?.throwIfAborted();
    const { model: canonical } = canonicalForm(model);
    const reasons = new Map<string, Reason>();
    const parts = await openParts(canonical, options, reasons);
    // Outputs that no node makes.
    const constants = Object.fromEntries(
      canonical.graph.outputs.flatMap(({ name, constant }) => (constant ? [[name, constant] as const] : [])),
    );
    const report: EngineReport = {
      segments: parts.map(({ engine, nodes }) => ({ engine, nodes })),
      reasons: [...reasons.values()],
    };
    return {
      inputs: modelInputs(model),
      outputs: modelOutputs(model),
      report,
      run: (feeds, wanted, signal, into) => run(parts, { ...constants, ...feeds }, wanted, signal, into),
      profile: (on) => parts.flatMap((part) => part.profile(on)),
      dispose: async () => {
        for (const part of parts) await part.dispose();
      },
    };
  },
};

type Reason = EngineReport['reasons'][number];

/** An opened segment. */
interface Part {
  readonly engine: Segment['engine'];
  readonly nodes: readonly string[];
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  run: EngineSession['run'];
  profile(on: boolean): OperatorTime[];
  dispose(): Promise<void>;
}

/** Compiles and opens; what an operator refuses only when it is made moves its segment to ONNX Runtime, and all is shared out anew. */
async function openParts(canonical: Model, options: EngineOptions, reasons: Map<string, Reason>): Promise<Part[]> {
  const capabilities = nativeCapabilities();
  for (const lack of compileCanonical(canonical.clone(), { capabilities }).lacking) reasons.set(lack.node, lack);
  const names = new Set([...canonical.graph.nodes()].map((node) => node.id));
  // A node that only the compiler has written: there is no telling which of the model's it stands for.
  const isWhole = [...reasons.keys()].some((name) => !names.has(name));
  for (;;) {
    const isLacking = (node: Node) => isWhole || reasons.has(node.id);
    const segments = partition(canonical, isLacking);
    const opened: Part[] = [];
    const refused = await openAll(canonical, segments, options, opened);
    if (!refused) return opened;
    for (const part of opened) await part.dispose();
    for (const node of refused.nodes) {
      reasons.set(node.id, { node: node.id, operator: node.kind, reason: refused.reason });
    }
  }
}

interface Refused {
  readonly nodes: ReadonlySet<Node>;
  readonly reason: string;
}

async function openAll(
  canonical: Model,
  segments: readonly Segment[],
  options: EngineOptions,
  opened: Part[],
): Promise<Refused | undefined> {
  const { types } = new PassContext(canonical);
  const ports = segmentPorts(canonical, segments);
  for (const [i, { engine, nodes }] of segments.entries()) {
    const { inputs, outputs } = ports[i]!;
    const typeOf = (value: Value) => (value.isInput || value.isOutput ? value.type : undefined) ?? types.typeOf(value);
    const model = subModel(canonical, nodes, outputs, typeOf);
    const common = {
      engine,
      nodes: [...nodes].map((node) => node.id),
      inputs: inputs.filter((input) => !input.initializer).map(({ name }) => name),
      outputs: outputs.map(({ name }) => name),
    };
    try {
      opened.push(engine === 'native' ? nativePart(model, common, options) : await ortPart(model, common, options));
    } catch (error) {
      if (engine !== 'native' || !isGossamerError(error)) throw error;
      return { nodes, reason: error.message };
    }
  }
  return undefined;
}

type Common = Pick<Part, 'engine' | 'nodes' | 'inputs' | 'outputs'>;

function nativePart(model: Model, common: Common, { threads, requantize }: EngineOptions): Part {
  const plan = compileCanonical(model.clone(), { capabilities: nativeCapabilities(), requantize });
  const program = new NativeProgram(plan, model);
  return {
    ...common,
    run: (feeds, wanted, signal, into) => program.run(feeds, wanted, { threads, signal, into }),
    profile: (on) => program.times(on),
    dispose: async () => program.dispose(),
  };
}

async function ortPart(model: Model, common: Common, options: EngineOptions): Promise<Part> {
  const session: EngineSession = await ortEngine.open({ kind: 'model', model }, options);
  const node = common.nodes.length === 1 ? common.nodes[0]! : `${common.nodes[0]} and ${common.nodes.length - 1} more`;
  const operator = [...new Set([...model.graph.nodes()].map(({ kind }) => kind))].join(' ');
  let milliseconds = 0;
  return {
    ...common,
    run: async (feeds, wanted, signal, into) => {
      const start = performance.now();
      const outputs = await session.run(feeds, wanted, signal, into);
      milliseconds += performance.now() - start;
      return outputs;
    },
    profile: (on) => {
      const time: OperatorTime = { engine: 'ort', node, operator, note: '', milliseconds };
      milliseconds = 0;
      return on ? [] : [time];
    },
    dispose: () => session.dispose(),
  };
}

/** Runs the parts in order; a value is let go when no later part reads it. */
async function run(
  parts: readonly Part[],
  feeds: Feeds,
  wanted: readonly string[],
  signal: AbortSignal | undefined,
  into: Into | undefined,
): Promise<Outputs> {
  const values = new Map<string, Tensor>(Object.entries(feeds));
  for (const [i, part] of parts.entries()) {
    signal?.throwIfAborted();
    const later = new Set([...wanted, ...parts.slice(i + 1).flatMap(({ inputs }) => inputs)]);
    const outputs = part.outputs.filter((name) => later.has(name));
    if (outputs.length > 0) {
      const inputs = part.inputs.filter((name) => values.has(name)).map((name) => [name, values.get(name)!] as const);
      const results = await part.run(Object.fromEntries(inputs), outputs, signal, into);
      for (const [name, tensor] of Object.entries(results)) values.set(name, tensor);
    }
    for (const name of [...values.keys()]) if (!later.has(name)) values.delete(name);
  }
  return Object.fromEntries(wanted.map((name) => [name, values.get(name)!]));
}
