import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { WorkerLink } from './worker-link.js';

const script = join(fileURLToPath(import.meta.url), '..', 'testing', 'dying-worker.cjs');
const failure = (code: string, message: string) =>
  expect.objectContaining({ code, message: expect.stringContaining(message) as string }) as Error;

describe('a link to a worker', () => {
  test('answers each request, and passes errors on', async () => {
    const link = new WorkerLink('worker 1', script);
    const failed = link.ask({ call: 'fail' });
    const answers = Promise.all([link.ask({ say: 'a' }), link.ask({ say: 'b' })]);
    await expect(failed).rejects.toThrow(failure('ERR_DIVERGED', 'worker 1: no'));
    expect(await answers).toEqual(['a', 'b']);
    await link.close();
  });

  test.each([
    ['die', 'exit code 3'],
    ['throw', 'all is lost'],
  ])('a worker that ends (%s) is an error of all that wait, and of those who come later', async (call, said) => {
    const link = new WorkerLink('worker 2 (shards 2)', script);
    const dead = failure('ERR_WORKER', `worker 2 (shards 2): expected an answer, received`);
    const waiting = [link.ask({ call }), link.ask({ say: 'a' })];
    for (const promise of waiting) await expect(promise).rejects.toThrow(dead);
    await expect(link.ask({ say: 'b' })).rejects.toThrow(failure('ERR_WORKER', said));
    await link.close();
  });
});
