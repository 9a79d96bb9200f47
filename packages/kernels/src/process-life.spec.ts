import { spawnSync } from 'node:child_process';

const LOADER = require.resolve('@gossamer/native');

/** Runs a program in a process of its own, with the addon's loader as `load`. */
function run(program: string, env: NodeJS.ProcessEnv = {}, flags: readonly string[] = []) {
  const source = `const { load } = require(${JSON.stringify(LOADER)});\n${program}`;
  const result = spawnSync(process.execPath, [...flags, '-e', source], {
    encoding: 'utf8',
    env: { ...process.env, ...env },
    timeout: 60_000,
  });
  return { status: result.status, signal: result.signal, out: result.stdout.trim(), err: result.stderr };
}

const WORK = `
const { Worker } = require('node:worker_threads');
function start(addon, length) {
  const x = new Float32Array(length).fill(0.5);
  const args = [x, 512, length / 512, true, 32, 1, 0, 15, 8, 64, 0.5];
  const out = [4, new Uint8Array(length / 2), new Float32Array(length / 32), undefined, new Float64Array(1)];
  return addon.async.quantizeMatMulNBits(undefined, ...args, ...out);
}`;

describe('environment variables', () => {
  test('GOSSAMER_ISA selects an instruction set', () => {
    const { out } = run('console.log(load().isaInfo().selected)', { GOSSAMER_ISA: 'scalar' });
    expect(out).toBe('scalar');
  });

  test.each(['sse9', 'AVX2', process.arch === 'arm64' ? 'avx2' : 'neon'])('GOSSAMER_ISA=%s is refused', (isa) => {
    const { out } = run('try { load() } catch (e) { console.log(e.code, e.message) }', { GOSSAMER_ISA: isa });
    expect(out).toMatch(/^ERR_BAD_ISA GOSSAMER_ISA: expected one of scalar.* \(available on this machine\), received /);
    expect(out.endsWith(isa)).toBe(true);
  });

  test('an empty value is as none', () => {
    expect(run('load()', { GOSSAMER_ISA: '', GOSSAMER_THREADS: '' }).status).toBe(0);
  });

  test('GOSSAMER_THREADS sets the threads', () => {
    expect(run('console.log(load().isaInfo().threads)', { GOSSAMER_THREADS: '7' }).out).toBe('7');
  });

  test.each(['0', '-1', '1.5', 'many', '1025', '99999999999'])('GOSSAMER_THREADS=%s is refused', (threads) => {
    const { out } = run('try { load() } catch (e) { console.log(e.code, e.message) }', { GOSSAMER_THREADS: threads });
    expect(out).toBe(`ERR_BAD_THREADS GOSSAMER_THREADS: expected an integer in [1, 1024], received ${threads}`);
  });

  test('a missing addon is reported with what was tried and what to do', () => {
    const { out } = run('try { load() } catch (e) { console.log(e.code, e.message) }', {
      GOSSAMER_NATIVE_PATH: 'nowhere.node',
    });
    expect(out).toMatch(/^ERR_NATIVE_LOAD gossamer: no native addon could be loaded for /);
    expect(out).toMatch(/GOSSAMER_NATIVE_PATH \(.*nowhere\.node\)/);
    expect(out).toMatch(/npm run build/);
  });
});

describe('the end of a process or a worker', () => {
  test('an idle addon does not keep the process alive, a running call does', () => {
    expect(run('load()')).toMatchObject({ status: 0, signal: null });
    const { status, out } = run(`${WORK}\nstart(load(), 1 << 18).then(() => console.log('done'))`);
    expect([status, out]).toEqual([0, 'done']);
  });

  test.each([1, 4])('process.exit in flight is clean with %d threads', (threads) => {
    const program = `${WORK}\nfor (let i = 0; i < 8; i++) start(load(), 1 << 20);\nsetTimeout(() => process.exit(7), 3);`;
    for (let repeat = 0; repeat < 5; repeat++) {
      expect(run(program, { GOSSAMER_THREADS: String(threads) })).toMatchObject({ status: 7, signal: null });
    }
  });

  test('workers load the addon, are ended in flight, and others go on', () => {
    const program = `${WORK}
const source = ${JSON.stringify(`const { load } = require(${JSON.stringify(LOADER)});\n${WORK}\nconst { parentPort } = require('node:worker_threads'); start(load(), 1 << 20); parentPort.postMessage('up'); setInterval(() => start(load(), 1 << 15), 1);`)};
(async () => {
  for (let round = 0; round < 6; round++) {
    const workers = [0, 1, 2].map(() => new Worker(source, { eval: true }));
    await Promise.all(workers.map((w) => new Promise((up) => w.once('message', up))));
    if (round === 3) await start(load(), 1 << 18);
    await Promise.all(workers.map((w) => w.terminate()));
  }
  await start(load(), 1 << 18);
  console.log('done');
})();`;
    expect(run(program)).toMatchObject({ status: 0, signal: null, out: 'done' });
  });

  test('arrays nobody else holds live as long as the call', () => {
    const program = `${WORK}
(async () => {
  const calls = [];
  for (let i = 0; i < 20; i++) { calls.push(start(load(), 1 << 16)); gc(); }
  await Promise.all(calls); gc();
  console.log('done');
})();`;
    expect(run(program, {}, ['--expose-gc'])).toMatchObject({ status: 0, signal: null, out: 'done' });
  });

  test('two workers may read one shared array', () => {
    const worker = `const { load } = require(${JSON.stringify(LOADER)});
const { workerData, parentPort } = require('node:worker_threads');
const min = new Float32Array(1), max = new Float32Array(1);
load().minMaxTensor(new Float32Array(workerData), 0, 1, 1, 1 << 18, 1, min, max, new Float64Array(2));
parentPort.postMessage(max[0]);`;
    const program = `const { Worker } = require('node:worker_threads');
const shared = new SharedArrayBuffer(4 << 18);
new Float32Array(shared)[77] = 42;
const source = ${JSON.stringify(worker)};
Promise.all([0, 1].map(() => new Promise((done) => new Worker(source, { eval: true, workerData: shared }).once('message', done))))
  .then((maxima) => console.log(maxima.join(' ')));`;
    expect(run(program)).toMatchObject({ status: 0, out: '42 42' });
  });
});
