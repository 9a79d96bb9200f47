import { spawnSync } from 'node:child_process';

const LOADER = require.resolve('@gossamer/native');

/** A program of `layers` square products, and how to run it; as source, for processes and workers of their own. */
const PROGRAM = `
const { load } = require(${JSON.stringify(LOADER)});
const { Worker } = require('node:worker_threads');
const { readdirSync, readFileSync } = require('node:fs');
const FLOAT = 0;
function compile(addon, size, layers) {
  const program = addon.createProgram(false);
  let value = addon.programInput(program, FLOAT);
  const weight = new Uint8Array(new Float32Array(size * size).fill(1 / size).buffer);
  for (let i = 0; i < layers; i++) {
    const w = addon.programConstant(program, FLOAT, Float64Array.of(size, size), weight, 1);
    value = addon.programOperator(program, 'Linear', Int32Array.of(value, w), Int32Array.of(FLOAT), [], new Int32Array(0), new Float64Array(0), []);
  }
  addon.programFinish(program, Int32Array.of(value));
  return program;
}
function start(addon, program, rows, size, abort) {
  const x = new Uint8Array(new Float32Array(rows * size).fill(1).buffer);
  return addon.runProgram(abort, program, 0, undefined, Uint8Array.of(1), Float64Array.of(FLOAT, 2, rows, size), x);
}
/** Threads of the pool that live in this process (Linux). */
const poolThreads = () => readdirSync('/proc/self/task').filter((id) => {
  try { return readFileSync('/proc/self/task/' + id + '/comm', 'utf8').trim() === 'gossamer'; } catch { return false; }
}).length;
`;

function run(source: string, env: NodeJS.ProcessEnv = {}) {
  const result = spawnSync(process.execPath, ['-e', PROGRAM + source], {
    encoding: 'utf8',
    env: { ...process.env, ...env },
    timeout: 60_000,
  });
  return { status: result.status, signal: result.signal, out: result.stdout.trim(), err: result.stderr };
}

test.each([1, 4])('process.exit in the middle of runs is clean with %d threads', (threads) => {
  const source = `
const addon = load();
const program = compile(addon, 512, 6);
for (let i = 0; i < 6; i++) start(addon, program, 600, 512);
setTimeout(() => process.exit(7), 5);`;
  for (let repeat = 0; repeat < 4; repeat++) {
    expect(run(source, { GOSSAMER_THREADS: String(threads) })).toMatchObject({ status: 7, signal: null });
  }
});

const WORKER = JSON.stringify(`${PROGRAM}
const { parentPort } = require('node:worker_threads');
const addon = load();
const programs = [compile(addon, 256, 4), compile(addon, 256, 4)];
const again = (program) => start(addon, program, 300, 256).then(() => { parentPort.postMessage('ran'); return again(program); });
programs.forEach(again);`);

// Only Linux tells the names of threads.
if (process.platform === 'linux') {
  test('two programs in each of four workers run on no more threads than there may be', () => {
    const { status, out, err } = run(
      `
const workers = [0, 1, 2, 3].map(() => new Worker(${WORKER}, { eval: true }));
let runs = 0, most = 0;
workers.forEach((worker) => worker.on('message', () => {
  most = Math.max(most, poolThreads());
  if (++runs === 80) Promise.all(workers.map((w) => w.terminate())).then(() => console.log(most));
}));`,
      { GOSSAMER_THREADS: '3' },
    );
    expect([status, err]).toEqual([0, '']);
    expect(out).toBe('3');
  });
}

test('workers are ended in the middle of runs, and the others go on', () => {
  const source = `
(async () => {
  for (let round = 0; round < 4; round++) {
    const workers = [0, 1, 2].map(() => new Worker(${WORKER}, { eval: true }));
    await Promise.all(workers.map((w) => new Promise((ran) => w.once('message', ran))));
    await Promise.all(workers.map((w) => w.terminate()));
  }
  const addon = load();
  const [header] = await start(addon, compile(addon, 256, 1), 4, 256);
  console.log([...header].join(' '));
})();`;
  expect(run(source)).toMatchObject({ status: 0, signal: null, out: '0 2 4 256' });
});

test('a run stops between two tiles', () => {
  const source = `
(async () => {
  const addon = load();
  const program = compile(addon, 2048, 1);
  let begin = process.hrtime.bigint();
  await start(addon, program, 2048, 2048);
  const whole = Number(process.hrtime.bigint() - begin);
  // A busy machine may let the timer be late: of some tries one is in time, if a run can stop midway at all.
  let [code, stopped] = ['', false];
  for (let attempt = 0; attempt < 8 && !stopped; attempt++) {
    const abort = new Int32Array(new SharedArrayBuffer(4));
    begin = process.hrtime.bigint();
    const run = start(addon, program, 2048, 2048, abort).catch((error) => error.code);
    setTimeout(() => Atomics.store(abort, 0, 1), whole / 1e6 / 10);
    code = await run;
    stopped = code === 'ERR_ABORTED' && Number(process.hrtime.bigint() - begin) < whole / 2;
  }
  console.log(code, stopped);
})();`;
  expect(run(source)).toMatchObject({ status: 0, out: 'ERR_ABORTED true' });
});
