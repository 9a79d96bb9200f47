import { execFileSync } from 'node:child_process';
import { peakRssMb } from './peak-rss.js';

test('grows with what is held', () => {
  const before = peakRssMb();
  const held = Buffer.alloc(2 ** 28, 1);
  expect(peakRssMb() - before).toBeGreaterThan(200);
  expect(held[0]).toBe(1);
});

test('on Linux, a small process does not count the memory of the large one that started it', () => {
  if (process.platform !== 'linux') return;
  const held = Buffer.alloc(2 ** 28, 1);
  const script = `console.log(/VmHWM:\\s*(\\d+)/.exec(require('fs').readFileSync('/proc/self/status', 'latin1'))[1] / 1024)`;
  const child = Number(execFileSync(process.execPath, ['-e', script], { encoding: 'utf8' }));
  expect(child).toBeLessThan(peakRssMb() - 100);
  expect(held[0]).toBe(1);
});
