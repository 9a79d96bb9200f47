import * as converter from '@tensorflow/tfjs-converter';
import * as tf from '@tensorflow/tfjs-core';
import type { SavedModel } from './in-memory.js';

/** An attribute: integers, floats written `{ f }`, booleans, text, lists of integers or text, or protobuf's own form. */
export type TfAttribute =
  number | boolean | string | readonly number[] | readonly string[] | Readonly<Record<string, unknown>>;

const base64 = (text: string) => Buffer.from(text).toString('base64');

function toAttr(value: TfAttribute): unknown {
  if (typeof value === 'number') return { i: String(value) };
  if (typeof value === 'boolean') return { b: value };
  if (typeof value === 'string') return value.startsWith('DT_') ? { type: value } : { s: base64(value) };
  if (!Array.isArray(value)) return value;
  const list: readonly unknown[] = value;
  return {
    list: typeof list[0] === 'string' ? { s: list.map((item) => base64(String(item))) } : { i: list.map(String) },
  };
}

/** Writes a GraphDef by hand, one node a line, for both TF.js and our reader. */
export class GraphDefBuilder {
  readonly nodes: Record<string, unknown>[] = [];
  readonly #specs: tf.io.WeightsManifestEntry[] = [];
  readonly #data: Uint8Array[] = [];

  placeholder(name: string, dtype: string, shape: readonly number[]): string {
    const dim = shape.map((size) => ({ size: String(size) }));
    this.nodes.push({ name, op: 'Placeholder', attr: { dtype: { type: dtype }, shape: { shape: { dim } } } });
    return name;
  }

  constant(tensor: tf.Tensor): string {
    const name = `const_${this.#specs.length}`;
    const dtype = tensor.dtype as 'float32' | 'int32' | 'bool';
    const { buffer, byteOffset, byteLength } = tensor.dataSync();
    this.nodes.push({ name, op: 'Const', attr: {} });
    this.#specs.push({ name, shape: tensor.shape, dtype });
    this.#data.push(new Uint8Array(buffer, byteOffset, byteLength));
    return name;
  }

  ints(values: readonly number[] | number): string {
    return this.constant(typeof values === 'number' ? tf.scalar(values, 'int32') : tf.tensor1d([...values], 'int32'));
  }

  node(op: string, input: readonly string[], attributes: Readonly<Record<string, TfAttribute>> = {}): string {
    const name = `${op}_${this.nodes.length}`;
    const attr = Object.fromEntries(Object.entries(attributes).map(([key, value]) => [key, toAttr(value)]));
    this.nodes.push({ name, op, input, attr });
    return name;
  }

  /** A model with the given outputs, e.g. `TopKV2_3:1`. */
  save(outputs: readonly string[]): SavedModel {
    const json = {
      format: 'graph-model',
      modelTopology: { node: this.nodes, versions: { producer: 1 } },
      signature: { outputs: Object.fromEntries(outputs.map((name) => [name, { name }])) },
      weightsManifest: [{ paths: ['weights.bin'], weights: this.#specs }],
    };
    return { json, weights: new Uint8Array(Buffer.concat(this.#data)) };
  }
}

/** What TF.js computes for the outputs of a graph model, by name. */
export async function executeInTfjs(
  { json, weights }: SavedModel,
  feeds: Readonly<Record<string, tf.Tensor>>,
  outputs: readonly string[],
): Promise<tf.Tensor[]> {
  const manifest = json['weightsManifest'] as tf.io.WeightsManifestConfig;
  const model = await converter.loadGraphModel({
    load: async () => ({
      modelTopology: json['modelTopology'] as object,
      weightSpecs: manifest.flatMap((group) => group.weights),
      weightData: weights.slice().buffer,
      ...(json['signature'] === undefined ? {} : { signature: json['signature'] as object }),
    }),
  });
  // TF.js warns when the asynchronous call was not needed.
  const isDynamic = /"op":"(Where|NonMaxSuppression\w*)"/.test(JSON.stringify(json['modelTopology']));
  const results = isDynamic
    ? await model.executeAsync({ ...feeds }, [...outputs])
    : model.execute({ ...feeds }, [...outputs]);
  return [results].flat();
}
