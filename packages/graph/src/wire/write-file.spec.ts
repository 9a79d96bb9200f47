import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import fsPromises from 'node:fs/promises';
import { hostname } from 'node:os';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { rejectionCode } from '../testing/error-code.js';
import { useTempDir } from '../testing/temp-dir.js';
import { ChunkList, FileSource, toBytes, writeAtomically, writeNamedByContent } from './index.js';

const text = (content: string) => ChunkList.of(Buffer.from(content));

describe('writeAtomically', () => {
  const directory = useTempDir();
  const at = (name: string) => join(directory(), name);

  it('writes bytes, ranges and streams in order and leaves one file', async () => {
    writeFileSync(
      at('in'),
      Uint8Array.from({ length: 6 * 2 ** 20 }, (_, i) => i * 13),
    );
    const source = new FileSource(at('in'));
    const list = text('head')
      .pushRange(source, 5, source.byteLength)
      .push(new Uint8Array(2 ** 21).fill(3));
    list.pushStream(7, () => [Buffer.from('abc'), Buffer.from('defg')]);
    await writeAtomically(at('out'), list);
    expect(Buffer.compare(readFileSync(at('out')), toBytes(list))).toBe(0);
    expect(readdirSync(directory()).sort()).toEqual(['in', 'out']);
    source.close();
  });

  it('writes an empty file', async () => {
    await writeAtomically(at('out'), new ChunkList());
    expect(statSync(at('out')).size).toBe(0);
  });

  it('writes over the file its own chunks are read from', async () => {
    writeFileSync(at('model'), 'x'.repeat(100_000));
    const source = new FileSource(at('model'));
    await writeAtomically(at('model'), text('new ').pushRange(source, 0, source.byteLength), { fsync: false });
    expect(readFileSync(at('model'), 'utf8')).toBe('new ' + 'x'.repeat(100_000));
    expect(source.read(99_998, 100_000)).toEqual(Buffer.from('xx'));
    source.close();
  });

  it('keeps the permissions of the file it replaces', async () => {
    writeFileSync(at('out'), 'old');
    chmodSync(at('out'), 0o640);
    await writeAtomically(at('out'), text('new'));
    expect(statSync(at('out')).mode & 0o777).toBe(0o640);
  });

  it('replaces a symbolic link and leaves what it points at', async () => {
    writeFileSync(at('target'), 'old');
    symlinkSync('target', at('link'));
    await writeAtomically(at('link'), text('new'));
    expect(lstatSync(at('link')).isSymbolicLink()).toBe(false);
    expect(readFileSync(at('target'), 'utf8')).toBe('old');
  });

  it('reports progress up to the total', async () => {
    const seen: number[] = [];
    const list = new ChunkList().push(new Uint8Array(3 * 2 ** 20)).push(new Uint8Array(10));
    await writeAtomically(at('out'), list, { onProgress: ({ done, total }) => seen.push(done / total) });
    expect(seen).toEqual([...seen].sort((a, b) => a - b));
    expect(seen.at(-1)).toBe(1);
  });

  it('leaves nothing behind when aborted, and the old file as it was', async () => {
    writeFileSync(at('out'), 'old');
    const controller = new AbortController();
    const list = new ChunkList()
      .push(new Uint8Array(2 ** 21))
      .push(new Uint8Array(2 ** 21))
      .push(new Uint8Array(2 ** 21));
    const write = writeAtomically(at('out'), list, {
      signal: controller.signal,
      onProgress: () => controller.abort(new Error('enough')),
    });
    expect(await rejectionCode(write)).toBe('ERR_ABORTED');
    expect(readdirSync(directory())).toEqual(['out']);
    expect(readFileSync(at('out'), 'utf8')).toBe('old');
    expect(await rejectionCode(writeAtomically(at('out'), list, { signal: AbortSignal.abort() }))).toBe('ERR_ABORTED');
  });

  it('leaves nothing behind when a source fails', async () => {
    writeFileSync(at('in'), new Uint8Array(9 * 2 ** 20));
    const source = new FileSource(at('in'));
    const list = new ChunkList().pushRange(source, 0, source.byteLength);
    const write = writeAtomically(at('out'), list, { onProgress: () => utimesSync(at('in'), 1, 1) });
    expect(await rejectionCode(write)).toBe('ERR_FILE_CHANGED');
    expect(readdirSync(directory())).toEqual(['in']);
    source.close();
  });

  it.each(['ENOSPC', 'EDQUOT', 'EFBIG'])('turns %s into ERR_DISK_FULL and removes what it wrote', async (code) => {
    const { open } = fsPromises;
    const spy = jest.spyOn(fsPromises, 'open').mockImplementation(async (...args) => {
      const handle = await open(...args);
      jest.spyOn(handle, 'write').mockRejectedValue(Object.assign(new Error(code), { code, syscall: 'write' }));
      return handle;
    });
    try {
      expect(await rejectionCode(writeAtomically(at('out'), text('x')))).toBe('ERR_DISK_FULL');
    } finally {
      spy.mockRestore();
    }
    expect(readdirSync(directory())).toEqual([]);
  });

  it('refuses targets that are not files, and names what is missing', async () => {
    mkdirSync(at('folder'));
    expect(await rejectionCode(writeAtomically(at('folder'), text('x')))).toBe('ERR_NOT_A_FILE');
    expect(await rejectionCode(writeAtomically('/dev/null', text('x')))).toBe('ERR_NOT_A_FILE');
    expect(await rejectionCode(writeAtomically(at('missing/out'), text('x')))).toBe('ERR_WRITE_FAILED');
    writeFileSync(at('plain'), '');
    expect(await rejectionCode(writeAtomically(at('plain/out'), text('x')))).toBe('ERR_WRITE_FAILED');
  });

  it('sweeps temporary files whose process is gone, and no others', async () => {
    const child = spawn(process.execPath, ['-e', '']);
    await once(child, 'exit');
    const host = createHash('sha256').update(hostname()).digest('hex').slice(0, 8);
    const name = (owner: string) => `.out.${owner}-${'0'.repeat(16)}.gossamer-tmp`;
    const dead = name(`${host}-${child.pid}`);
    const alive = name(`${host}-${process.pid}`);
    const foreign = name('00000000-1');
    const foreignOld = name('00000001-1');
    const others = [
      alive,
      foreign,
      '.out.txt',
      '.out.gossamer-tmp',
      `.outer.${host}-${child.pid}-${'0'.repeat(16)}.gossamer-tmp`,
    ];
    for (const file of [dead, foreignOld, ...others]) writeFileSync(at(file), '');
    utimesSync(at(foreignOld), 1, 1);
    await writeAtomically(at('out'), text('x'));
    expect(readdirSync(directory()).sort()).toEqual([...others, 'out'].sort());
  });
});

describe('writeNamedByContent', () => {
  const directory = useTempDir();

  it('names the file by its SHA-256', async () => {
    const list = text('content');
    const sha256 = createHash('sha256').update('content').digest('hex');
    const path = await writeNamedByContent(join(directory(), 'draft'), list, (hash) => `data-${hash}.bin`);
    expect(path).toBe(join(directory(), `data-${sha256}.bin`));
    expect(readFileSync(path, 'utf8')).toBe('content');
    expect(await writeNamedByContent(join(directory(), 'draft'), list, (hash) => `data-${hash}.bin`)).toBe(path);
    expect(readdirSync(directory())).toHaveLength(1);
    expect(existsSync(join(directory(), 'draft'))).toBe(false);
  });
});
