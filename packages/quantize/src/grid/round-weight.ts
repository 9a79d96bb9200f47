/** Puts a matrix [rows, columns] on a grid and gives back the values that its codes stand for, [rows, columns]. */
export type RoundWeight = (data: Float32Array, rows: number, columns: number) => Float32Array;
