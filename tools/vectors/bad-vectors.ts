/** Bad input to the runner itself (a broken file, a wrong folder): said in one line, without a stack. */
export class BadVectors extends Error {
  override readonly name = 'BadVectors';
}
