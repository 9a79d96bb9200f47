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
import { buildSync } from 'esbuild';
import { isGossamerError } from '@gossamer/graph';
import { makeTempFolder, saveModel } from '@gossamer/graph/onnx';
import { loadModel, OnnxModel } from './onnx-model.js';
import { productOf } from './testing/kill-child.js';

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'gossamer-compress-'))));
afterEach(() => rmSync(folder, { recursive: true }));

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
    await saveModel(productOf(1), join(old, 'm.onnx'), { externalData });
    const wrong: string[] = [];
    let failed = 0;
    let calls = 1;
    for (let at = 0; at <= calls; at++) {
      const job = join(folder, `at-${at}`);
      cpSync(old, job, { recursive: true });
      const path = join(job, 'm.onnx');
      const save = () => new OnnxModel(productOf(2)).save(path, { externalData, force: true, verify: 'none' });
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

const ROOT = join(__dirname, '../../..');

function bundleChild(): string {
  const outfile = join(folder, 'child.cjs');
  buildSync({
    entryPoints: [join(__dirname, 'testing/kill-child.ts')],
    outfile,
    bundle: true,
    conditions: ['@gossamer/source'],
    // Native code, found from where this package finds it.
    external: ['@gossamer/native', 'onnxruntime-node', 'onnxruntime-common', 'sharp', '@tensorflow/*'],
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    logLevel: 'error',
    tsconfigRaw: {},
  });
  return outfile;
}

test.each(['never', 'always'] as const)(
  'a save through the gate is killed before every call that changes the disk, external data %s: the old or the new',
  async (externalData) => {
    const child = bundleChild();
    const old = join(folder, 'old');
    mkdirSync(old);
    await saveModel(productOf(1), join(old, 'm.onnx'), { externalData });
    const save = (name: string, at: number) => {
      cpSync(old, join(folder, name), { recursive: true });
      const env = { ...process.env, NODE_PATH: join(ROOT, 'node_modules') };
      const args = [child, join(folder, name, 'm.onnx'), externalData, String(at)];
      return spawnSync(process.execPath, args, { encoding: 'utf8', env });
    };
    const whole = save('whole', 0);
    expect([whole.status, whole.stderr]).toEqual([0, '']);
    const known = new Set([...filesOf(old), ...filesOf(join(folder, 'whole'))]);
    const values = { 1: 0, 2: 0 };
    for (let at = 1; at <= Number(whole.stdout); at++) {
      const job = join(folder, `kill-${at}`);
      expect(save(`kill-${at}`, at).signal).toBe('SIGKILL');
      values[(await valueIn(join(job, 'm.onnx'))) as 1 | 2]++;
      const left = filesOf(job).filter((name) => !known.has(name));
      expect(left.filter((name) => !name.startsWith('.m.onnx.') || !name.includes('.gossamer-tmp'))).toEqual([]);
      await new OnnxModel(productOf(2)).save(join(job, 'm.onnx'), { externalData, force: true, verify: 'none' });
      expect(filesOf(job).filter((name) => !known.has(name))).toEqual([]);
    }
    // A check must be able to fail: kills came before and after the change.
    expect([values[1] > 3, values[2] > 0]).toEqual([true, true]);
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
  await new OnnxModel(productOf(1)).save(path, { verify: 'none' });
  expect([left, other, running].map((made) => existsSync(made!))).toEqual([false, true, true]);
});

test('a copy of a model whose data lie in a folder of their own takes the folder along', async () => {
  mkdirSync(join(folder, 'in'));
  const path = join(folder, 'in', 'm.onnx');
  await saveModel(productOf(3), path, { externalData: 'always' });
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
