// Builds and tests the addon: `node tools/native.mjs build|asan|tsan|test|fuzz`. Incremental; the C++ tests are built along.
// `--into FOLDER` builds in another folder of native/ (build-...), `--test` runs the C++ tests.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT, run, runBin } from './exec.mjs';
import { fuzzNative } from './fuzz-native.mjs';

const NATIVE = join(ROOT, 'native');

/** One build folder per flavour; extra CMake definitions as `--CD<name>=<value>`. */
const FLAVOURS = {
  build: { folder: 'build', type: 'Release', defines: [] },
  asan: { folder: 'build-asan', type: 'RelWithDebInfo', defines: ['--CDGOSSAMER_SANITIZE=address,undefined'] },
  tsan: { folder: 'build-tsan', type: 'RelWithDebInfo', defines: ['--CDGOSSAMER_SANITIZE=thread'] },
};

// `cmake-js build`, not `compile`: compile answers any error with a second full build.
function build({ folder, type, defines }) {
  const args = ['build', '-B', type, '-O', join(NATIVE, folder), '--CDGOSSAMER_BUILD_TESTS=ON', ...defines];
  return runBin('cmake-js', 'bin/cmake-js', args, { cwd: NATIVE });
}

function test(folder) {
  if (!existsSync(join(NATIVE, folder))) {
    console.error(`native/${folder}: expected a build, found none; run \`npm run build\` first`);
    return 1;
  }
  return run('ctest', ['--test-dir', join(NATIVE, folder), '-C', 'Release', '--output-on-failure', '--no-tests=error']);
}

const [what = 'build', ...options] = process.argv.slice(2);
if (what === 'test') process.exit(test('build'));
if (what === 'fuzz') process.exit(fuzzNative(options));
const into = options.includes('--into') ? { folder: options[options.indexOf('--into') + 1] } : {};
const flavour = FLAVOURS[what] && { ...FLAVOURS[what], ...into };
if (!flavour) {
  console.error(`native: expected ${Object.keys(FLAVOURS).join(', ')} test or fuzz, received ${what}`);
  process.exit(2);
}
process.exit(build(flavour) || (options.includes('--test') ? test(flavour.folder) : 0));
