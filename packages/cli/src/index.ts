export * from '@gossamer/compress';
