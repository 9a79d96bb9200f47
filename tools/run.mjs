// The root scripts: `node tools/run.mjs build|demo|test|lint|typecheck|format [arguments]`. Each sets the workspace up
// first, so each works on a fresh clone.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { npmCommand, ROOT, run, runBin } from './exec.mjs';
import { setup } from './setup.mjs';

const nx = (...args) => runBin('nx', 'dist/bin/nx.js', args);
const tool = (file, args) => run(process.execPath, [join(ROOT, 'tools', file), ...args]);

/** On a fresh clone npm finds no file of our commands to link when it installs: they are built later. */
function linkCommands() {
  if (existsSync(join(ROOT, 'node_modules', '.bin', 'gossamer'))) return 0;
  const { command, args, shell } = npmCommand();
  const rebuild = ['rebuild', 'gossamer', '@gossamer/bench', '--ignore-scripts', '--loglevel=error'];
  return run(command, [...args, ...rebuild], { shell, stdio: ['ignore', 'ignore', 'inherit'] });
}

function build() {
  return nx('run-many', '-t', 'build', '--output-style=static') || linkCommands();
}

function demo(args) {
  const folder = join(ROOT, 'packages', 'cli');
  const { bin } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  return build() || run(process.execPath, [join(folder, bin.gossamer), 'demo', ...args]);
}

function lint(args) {
  // The boundary rule reads Nx's cached project graph, and reports nothing when there is none.
  const graph = nx('show', 'projects');
  if (graph !== 0) return graph;
  const eslint = runBin('eslint', 'bin/eslint.js', ['.', '--max-warnings=0', ...args]);
  const prettier = runBin('prettier', 'bin/prettier.cjs', ['--check', '--log-level=warn', '.']);
  return eslint || prettier || tool('check-lockfile.mjs', []);
}

const TASKS = {
  build,
  demo,
  lint,
  test: (args) => build() || tool('test.mjs', args),
  typecheck: (args) => runBin('typescript', 'bin/tsc', ['-b', ...args]),
  format: () => runBin('prettier', 'bin/prettier.cjs', ['--write', '--log-level=warn', '.']),
};

const [task, ...args] = process.argv.slice(2);
if (!Object.hasOwn(TASKS, task ?? '')) {
  console.error(`task: expected one of ${Object.keys(TASKS).join(', ')}, received ${task}`);
  process.exit(2);
}
try {
  setup();
  process.exitCode = TASKS[task](args);
} catch (error) {
  console.error(`${task}: ${error.message}`);
  process.exitCode = 1;
}
