// Builds and tests the addon: `node tools/native.mjs build|asan|tsan|test`. Incremental; the C++ tests are built along.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT, run, runBin } from './exec.mjs';

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

const [what = 'build', option] = process.argv.slice(2);
if (what === 'test') process.exit(test('build'));
const flavour = FLAVOURS[what];
if (!flavour) {
  console.error(`native: expected ${Object.keys(FLAVOURS).join(', ')} or test, received ${what}`);
  process.exit(2);
}
process.exit(build(flavour) || (option === '--test' ? test(flavour.folder) : 0));
