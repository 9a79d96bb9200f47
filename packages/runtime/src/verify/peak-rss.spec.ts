import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { peakRssMb } from './peak-rss.js';

test('is at least what is held now, in MB', () => {
  const held = Buffer.alloc(2 ** 28, 1);
  const now = process.memoryUsage.rss() / 2 ** 20;
  expect(now).toBeGreaterThan(256);
  // Rounded to whole MB.
  expect(peakRssMb()).toBeGreaterThan(now - 1);
  expect(peakRssMb()).toBeLessThan(2 ** 16);
  expect(held[0]).toBe(1);
});

test('on Linux, a small process does not count the memory of the large one that started it', () => {
  if (process.platform !== 'linux') return;
  const held = Buffer.alloc(2 ** 28, 1);
  const built = pathToFileURL(join(__dirname, '../../dist/index.js')).href;
  const script = 'import(process.argv[1]).then(({ peakRssMb }) => console.log(peakRssMb()))';
  const child = Number(execFileSync(process.execPath, ['-e', script, built], { encoding: 'utf8' }));
  expect(child).toBeGreaterThan(20);
  expect(child).toBeLessThan(peakRssMb() - 100);
  expect(held[0]).toBe(1);
});
