/** Version of this package; a test holds it to package.json, which is not read at start (that would cost a file access). */
export const version = '0.1.0';
