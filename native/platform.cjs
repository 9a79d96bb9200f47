'use strict';

/** True on a Linux whose C library is musl, where binaries for glibc do not load. */
function isMusl() {
  return process.platform === 'linux' && !process.report.getReport().header.glibcVersionRuntime;
}

/** The npm package that holds the prebuilt addon for this machine, e.g. `@gossamer/native-linux-x64`. */
function platformPackage() {
  return `@gossamer/native-${process.platform}-${process.arch}${isMusl() ? '-musl' : ''}`;
}

exports.platformPackage = platformPackage;
