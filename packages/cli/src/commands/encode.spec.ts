import { saveModel } from '@gossamer/graph/onnx';
import { buildArchitecture } from '@gossamer/train';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const main = join(__dirname, '../../../../packages/cli/dist/main.js');
let folder: string;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'gossamer-encode-'));
  await saveModel(buildArchitecture('mlp-784-12-10', 1), at('net.onnx'));
});
afterEach(() => rmSync(folder, { recursive: true }));
const at = (name: string) => join(folder, name);

function gossamer(...argv: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...argv], { encoding: 'utf8', cwd: folder });
  return { status, stderr, json: () => JSON.parse(stdout) as Record<string, unknown> };
}

test('encode and decode: the same bytes; a .gsm file is a model; what is wrong is said', () => {
  const made = gossamer('encode', 'net.onnx', '-o', 'net.gsm', '--json');
  expect(made.status).toBe(0);
  expect(made.json()).toMatchObject({
    ...{ schemaVersion: 1, output: 'net.gsm', status: 'done', warnings: [] },
    bytes: { before: statSync(at('net.onnx')).size, after: statSync(at('net.gsm')).size },
  });
  expect(gossamer('encode', 'net.onnx', '-o', 'net.gsm').stderr).toContain('expected a new path');
  const told = gossamer('encode', 'net.onnx', '-o', 'net.gsm', '--force', '--verbose');
  expect([told.status, told.stderr]).toEqual([
    0,
    expect.stringMatching(/x smaller; decoded and compared.*fc1\.weight/s),
  ]);
  expect(gossamer('decode', 'net.gsm', '-o', 'back.onnx').status).toBe(0);
  expect(readFileSync(at('back.onnx')).equals(readFileSync(at('net.onnx')))).toBe(true);
  expect(gossamer('inspect', 'net.gsm', '--json').json()).toMatchObject({ parameters: 784 * 12 + 12 + 120 + 10 });
  expect(gossamer('run', 'net.gsm', '-o', 'out.npz').status).toBe(0);
  const damaged = readFileSync(at('net.gsm'));
  damaged[damaged.length >> 1]! ^= 4;
  writeFileSync(at('net.gsm'), damaged);
  const refused = gossamer('decode', 'net.gsm', '-o', 'again.onnx', '--json');
  expect([refused.status, refused.json()]).toMatchObject([2, { error: { code: 'ERR_GSM_CHECKSUM' } }]);
  expect(gossamer('decode', 'net.onnx', '-o', 'again.onnx').stderr).toContain('expected');
});
