import { describe, expect, it } from '@jest/globals';
import { escaped } from './chdb.js';
import { failureOf } from './failures.js';
import { readStatement } from './statement.js';

const read = (sql: string, params: Record<string, string> = {}) =>
  readStatement(Buffer.from(sql, 'utf8').toString('latin1'), new Map(Object.entries(params)));

describe('readStatement', () => {
  it('splits a query from its format and settings', () => {
    expect(read('SELECT 1 FORMAT JSON SETTINGS max_threads = 1')).toEqual({
      kind: 'read',
      body: 'SELECT 1 ',
      format: 'JSON',
      tail: ' SETTINGS max_threads = 1',
    });
    expect(read("SELECT 'a FORMAT CSV' AS format -- FORMAT TSV")).toMatchObject({ format: undefined });
    expect(read('SELECT format FROM t;')).toMatchObject({ body: 'SELECT format FROM t', format: undefined });
  });

  it.each([
    [
      "INSERT INTO t (a) SETTINGS async_insert = 0 FORMAT RowBinary\n\x01'",
      "INSERT INTO t (a)  FROM INFILE '/f' SETTINGS async_insert = 0  FORMAT RowBinary",
      "\x01'",
    ],
    [
      "INSERT INTO t SELECT a FROM input('a UInt8') WHERE throwIf(a > 1, 'no FORMAT') = 0 FORMAT RowBinary",
      "INSERT INTO t SELECT a FROM file('/f', 'RowBinary', 'a UInt8') WHERE throwIf(a > 1, 'no FORMAT') = 0 ",
      '',
    ],
  ])('lets an insert read its data from a file: %s', (sql, rewritten, data) => {
    const statement = read(sql);
    if (statement.kind !== 'insert-data') throw new Error(`read as ${statement.kind}`);
    expect(statement.data).toBe(data);
    expect(statement.rewrite('/f')).toBe(rewritten);
  });

  it('keeps VALUES and INSERT … SELECT whole', () => {
    for (const sql of [
      "INSERT INTO t VALUES (1, 'x;y')",
      'INSERT INTO t SELECT 1',
      'ALTER TABLE t DELETE WHERE 1',
    ]) {
      expect(read(sql)).toEqual({ kind: 'command', text: sql });
    }
  });

  it.each(['SELECT 1; SELECT 2', "SELECT 'open", 'SELECT /* open', ' -- nothing\n', 'SELECT `a'])(
    'refuses what is not one statement: %s',
    (sql) => {
      expect(() => read(sql)).toThrow('Code: 62.');
    },
  );
});

describe('the fence', () => {
  it.each([
    "SELECT * FROM file('/etc/passwd', 'CSV')",
    "SELECT file('x')",
    "SELECT * FROM FiLe /* hidden */ ('x')",
    "SELECT * FROM `file`('x')",
    'SELECT * FROM "url"(\'http://example.org\')',
    "SELECT * FROM file\u00a0('x')",
    "SELECT 1 FROM t WHERE a IN (SELECT b FROM remote('h', 'd.t'))",
    "INSERT INTO FUNCTION s3('x') SELECT 1",
    "INSERT INTO t VALUES (1), (length(file('x')))",
    "INSERT INTO t FROM INFILE 'x' FORMAT CSV",
    "SELECT 1 INTO OUTFILE 'x'",
    'CREATE TABLE x (a Int8) ENGINE = File(CSV)',
    "CREATE DICTIONARY x (a Int8) PRIMARY KEY a SOURCE(EXECUTABLE(command 'id' format 'CSV')) LAYOUT(FLAT())",
    "SELECT * FROM '/etc/passwd'",
    'DROP DATABASE IF EXISTS default',
    'detach database `default`',
    'RENAME DATABASE a TO default',
    "SELECT * FROM t, '/etc/passwd'",
    'SELECT * FROM `/etc/passwd`',
    'SELECT * FROM “/etc/passwd”',
    "SELECT * FROM '\\x2fetc\\x2fpasswd'",
    "BACKUP TABLE t TO Disk('a', 'b')",
    "ATTACH TABLE t FROM '/x' (a Int8) ENGINE = MergeTree",
    'SYSTEM SHUTDOWN',
  ])('refuses %s', (sql) => {
    expect(() => read(sql)).toThrow('Code: 497.');
  });

  it('refuses a file as the value of an Identifier', () => {
    expect(() => read('SELECT * FROM { t : Identifier }', { t: '/etc/passwd' })).toThrow('Code: 497.');
    expect(read('SELECT {t:String}', { t: '/etc/passwd' }).kind).toBe('read');
  });

  it.each([
    "SELECT 'SELECT * FROM file(''x'')'",
    'SELECT $$url(x)$$',
    "SELECT * FROM t WHERE path IN ('/a', '/b') AND file = 'x' -- file('x')",
    "SELECT trim(BOTH '/' FROM '/a/'), file, url FROM t",
    "SELECT a FROM t JOIN u ON t.p = '/x' WHERE p = '/y' /* file('x') */",
    "INSERT INTO t VALUES ('file(1)', '/etc/passwd')",
    'INSERT INTO t FORMAT JSONEachRow {"a": "file(\'x\')"}',
  ])('lets pass %s', (sql) => {
    expect(() => read(sql)).not.toThrow();
  });
});

describe('escaped', () => {
  it('lets nothing end the quote it stands in', () => {
    expect(escaped("a'b\\c`\0é")).toBe('a\\x27b\\x5cc\\x60\\x00\\xc3\\xa9');
  });
});

describe('failureOf', () => {
  it.each([
    ['Code: 62. DB::Exception: x. (SYNTAX_ERROR)', 62, 400],
    ['Code: 60. DB::Exception: x. (UNKNOWN_TABLE)', 60, 404],
    ['Code: 27. DB::Exception: (at row 2): x (CANNOT_PARSE_INPUT_ASSERTION_FAILED)', 27, 400],
    ['Code: 395. DB::Exception: x (FUNCTION_THROW_IF_VALUE_IS_NON_ZERO)', 395, 500],
    ['boom', 1002, 500],
  ])('%s', (message, code, status) => {
    expect(failureOf(new Error(message))).toMatchObject({ code, status });
  });
});
