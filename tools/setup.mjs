// Checks what the build needs, names each missing thing with its cure, and installs the packages when the lock file
// asks for it. Node built-ins only: this runs on a fresh clone.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { npmCommand } from './exec.mjs';
import { installIfNeeded } from './install.mjs';

const MIN_NODE = [20, 19, 0];
const MIN_CMAKE = [3, 18, 0];
const CXX17_PROBE = '#include <optional>\nint main() { std::optional<int> x = 0; return *x; }\n';

const CURES = {
  node: {
    linux: 'install Node 20.19 or newer from https://nodejs.org/en/download (Debian: its own packages are often older)',
    darwin: 'brew install node, or https://nodejs.org/en/download',
    win32: 'winget install OpenJS.NodeJS.LTS',
  },
  npm: {
    linux: 'apt-get install npm (Debian), or reinstall Node from https://nodejs.org/en/download',
    darwin: 'brew reinstall node',
    win32: 'winget install OpenJS.NodeJS.LTS',
  },
  cmake: {
    linux: 'apt-get install cmake (Debian)',
    darwin: 'brew install cmake',
    win32: 'winget install Kitware.CMake',
  },
  compiler: {
    linux: 'apt-get install g++ (Debian)',
    darwin: 'xcode-select --install',
    win32:
      'winget install Microsoft.VisualStudio.2022.BuildTools --override "--add Microsoft.VisualStudio.Workload.VCTools"',
  },
  make: {
    linux: 'apt-get install ninja-build (Debian)',
    darwin: 'xcode-select --install, or brew install ninja',
    win32: 'winget install Ninja-build.Ninja',
  },
};

function cure(what) {
  return CURES[what][process.platform] ?? CURES[what].linux;
}

function atLeast(version, min) {
  const parts = version
    .match(/(\d+)\.(\d+)(?:\.(\d+))?/)
    ?.slice(1)
    .map((part) => Number(part ?? 0));
  if (!parts) return false;
  const first = parts.findIndex((part, i) => part !== min[i]);
  return first < 0 || parts[first] > min[first];
}

function output(command, args, options = {}) {
  const result = spawnSync(command, args, { encoding: 'utf8', ...options });
  return result.status === 0 ? `${result.stdout}` : undefined;
}

function checkNode() {
  if (atLeast(process.versions.node, MIN_NODE)) return [];
  return [`Node: expected ${MIN_NODE.join('.')} or newer, found ${process.versions.node}; ${cure('node')}`];
}

function checkNpm() {
  const npm = npmCommand();
  const version = output(npm.command, [...npm.args, '--version'], { shell: npm.shell });
  if (version === undefined) return [`npm: not found; ${cure('npm')}`];
  return atLeast(version, [10, 0, 0])
    ? []
    : [`npm: expected 10 or newer, found ${version.trim()}; npm install -g npm@11`];
}

function checkCmake() {
  const version = output('cmake', ['--version']);
  if (version === undefined) return [`CMake: not found; ${cure('cmake')}`];
  if (atLeast(version, MIN_CMAKE)) return [];
  return [`CMake: expected ${MIN_CMAKE.join('.')} or newer, found ${version.split('\n')[0]}; ${cure('cmake')}`];
}

function hasVisualStudio() {
  const base = process.env['ProgramFiles(x86)'] ?? 'C:\\Program Files (x86)';
  const where = join(base, 'Microsoft Visual Studio', 'Installer', 'vswhere.exe');
  if (!existsSync(where)) return false;
  const found = output(where, ['-latest', '-products', '*', '-property', 'installationPath']);
  return found !== undefined && found.trim() !== '';
}

function checkCompiler() {
  if (process.platform === 'win32') {
    return hasVisualStudio() ? [] : [`C++17 compiler: no Visual Studio build tools found; ${cure('compiler')}`];
  }
  const candidates = process.env.CXX ? [process.env.CXX] : ['c++', 'g++', 'clang++'];
  const compiles = ([command, ...args]) =>
    output(command, [...args, '-std=c++17', '-fsyntax-only', '-x', 'c++', '-'], { input: CXX17_PROBE }) !== undefined;
  if (candidates.some((candidate) => compiles(candidate.split(' ')))) return [];
  return [`C++17 compiler: none of ${candidates.join(', ')} compiles C++17; ${cure('compiler')}`];
}

function checkMake() {
  if (process.platform === 'win32') return [];
  const found = ['ninja', 'make'].some((command) => output(command, ['--version']) !== undefined);
  return found ? [] : [`build program: neither ninja nor make found; ${cure('make')}`];
}

/** Throws one error that lists everything missing; else installs the packages when needed. */
export function setup() {
  const problems = [...checkNode(), ...checkNpm(), ...checkCmake(), ...checkCompiler(), ...checkMake()];
  if (problems.length > 0) throw new Error(`this machine is not ready:\n  - ${problems.join('\n  - ')}`);
  installIfNeeded();
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    setup();
    console.error('setup: ready');
  } catch (error) {
    console.error(`setup: ${error.message}`);
    process.exit(1);
  }
}
