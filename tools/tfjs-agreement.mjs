// Compares imported TensorFlow.js graph models, run in onnxruntime-node, with TensorFlow.js itself on the same inputs:
//   npm run build && node tools/tfjs-agreement.mjs MODEL.json...
// One row per model on stdout, as Markdown. Inputs are uniform numbers from a seeded generator, in [0, 1) or [0, SCALE).
import { readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { loadTfjsModel } from '@gossamer/graph/tfjs';
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

/** Largest absolute difference and largest expected magnitude, over all outputs. */
function difference(expected, actual) {
  let worst = 0;
  let largest = 0;
  expected.forEach((tensor, i) => {
    const ours = actual[i];
    if (ours.dims.join() !== tensor.shape.join()) throw new Error(`shape ${ours.dims}, expected ${tensor.shape}`);
    tensor.dataSync().forEach((value, at) => {
      const error = Math.abs(Number(ours.data[at]) - value);
      if (!(error <= worst)) worst = error;
      largest = Math.max(largest, Math.abs(value));
    });
  });
  return { worst, largest };
}

async function compare(path, scale) {
  const model = await loadTfjsModel(path);
  const session = await ort.InferenceSession.create(serializeModel(model), { logSeverityLevel: 3 });
  const referee = await loadGraphModel({ load: async () => artifacts(path) });
  const feeds = Object.fromEntries(referee.inputs.map((input) => [input.name, randomInput(input, scale)]));
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

tf.env().set('IS_TEST', true);
const scaleAt = process.argv.indexOf('--scale');
const scale = scaleAt > 0 ? Number(process.argv[scaleAt + 1]) : 1;
const paths = process.argv.slice(2).filter((argument, i) => scaleAt < 0 || (i + 2 !== scaleAt && i + 1 !== scaleAt));
console.log('| model | nodes | Transpose | max abs error | max abs value |\n| --- | --- | --- | --- | --- |');
for (const path of paths) {
  const name = basename(path, '.json');
  try {
    console.log(`| ${name} | ${await compare(path, scale)} |`);
  } catch (error) {
    console.log(`| ${name} | ${error.code ?? error.message} | | | |`);
  }
}
