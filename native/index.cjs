'use strict';
const { existsSync } = require('node:fs');
const path = require('node:path');
const { platformPackage } = require('./platform.cjs');

const FILE = 'gossamer_native.node';

/** Where the addon may be, in order: an explicit file (tests, sanitizer builds), a local build, the platform's package. */
function candidates() {
  const explicit = process.env.GOSSAMER_NATIVE_PATH;
  if (explicit) return [{ what: 'GOSSAMER_NATIVE_PATH', target: path.resolve(explicit) }];
  const local = path.join(__dirname, 'build', 'Release', FILE);
  const found = { what: 'prebuilt package', target: platformPackage() };
  return existsSync(local) ? [{ what: 'local build', target: local }, found] : [found];
}

/** An error of ours (a bad GOSSAMER_ISA, say) is final: another binary would say the same. */
function isOurs(error) {
  return error?.code === 'ERR_BAD_ISA' || error?.code === 'ERR_BAD_THREADS';
}

function tryAll() {
  const tried = [];
  for (const { what, target } of candidates()) {
    try {
      return require(target);
    } catch (error) {
      if (isOurs(error)) throw error;
      tried.push(`  ${what} (${target}): ${String(error.message).split('\n')[0]}`);
    }
  }
  const advice =
    `Reinstall without --omit=optional so that npm fetches ${platformPackage()}, ` +
    'or build from source with a C++17 compiler and CMake: npm run build';
  const message = `gossamer: no native addon could be loaded for ${process.platform}-${process.arch}. Tried:\n`;
  throw Object.assign(new Error(`${message}${tried.join('\n')}\n${advice}`), { code: 'ERR_NATIVE_LOAD' });
}

let addon;

/** The addon, loaded on the first call. Throws ERR_NATIVE_LOAD, ERR_BAD_ISA or ERR_BAD_THREADS. */
exports.load = function load() {
  addon ??= tryAll();
  return addon;
};
