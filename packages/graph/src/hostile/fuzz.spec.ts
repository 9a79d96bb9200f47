import fc from 'fast-check';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { evaluate } from '../eval/index.js';
import { isGossamerError } from '../errors.js';
import { countMacs, inferTypes } from '../inference/index.js';
import { checkGraph } from '../ir/check.js';
import { parseModel, serializeModel } from '../onnx/index.js';
import { parseSafetensors, serializeSafetensors } from '../safetensors/index.js';
import { runPasses } from '../passes/index.js';
import { nodeTestCases } from '../testing/node-tests.js';
import { tiedWeights, weightViews } from '../weights/index.js';
import * as wire from '../wire/index.js';
import { messageOf, modelShape } from './testing/arbitrary-message.js';
import { mutations } from './testing/mutate.js';
import { reachedInputs } from './testing/reached-inputs.js';

/** Inputs that once broke something, by what they broke; each is tried at every run. */
const CORPUS = join(__dirname, 'testing/corpus');

/** Reads a model, and analyses and writes it back when it is one. Plain errors are bugs and pass through. */
function outcomeOf(bytes: Uint8Array): 'model' | 'refused' {
  try {
    const model = parseModel(bytes, { trust: 'untrusted' });
    checkGraph(model.graph);
    const isSame = Buffer.compare(serializeModel(model), bytes) === 0;
    const isSorted = !model.warnings.some((warning) => warning.includes('order'));
    if (!isSame && isSorted) throw new Error('an unedited model was not written back byte for byte');
    countMacs(model, inferTypes(model));
    tiedWeights(weightViews(model));
    runPasses(model, 'default');
    for (const value of model.graph.initializers())
      if (value.initializer?.dtype !== 'string') value.initializer?.bytes();
    if (model.graph.inputs.length === 0) evaluate(model, {}, { elements: 1e5 });
    return 'model';
  } catch (error) {
    if (isGossamerError(rootOf(error))) return 'refused';
    throw error;
  }
}

/** A pass that fails has a code whatever made it fail. */
function rootOf(error: unknown): unknown {
  if (isGossamerError(error) && error.code === 'ERR_PASS_FAILED') return rootOf(error.cause);
  return error;
}

/** As `outcomeOf`; a plain error tells the bytes, to be kept in the corpus. */
function tryBytes(bytes: Uint8Array, counts: { model: number; refused: number }): void {
  try {
    counts[outcomeOf(bytes)]++;
  } catch (error) {
    throw new Error(`keep in the corpus: ${Buffer.from(bytes).toString('base64')}`, { cause: error });
  }
}

describe('damaged models', () => {
  const small = nodeTestCases()
    .map(({ model }) => model)
    .filter((model) => model.byteLength < 600);

  it('every prefix of 30 models ends in a model or a code', () => {
    const counts = { model: 0, refused: 0 };
    for (const model of small.filter((_, index) => index % Math.floor(small.length / 30) === 0)) {
      for (let end = 0; end < model.byteLength; end++) tryBytes(model.subarray(0, end), counts);
    }
    expect(counts.model).toBeGreaterThan(30);
    expect(counts.refused).toBeGreaterThan(1000);
  });

  it('every flipped bit of 5 models ends in a model or a code', () => {
    const counts = { model: 0, refused: 0 };
    for (const model of small.filter((_, index) => index % Math.floor(small.length / 5) === 0)) {
      for (let bit = 0; bit < model.byteLength * 8; bit++) {
        const changed = Uint8Array.from(model);
        changed[bit >> 3]! ^= 1 << (bit & 7);
        tryBytes(changed, counts);
      }
    }
    expect(counts.model).toBeGreaterThan(1000);
    expect(counts.refused).toBeGreaterThan(1000);
  });

  it('4000 mutations of all node tests (runs of bytes cut, doubled, swapped, overwritten) end in a model or a code', () => {
    const counts = { model: 0, refused: 0 };
    const models = nodeTestCases().map(({ model }) => model);
    for (const bytes of mutations(models, 4000, 20_261_122)) tryBytes(bytes, counts);
    expect(counts.model).toBeGreaterThan(50);
    expect(counts.refused).toBeGreaterThan(1000);
  });

  it('what once broke something ends in a model or a code', () => {
    const files = readdirSync(CORPUS);
    expect(files.length).toBeGreaterThan(0);
    const counts = { model: 0, refused: 0 };
    for (const file of files) tryBytes(readFileSync(join(CORPUS, file)), counts);
    expect(counts.model + counts.refused).toBe(files.length);
  });

  it('what reaches code of the reader that nothing else does ends in a model or a code', () => {
    const counts = { model: 0, refused: 0 };
    const inputs = reachedInputs('onnx');
    for (const bytes of inputs) tryBytes(bytes, counts);
    expect(inputs.length).toBeGreaterThan(0);
    expect(counts.model + counts.refused).toBe(inputs.length);
  });
});

describe('generated messages', () => {
  it('of the right structure and any content end in a model or a code', () => {
    const counts = { model: 0, refused: 0 };
    const run = fc.check(
      fc.property(modelShape, (bytes) => tryBytes(bytes, counts)),
      { numRuns: 3000, seed: 5, endOnFailure: true },
    );
    if (run.failed) throw run.errorInstance;
    expect(counts.model).toBeGreaterThan(100);
    expect(counts.refused).toBeGreaterThan(100);
  });

  it('are copied and patched byte for byte whatever their fields', () => {
    const property = fc.property(messageOf(wire.onnxSchema.ModelProto, 4), (bytes) => {
      let message: wire.WireMessage;
      try {
        message = wire.openWire(new wire.MemorySource(bytes), wire.onnxSchema.ModelProto);
        message.fields();
      } catch (error) {
        if (isGossamerError(error)) return;
        throw error;
      }
      expect(Buffer.compare(wire.toBytes(wire.copyMessage(message)), bytes)).toBe(0);
      const edit = { no: 536_870_911, value: undefined };
      expect(Buffer.compare(wire.toBytes(wire.patchMessage(message, [edit])), bytes)).toBe(0);
    });
    fc.assert(property, { numRuns: 1500, seed: 7 });
  });
});

describe('damaged safetensors', () => {
  it('4000 mutations of a file end in tensors or a code', () => {
    const header = {
      a: { dtype: 'F32', shape: [2], data_offsets: [0, 8] },
      b: { dtype: 'U8', shape: [], data_offsets: [8, 9] },
    };
    const text = Buffer.from(JSON.stringify({ __metadata__: { k: 'v\\u00e9' }, ...header }));
    const head = Buffer.alloc(8);
    head.writeBigUInt64LE(BigInt(text.byteLength));
    const counts = { read: 0, refused: 0 };
    for (const bytes of mutations([Buffer.concat([head, text, Buffer.alloc(9)])], 4000, 3)) {
      try {
        const { tensors, metadata } = parseSafetensors(bytes);
        const again = parseSafetensors(serializeSafetensors({ tensors, metadata }));
        expect([...again.tensors.keys()].sort()).toEqual([...tensors.keys()].sort());
        counts.read++;
      } catch (error) {
        if (!isGossamerError(error)) throw error;
        counts.refused++;
      }
    }
    expect(counts.read).toBeGreaterThan(20);
    expect(counts.refused).toBeGreaterThan(1000);
  });
});
