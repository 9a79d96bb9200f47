// Runs the specs that make calls fail and writes what came of it: `node tools/fault-report.mjs docs/benchmarks/faults.md`.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT, runBin } from './exec.mjs';

const SPECS = [
  'packages/graph/src/hostile/fault-injection',
  'packages/graph/src/hostile/kill',
  'packages/graph/src/hostile/read-faults',
  'packages/runtime/src/data/read-faults',
  'packages/kernels/src/failing-allocations',
];

const TEXT = `# faults

Every call that can fail is made to fail in turn, in every way its system can make it fail: file calls with EIO, ENOSPC, EINTR, EMFILE,
EACCES, with half of the bytes, with the end of the file; allocations of the addon with none; and the process killed (SIGKILL) before every
call that changes something and in the middle of every write. What must come of it, and what the specs check each time: a coded error or
the right result; on disk the old file set or the new one, whole; nothing left behind but temporary names that the next save of the same
destination removes; no descriptor left open; a thread pool that goes on working. \`errors\` are the faults that ended in a code; the
others were made up for (a short read is continued, a loop runs on fewer threads).

\`\`\`sh
node tools/fault-report.mjs docs/benchmarks/faults.md
\`\`\`
`;

const folder = mkdtempSync(join(tmpdir(), 'gossamer-faults-'));
try {
  const path = join(folder, 'notes');
  const env = { NODE_ENV: 'test', GOSSAMER_FAULT_NOTES: path };
  const status = runBin('jest', 'bin/jest.js', ['-c', 'jest.config.cjs', '--runInBand', ...SPECS], { env });
  if (status !== 0) process.exit(status);
  const notes = readFileSync(path, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  const sum = (key) => notes.reduce((total, note) => total + note[key], 0);
  const page = [
    TEXT,
    `- ${cpus()[0].model.trim()}, ${cpus().length} cores; ${process.platform} ${process.arch}, Node ${process.version}`,
    `- ${new Date().toISOString()}`,
    '',
    '| what | calls | faults | errors |',
    '| --- | --- | --- | --- |',
    ...notes.map(({ what, calls, faults, errors }) => `| ${what} | ${calls} | ${faults} | ${errors} |`),
    `| all | ${sum('calls')} | ${sum('faults')} | ${sum('errors')} |`,
  ].join('\n');
  writeFileSync(join(ROOT, process.argv[2] ?? 'docs/benchmarks/faults.md'), `${page}\n`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
