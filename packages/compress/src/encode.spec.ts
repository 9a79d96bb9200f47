import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Tensor } from '@gossamer/graph';
import { loadModel as readModel, saveModel } from '@gossamer/graph/onnx';
import { Session } from '@gossamer/runtime';
import { buildArchitecture } from '@gossamer/train';
import { decode, encode } from './encode.js';
import { inspect } from './inspect.js';

let folder: string;
let net: string;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'gossamer-encode-'));
  const inputs = join(folder, 'in');
  mkdirSync(inputs);
  net = join(inputs, 'net.onnx');
  await saveModel(buildArchitecture('mlp-784-12-10', 1), net);
});
afterEach(() => rmSync(folder, { recursive: true }));

test('there and back: every byte of the model, of data files beside it too', async () => {
  const [gsm, back] = [join(folder, 'a.gsm'), join(folder, 'b.onnx')];
  const stages = new Set<string>();
  const { bytes, tensors } = await encode(net, gsm, { onProgress: ({ stage }) => stages.add(stage) });
  expect([...stages]).toEqual(['encode', 'verify']);
  expect(bytes).toMatchObject({ before: statSync(net).size, after: statSync(gsm).size });
  expect(bytes.ratio).toBeGreaterThan(1.05);
  expect(tensors.length).toBe(4);
  await decode(gsm, back);
  expect(readFileSync(back).equals(readFileSync(net))).toBe(true);
  const beside = join(folder, 'c.onnx');
  await saveModel(await readModel(net), beside, { externalData: 'always' });
  const [data] = readdirSync(folder).filter((name) => !/^(in|a\.gsm|[bc]\.onnx)$/.test(name));
  await encode(beside, join(folder, 'c.gsm'));
  const kept = readFileSync(join(folder, data!));
  rmSync(join(folder, data!));
  const { files } = await decode(join(folder, 'c.gsm'), join(folder, 'd.onnx'));
  expect(files).toEqual([join(folder, 'd.onnx'), data]);
  expect(readFileSync(join(folder, data!)).equals(kept)).toBe(true);
  expect(readFileSync(join(folder, 'd.onnx')).equals(readFileSync(beside))).toBe(true);
});

test('a session and the other calls open the file as they open the model', async () => {
  const gsm = join(folder, 'a.gsm');
  await encode(net, gsm);
  const input = Tensor.of(
    'float32',
    [1, 784],
    Float32Array.from({ length: 784 }, (_, i) => (i % 7) / 7),
  );
  const outputs = await Promise.all(
    [net, gsm, readFileSync(gsm)].flatMap((model) =>
      ['ort', 'native'].map(async (engine) => {
        const session = await Session.open(model, { engine });
        const [name] = session.inputs.map((port) => port.name);
        const result = Object.values(await session.run({ [name!]: input }))[0]!.toFloat32();
        await session.dispose();
        return result;
      }),
    ),
  );
  expect(outputs[2]).toEqual(outputs[0]);
  expect(outputs[3]).toEqual(outputs[1]);
  expect(outputs[4]).toEqual(outputs[0]);
  expect((await inspect(gsm)).parameters).toBe((await inspect(net)).parameters);
});

test('nothing is written over, damaged files are named, an abort leaves nothing', async () => {
  const gsm = join(folder, 'a.gsm');
  await expect(encode(net, net)).rejects.toMatchObject({ code: 'ERR_OUTPUT_PATH' });
  await expect(encode(net, gsm, { signal: AbortSignal.abort(new Error('stopped')) })).rejects.toThrow('stopped');
  // Between two tensors, by what else is to be done.
  const stop = new AbortController();
  const onProgress = () => void setImmediate(() => stop.abort(new Error('stopped between')));
  await expect(encode(net, gsm, { signal: stop.signal, onProgress })).rejects.toThrow('stopped between');
  expect(readdirSync(folder)).toEqual(['in']);
  await encode(net, gsm);
  await expect(encode(net, gsm)).rejects.toMatchObject({ code: 'ERR_OUTPUT_EXISTS' });
  const bytes = readFileSync(gsm);
  bytes[bytes.length >> 1]! ^= 1;
  writeFileSync(gsm, bytes);
  await expect(decode(gsm, join(folder, 'b.onnx'))).rejects.toMatchObject({ code: 'ERR_GSM_CHECKSUM' });
  expect(existsSync(join(folder, 'b.onnx'))).toBe(false);
});
