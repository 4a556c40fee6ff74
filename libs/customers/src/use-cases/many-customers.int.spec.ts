import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { CustomersWorld } from '../../test/customers-world.js';

const many = 10_000;

describe(`with ${many} customers`, () => {
  let world: CustomersWorld;
  beforeAll(async () => {
    world = await CustomersWorld.open();
    const at = '2025-06-15T12:00:30Z';
    await world.postgres.query(
      `INSERT INTO customers (namespace, id, key, name, primary_email, created_at, updated_at)
       SELECT 'default', lpad(n::text, 26, '0'), 'key-' || n, 'Customer ' || n, n || '@x.test', $2, $2
       FROM generate_series(1, $1) AS n`,
      [many, at],
    );
    await world.postgres.query(
      `INSERT INTO customer_subjects (namespace, customer_id, subject, position, attached_at)
       SELECT 'default', lpad(n::text, 26, '0'), 'key-' || n || suffix, position, $2
       FROM generate_series(1, $1) AS n, (VALUES ('', NULL), ('-s', 0)) AS s (suffix, position)`,
      [many, at],
    );
    await world.postgres.query('ANALYZE customers, customer_subjects');
  });
  afterAll(() => world.close());

  it.each([
    ['the first page', '?pageSize=100', many, 100],
    ['the last page', '?pageSize=100&page=100', many, 100],
    ['the newest first', '?orderBy=createdAt&order=DESC&pageSize=1000', many, 1000],
    ['a name', '?name=omer%209999', 1, 1],
    ['a subject', '?subject=KEY-777-', 1, 1],
    ['what nobody has', '?primaryEmail=_', 0, 0],
  ])('lists %s', async (_what, query, totalCount, listed) => {
    const { status, body } = await world.call('GET', query);
    expect([status, body.totalCount, body.items.length]).toEqual([200, totalCount, listed]);
  });

  it('reads a page of names in order, and a subject by an index', async () => {
    const planOf = async (sql: string): Promise<string> =>
      JSON.stringify(await world.postgres.query(`EXPLAIN ${sql}`));
    expect(
      await planOf(
        `SELECT id FROM customers WHERE namespace = 'default' AND deleted_at IS NULL ORDER BY name, id LIMIT 100`,
      ),
    ).toContain('customers_by_name');
    expect(
      await planOf(
        `SELECT customer_id FROM customer_subjects
         WHERE namespace = 'default' AND subject = ANY('{key-5-s,key-7}') AND detached_at IS NULL`,
      ),
    ).toContain('customer_subjects_live');
    const db = world.unitOfWork.reader('default');
    expect((await world.customers.findBySubject(db, 'key-5000-s'))?.key).toBe('key-5000');
  });
});
