// A worker for the specs of WorkerLink: echoes `say`, ends at `die`, throws at `throw`.
const { parentPort } = require('node:worker_threads');

parentPort.on('message', ({ id, call, say }) => {
  if (call === 'close') parentPort.close();
  else if (call === 'die') process.exit(3);
  else if (call === 'throw') throw new Error('all is lost');
  else if (call === 'fail') parentPort.postMessage({ id, error: { code: 'ERR_DIVERGED', message: 'no' } });
  else parentPort.postMessage({ id, result: say });
});
