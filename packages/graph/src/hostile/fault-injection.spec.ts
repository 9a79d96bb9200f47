import { cpSync, mkdirSync } from 'node:fs';
import fsPromises from 'node:fs/promises';
import { join } from 'node:path';
import { isGossamerError } from '../errors.js';
import { rejectionCode } from '../testing/error-code.js';
import { type Fault, isPossible, withFault, withoutProgress } from '../testing/faulty-fs.js';
import { useTempDir } from '../testing/temp-dir.js';
import { ChunkList, writeAtomically } from '../wire/index.js';
import { noteFaults } from './testing/fault-notes.js';
import { filesOf, SAVE_SCENARIOS } from './testing/save-scenarios.js';

const FAULTS: readonly Fault[] = ['EIO', 'ENOSPC', 'EINTR', 'EMFILE', 'EACCES', 'short', 'end'];

describe('every file call of a save fails in turn', () => {
  const directory = useTempDir();

  it.each(Object.entries(SAVE_SCENARIOS))(
    '%s: the old or the new, never a mix, nothing left behind',
    async (name, scenario) => {
      const at = (part: string) => join(directory(), part);
      for (const part of ['old', 'new', 'sources']) mkdirSync(at(part));
      await scenario.prepare(at('old'));
      await scenario.arrange?.(at('sources'));
      cpSync(at('old'), at('new'), { recursive: true });
      const { calls, error } = await withFault(0, 'EIO', () => scenario.save(at('new'), at('sources')));
      expect(error).toBeUndefined();
      const [before, after] = [await scenario.content(at('old')), await scenario.content(at('new'))];
      expect(after).not.toBe(before);
      const [oldFiles, newFiles] = [filesOf(at('old')), filesOf(at('new'))];

      const wrong: string[] = [];
      let [faults, failed] = [0, 0];
      for (const fault of FAULTS) {
        for (let number = 1; number <= calls.length; number++) {
          if (!isPossible(fault, calls[number - 1]!)) continue;
          faults++;
          const folder = at(`${fault}-${number}`);
          cpSync(at('old'), folder, { recursive: true });
          const run = await withFault(number, fault, () => scenario.save(folder, at('sources')));
          const where = `${fault} in call ${number}, ${run.calls[number - 1]}`;
          if (run.error !== undefined) failed++;
          if (run.error !== undefined && !isGossamerError(run.error)) wrong.push(`${where}: ${String(run.error)}`);
          const content = await scenario.content(folder).catch((broken: unknown) => String(broken));
          const isNew = content === after;
          if (!isNew && content !== before) wrong.push(`${where}: neither old nor new (${content})`);
          if (run.error === undefined && !isNew) wrong.push(`${where}: resolved, and the old is there`);
          const expected = isNew ? newFiles : oldFiles;
          const files = filesOf(folder);
          if (files.join() !== expected.join()) wrong.push(`${where}: left ${files.join()}, not ${expected.join()}`);
        }
      }
      expect(wrong).toEqual([]);
      // A check must be able to fail: most faults are noticed.
      expect(failed).toBeGreaterThan(faults / 2);
      noteFaults({ what: `saving ${name}`, calls: calls.length, faults, errors: failed });
    },
  );

  it('a disk that takes no bytes is an error, not a wait', async () => {
    const { open } = fsPromises;
    const spy = jest
      .spyOn(fsPromises, 'open')
      .mockImplementation(async (...args) => withoutProgress(await open(...args)));
    try {
      const write = writeAtomically(join(directory(), 'out'), ChunkList.of(new Uint8Array(10)));
      expect(await rejectionCode(write)).toBe('ERR_WRITE_FAILED');
    } finally {
      spy.mockRestore();
    }
    expect(filesOf(directory())).toEqual([]);
  });
});
