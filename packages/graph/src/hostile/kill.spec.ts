import { spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { buildSync } from 'esbuild';
import { type Fault, isPossible, withFault } from '../testing/faulty-fs.js';
import { useTempDir } from '../testing/temp-dir.js';
import { noteFaults } from './testing/fault-notes.js';
import { filesOf, SAVE_SCENARIOS } from './testing/save-scenarios.js';

/** Processes that save and die at once. */
const PARALLEL = 3;
/** What the next save of the same destination removes, once its process is gone. */
const TEMPORARY = /(^|[/\\])\.[^/\\]+\.gossamer-tmp$/;
/** A data file that came before its model could: named by its content, so the next save of the same bytes takes it up. */
const DATA = /\.[0-9a-f]{16}\.data$/;

function bundle(folder: string): string {
  const outfile = join(folder, 'kill-child.cjs');
  const entryPoints = [join(__dirname, 'testing/kill-child.ts')];
  const options = { bundle: true, platform: 'node', target: 'node20', format: 'cjs', logLevel: 'error' } as const;
  buildSync({ entryPoints, outfile, tsconfigRaw: {}, ...options });
  return outfile;
}

/** Runs it to its end; by which signal that was, or what it said. */
function endOf(args: readonly string[]): Promise<string> {
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (piece: string) => (said += piece));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve(signal ?? `${code}: ${said}`));
  });
}

async function inParallel<T>(items: readonly T[], run: (item: T) => Promise<void>): Promise<void> {
  const left = [...items];
  const worker = async (): Promise<void> => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) await run(item);
  };
  await Promise.all(Array.from({ length: PARALLEL }, worker));
}

describe('a save is killed before every file call, and in the middle of every write', () => {
  const directory = useTempDir();
  let child = '';
  beforeAll(() => {
    child = bundle(mkdtempSync(join(realpathSync(tmpdir()), 'gossamer-test-')));
  });
  afterAll(() => rmSync(dirname(child), { recursive: true, force: true }));

  it.each(Object.entries(SAVE_SCENARIOS))(
    '%s: the old or the new is there, and the next save removes what is left',
    async (name, scenario) => {
      const at = (part: string) => join(directory(), part);
      for (const part of ['old', 'new', 'sources']) mkdirSync(at(part));
      await scenario.prepare(at('old'));
      await scenario.arrange?.(at('sources'));
      cpSync(at('old'), at('new'), { recursive: true });
      const { calls } = await withFault(0, 'kill', () => scenario.save(at('new'), at('sources')));
      const [before, after] = [await scenario.content(at('old')), await scenario.content(at('new'))];
      const known = new Set([...filesOf(at('old')), ...filesOf(at('new'))]);
      // Before a call that only looks nothing has changed since the one before it: this package makes such calls synchronously.
      const looks = (call: string) =>
        /Sync$|^l?stat$|^readdir$|^realpath$/.test(call) && !/^(unlink|rm)Sync$/.test(call);
      const kills = (['kill', 'torn'] as const).flatMap((fault: Fault) =>
        calls.flatMap((call, i) => (isPossible(fault, call) && !looks(call) ? [{ fault, number: i + 1, call }] : [])),
      );

      const wrong: string[] = [];
      const kept = { old: 0, new: 0, leftovers: 0 };
      await inParallel(kills, async ({ fault, number, call }) => {
        const folder = at(`${fault}-${number}`);
        cpSync(at('old'), folder, { recursive: true });
        const where = `${fault} at call ${number}, ${call}`;
        const end = await endOf([child, name, folder, at('sources'), String(number), fault]);
        if (end !== 'SIGKILL') wrong.push(`${where}: ended by ${end}`);
        const content = await scenario.content(folder).catch((broken: unknown) => String(broken));
        if (content === before) kept.old++;
        else if (content === after) kept.new++;
        else wrong.push(`${where}: neither old nor new (${content})`);
        const left = filesOf(folder).filter((file) => !known.has(file));
        if (left.length > 0) kept.leftovers++;
        wrong.push(
          ...left.filter((file) => !TEMPORARY.test(file) && !DATA.test(file)).map((file) => `${where}: ${file}`),
        );
        await scenario.save(folder, at('sources'));
        if ((await scenario.content(folder)) !== after) wrong.push(`${where}: the next save did not save`);
        const stays = filesOf(folder).filter((file) => !known.has(file));
        wrong.push(...stays.map((file) => `${where}: the next save left ${file}`));
      });
      expect(wrong).toEqual([]);
      // A check must be able to fail: kills came before and after the change, and left something to remove.
      expect([kept.old > 0, kept.new > 0, kept.leftovers > 0]).toEqual([true, true, true]);
      noteFaults({
        what: `SIGKILL in saving ${name}`,
        calls: calls.length,
        faults: kills.length,
        errors: kills.length,
      });
    },
  );
});
