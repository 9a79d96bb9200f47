// Compares imported TensorFlow.js graph models, run in onnxruntime-node, with TensorFlow.js itself on the same inputs:
//   npm run build && node tools/tfjs-agreement.mjs MODEL.json...
// One row per model on stdout, as Markdown. Inputs are uniform numbers from a seeded generator, in [0, 1) or [0, --scale N), or three
// sentences of token numbers where a model takes those.
// With --weights uint8|uint16|float16 a copy with its weights so stored (quantizeTfjsModel) is compared with the model, both in TensorFlow.js.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { loadTfjsModel, quantizeTfjsModel } from '@gossamer/graph/tfjs';
import { serializeModel } from '@gossamer/graph/onnx';
import '@tensorflow/tfjs-backend-cpu';
import { loadGraphModel } from '@tensorflow/tfjs-converter';
import * as tf from '@tensorflow/tfjs-core';
import ort from 'onnxruntime-node';

/** Side of an image whose model leaves it open. */
const OPEN_SIDE = 256;
const SEED = 1;

function artifacts(path) {
  const json = JSON.parse(readFileSync(path, 'utf8'));
  const files = json.weightsManifest.flatMap(({ paths }) => paths.map((shard) => join(dirname(path), shard)));
  const weights = Buffer.concat(files.map((file) => readFileSync(file)));
  return {
    modelTopology: json.modelTopology,
    signature: json.signature,
    userDefinedMetadata: json.userDefinedMetadata,
    weightSpecs: json.weightsManifest.flatMap((group) => group.weights),
    weightData: new Uint8Array(weights).buffer,
  };
}

function randomInput({ shape, dtype }, scale) {
  const dims = shape.map((dim, axis) => (dim > 0 ? dim : axis === 0 ? 1 : OPEN_SIDE));
  if (dtype === 'int32') return tf.randomUniformInt(dims, 0, 256, SEED);
  return tf.randomUniform(dims, 0, scale, 'float32', SEED);
}

/** Sentences of different lengths as the coordinates and values of a sparse matrix. */
function sentences() {
  const tokens = [
    [10, 200, 3000],
    [5, 7000],
    [44, 45, 46, 99, 7, 1200, 310],
  ];
  const indices = tokens.flatMap((row, i) => row.map((_, column) => [i, column]));
  return { indices: tf.tensor2d(indices, [indices.length, 2], 'int32'), values: tf.tensor1d(tokens.flat(), 'int32') };
}

function feedsOf({ inputs }, scale) {
  const names = inputs.map(({ name }) => name).sort();
  if (names.join() === 'indices,values') return sentences();
  return Object.fromEntries(inputs.map((input) => [input.name, randomInput(input, scale)]));
}

/** Largest absolute difference and largest expected magnitude, over all outputs. */
function difference(expected, actual) {
  let worst = 0;
  let largest = 0;
  expected.forEach((tensor, i) => {
    const { dims, data } = actual[i];
    if (dims.join() !== tensor.shape.join()) throw new Error(`shape ${dims}, expected ${tensor.shape}`);
    tensor.dataSync().forEach((value, at) => {
      const error = Math.abs(Number(data[at]) - value);
      if (!(error <= worst)) worst = error;
      largest = Math.max(largest, Math.abs(value));
    });
  });
  return { worst, largest };
}

const load = (path) => loadGraphModel({ load: async () => artifacts(path) });

async function compareImport(path, scale) {
  const model = await loadTfjsModel(path);
  const session = await ort.InferenceSession.create(serializeModel(model), { logSeverityLevel: 3 });
  const referee = await load(path);
  const feeds = feedsOf(referee, scale);
  const expected = [await referee.executeAsync(feeds)].flat();
  const own = Object.entries(feeds).map(([name, x]) => [name, new ort.Tensor(x.dtype, x.dataSync(), x.shape)]);
  const results = await session.run(Object.fromEntries(own));
  const { worst, largest } = difference(
    expected,
    model.graph.outputs.map(({ name }) => results[name]),
  );
  const nodes = [...model.graph.nodes()];
  const transposes = nodes.filter(({ op }) => op === 'Transpose').length;
  return `${nodes.length} | ${transposes} | ${worst.toExponential(1)} | ${largest.toPrecision(3)}`;
}

/** Weights by name as TensorFlow.js decodes them. */
function weightsOf(path) {
  const { weightData, weightSpecs } = artifacts(path);
  return tf.io.decodeWeights(weightData, weightSpecs);
}

/** Throws unless TensorFlow.js finds the errors of the report, to the last bit. */
function checkErrors(quantized, before, after) {
  for (const { name, maxAbsError } of quantized) {
    const actual = after[name].dataSync();
    const found = before[name].dataSync().reduce((worst, value, i) => Math.max(worst, Math.abs(value - actual[i])), 0);
    if (found !== maxAbsError) throw new Error(`${name}: TensorFlow.js finds ${found}, the report ${maxAbsError}`);
  }
}

async function compareQuantized(path, scale, weights) {
  const folder = mkdtempSync(join(tmpdir(), 'tfjs-agreement-'));
  try {
    const result = await quantizeTfjsModel(path, join(folder, 'model'), { weights });
    const [before, after] = [await load(path), await load(result.path)];
    const feeds = feedsOf(before, scale);
    const expected = [await before.executeAsync(feeds)].flat();
    const actual = [await after.executeAsync(feeds)].flat().map((t) => ({ dims: t.shape, data: t.dataSync() }));
    const { worst, largest } = difference(expected, actual);
    const quantized = result.weights.filter(({ action }) => action === 'quantized');
    checkErrors(quantized, weightsOf(path), weightsOf(result.path));
    const sizes = [result.bytes.before, result.bytes.after].map((bytes) => (bytes / 1e6).toFixed(2));
    const weightError = Math.max(0, ...quantized.map(({ maxAbsError }) => maxAbsError));
    return [
      `${quantized.length} of ${result.weights.length} | ${sizes.join(' -> ')} | ${weightError.toExponential(1)}`,
      `${worst.toExponential(1)} | ${largest.toPrecision(3)}`,
    ].join(' | ');
  } finally {
    rmSync(folder, { recursive: true });
  }
}

tf.env().set('IS_TEST', true);
const options = { scale: { type: 'string', default: '1' }, weights: { type: 'string' } };
const { values, positionals } = parseArgs({ options, allowPositionals: true });
const columns = values.weights
  ? ['model', 'weights quantized', 'MB', 'max weight error', 'max abs error', 'max abs value']
  : ['model', 'nodes', 'Transpose', 'max abs error', 'max abs value'];
console.log(`| ${columns.join(' | ')} |\n| ${columns.map(() => '---').join(' | ')} |`);
for (const path of positionals) {
  const name = basename(path, '.json');
  try {
    const scale = Number(values.scale);
    const row = values.weights ? compareQuantized(path, scale, values.weights) : compareImport(path, scale);
    console.log(`| ${name} | ${await row} |`);
  } catch (error) {
    console.log(`| ${name} | ${error.code ?? error.message} |${' |'.repeat(columns.length - 2)}`);
  }
}
