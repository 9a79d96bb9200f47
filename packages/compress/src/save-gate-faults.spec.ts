import fsPromises from 'node:fs/promises';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { basename, dirname, join, relative } from 'node:path';
import { GraphBuilder, isGossamerError } from '@gossamer/graph';
import { makeTempFolder, saveModel } from '@gossamer/graph/onnx';
import { loadModel, OnnxModel } from './onnx-model.js';

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'gossamer-compress-'))));
afterEach(() => rmSync(folder, { recursive: true }));

/** A product with weights of this value. */
function model(value: number) {
  const g = new GraphBuilder('g');
  const x = g.input('x', 'float32', ['n', 32]);
  return g.output(g.op('MatMul', [x, g.weight('w', [32, 32], new Float32Array(1024).fill(value))]), 'y').model();
}

const filesOf = (root: string): string[] =>
  readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    .sort();

/** The weights of a model file as they are read. */
async function valueIn(path: string): Promise<number> {
  const { ir } = await loadModel(path);
  return ir.graph.value('w')!.initializer!.toFloat32()[0]!;
}

const CALLS = ['mkdir', 'open', 'readdir', 'rename', 'rm'] as const;

/** Runs `task` while call number `at` of these fails with EIO; how many there were, and what it threw. */
async function failing(at: number, task: () => Promise<unknown>): Promise<{ calls: number; error: unknown }> {
  let calls = 0;
  const spies = CALLS.map((name) => {
    const original = fsPromises[name] as (...args: unknown[]) => Promise<unknown>;
    return jest.spyOn(fsPromises, name).mockImplementation((async (...args: unknown[]) => {
      if (++calls === at) throw Object.assign(new Error('EIO: injected'), { code: 'EIO', syscall: name });
      return original(...args);
    }) as never);
  });
  try {
    await task();
    return { calls, error: undefined };
  } catch (error) {
    return { calls, error };
  } finally {
    spies.forEach((spy) => spy.mockRestore());
  }
}

test.each(['never', 'always'] as const)(
  'every call of a save through the gate fails in turn, external data %s: the old or the new, nothing left behind',
  async (externalData) => {
    const old = join(folder, 'old');
    mkdirSync(old);
    await saveModel(model(1), join(old, 'm.onnx'), { externalData });
    const wrong: string[] = [];
    let failed = 0;
    let calls = 1;
    for (let at = 0; at <= calls; at++) {
      const job = join(folder, `at-${at}`);
      cpSync(old, job, { recursive: true });
      const path = join(job, 'm.onnx');
      const save = () => new OnnxModel(model(2)).save(path, { externalData, force: true, verify: 'none' });
      const run = await failing(at, save);
      if (at === 0) calls = run.calls;
      failed += run.error === undefined ? 0 : 1;
      if (run.error !== undefined && !isGossamerError(run.error)) wrong.push(`${at}: ${String(run.error)}`);
      if ((await valueIn(path)) !== (run.error === undefined ? 2 : 1)) wrong.push(`${at}: another model`);
      const files = filesOf(job).filter((name) => !filesOf(old).includes(name));
      const isNewData = (name: string) => run.error === undefined && /^m\.onnx\.[0-9a-f]{16}\.data$/.test(name);
      wrong.push(
        ...files.filter((name) => !isNewData(name) && !name.includes('gossamer-tmp')).map((name) => `${at}: ${name}`),
      );
      await save();
      wrong.push(
        ...filesOf(job)
          .filter((name) => name.includes('gossamer-tmp'))
          .map((name) => `${at}: kept ${name}`),
      );
    }
    expect(wrong).toEqual([]);
    expect(failed).toBeGreaterThan(3);
  },
);

test('what a killed save left is removed by the next one of the same path, and what a running one has is not', async () => {
  const path = join(folder, 'm.onnx');
  const running = await makeTempFolder(path);
  const dead = spawnSync(process.execPath, ['-e', '']).pid;
  const [left, other] = [await makeTempFolder(path), await makeTempFolder(join(folder, 'n.onnx'))].map((made) => {
    writeFileSync(join(made, 'm.onnx'), 'half a model');
    const name = basename(made).replace(`-${process.pid}-`, `-${dead}-`);
    renameSync(made, join(dirname(made), name));
    return join(dirname(made), name);
  });
  await new OnnxModel(model(1)).save(path, { verify: 'none' });
  expect([left, other, running].map((made) => existsSync(made!))).toEqual([false, true, true]);
});

test('a copy of a model whose data lie in a folder of their own takes the folder along', async () => {
  mkdirSync(join(folder, 'in'));
  const path = join(folder, 'in', 'm.onnx');
  await saveModel(model(3), path, { externalData: 'always' });
  const [data] = readdirSync(join(folder, 'in')).filter((name) => name !== 'm.onnx') as [string];
  const moved = 'sub/'.padEnd(data.length, 'w');
  mkdirSync(join(folder, 'in', 'sub'));
  renameSync(join(folder, 'in', data), join(folder, 'in', moved));
  writeFileSync(path, Buffer.from(readFileSync(path).toString('latin1').replaceAll(data, moved), 'latin1'));
  const source = await loadModel(path);
  const copy = new OnnxModel(source.ir.clone(), source);
  mkdirSync(join(folder, 'out'));
  await copy.save(join(folder, 'out', 'm.onnx'), { verify: 'load' });
  expect(filesOf(join(folder, 'out'))).toEqual(['m.onnx', moved]);
  expect(await valueIn(join(folder, 'out', 'm.onnx'))).toBe(3);
});
