import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { newId } from '@ledgerline/kernel';
import { type Answer, CustomersWorld } from '../../test/customers-world.js';

describe('subjects over HTTP', () => {
  let world: CustomersWorld;
  let n = 0;
  /** Not used before in this database. */
  let fresh: (prefix: string) => string;
  beforeAll(async () => {
    world = await CustomersWorld.open();
  });
  afterAll(() => world.close());
  beforeEach(() => {
    n += 1;
    fresh = (prefix) => `${prefix}-${n}`;
    world.clock.set('2025-06-15T12:00:30Z');
  });

  const call = (method: string, path = '', body?: unknown): Promise<Answer> =>
    world.callAt(`/api/v1/subjects${path}`, method, body);
  const upsert = async (...drafts: object[]): Promise<any[]> => {
    const answer = await call('POST', '', drafts);
    if (answer.status !== 200) throw new Error(JSON.stringify(answer.body));
    return answer.body;
  };

  it('creates, and changes exactly what a request mentions', async () => {
    const [a, b] = [fresh('a'), fresh('b')];
    const whole = { displayName: 'A', metadata: { deep: { list: [1, null] } }, stripeCustomerId: 'cus_1' };
    const created = await upsert(
      { key: b },
      { key: a, ...whole, currentPeriodStart: '2023-01-01T00:00:00Z' },
    );
    const times = { createdAt: '2025-06-15T12:00:30Z', updatedAt: '2025-06-15T12:00:30Z' };
    expect(created).toEqual([
      { id: expect.any(String), key: b, ...times },
      { id: expect.any(String), key: a, ...whole, ...times },
    ]);
    world.clock.set('2025-06-16T00:00:00Z');
    const updatedAt = '2025-06-16T00:00:00Z';
    expect(await upsert({ key: a })).toEqual([{ ...created[1], updatedAt }]);
    const [cleared] = await upsert({ key: a, displayName: null, metadata: { new: 'yes' } });
    expect({ displayName: 'A', ...cleared }).toEqual({ ...created[1], metadata: { new: 'yes' }, updatedAt });
    expect(cleared).not.toHaveProperty('displayName');
    const [bare] = await upsert({ key: a, metadata: null, stripeCustomerId: null });
    expect(bare).toEqual({ id: created[1].id, key: a, createdAt: times.createdAt, updatedAt });
    expect((await call('GET', `/${a}`)).body).toEqual(bare);
    expect((await call('GET', `/${bare.id}`)).body).toEqual(bare);
    const facts = await world.postgres.query('SELECT type, data FROM journal WHERE stream = $1', [
      `subject:${bare.id}`,
    ]);
    expect(facts.map(({ type }: { type: string }) => type)).toEqual([
      'SubjectCreated',
      ...Array<string>(3).fill('SubjectUpdated'),
    ]);
  });

  it.each<[string, (key: string) => object[], string]>([
    ['a Stripe id of something else', (key) => [{ key, stripeCustomerId: 'sub_1' }], '$[1].stripeCustomerId'],
    ['an empty Stripe id', (key) => [{ key, stripeCustomerId: '' }], '$[1].stripeCustomerId'],
    ['an empty key', () => [{ key: '' }], '$[1].key'],
    ['a key that no index holds', () => [{ key: 'x'.repeat(513) }], '$[1].key'],
    ['a key given twice', (key) => [{ key }, { key, displayName: 'again' }], '$[2].key'],
    ['too many', (key) => Array.from({ length: 1000 }, (_, at) => ({ key: `${key}-${at}` })), '$'],
  ])('refuses %s, names the field and keeps nothing of the request', async (_what, draftsOf, field) => {
    const key = fresh('fine');
    const answer = await call('POST', '', [{ key }, ...draftsOf(fresh('bad'))]);
    expect([answer.status, answer.body.extensions.validationErrors[0].field]).toEqual([400, field]);
    expect((await call('GET', `/${key}`)).status).toBe(404);
  });

  it('takes an empty list', async () => {
    expect(await upsert()).toEqual([]);
  });

  it('lists the live ones by id', async () => {
    const made = await upsert({ key: fresh('z') }, { key: fresh('y') }, { key: fresh('x') });
    await call('DELETE', `/${made[1].key}`);
    const ids = (await call('GET')).body.map(({ id }: { id: string }) => id);
    expect(ids).toEqual([...ids].sort());
    const isListed = (subject: { id: string }): boolean => ids.includes(subject.id);
    expect(made.map(isListed)).toEqual([true, false, true]);
  });

  it('deletes softly: readable by id, gone by key, the key free', async () => {
    const key = fresh('gone');
    const [{ id }] = await upsert({ key });
    expect(await call('DELETE', `/${key}`)).toEqual({ status: 204, body: undefined });
    const unknown = await call('GET', `/${key}`);
    expect([unknown.status, unknown.body.detail]).toEqual([
      404,
      expect.stringContaining('subject not found'),
    ]);
    expect((await call('GET', `/${id}`)).body.deletedAt).toBe('2025-06-15T12:00:30Z');
    expect((await call('DELETE', `/${key}`)).status).toBe(404);
    expect((await call('DELETE', `/${id}`)).status).toBe(204);
    const [again] = await upsert({ key });
    expect(again.id).not.toBe(id);
  });

  it('lets all who race for the same new keys win', async () => {
    const keys = Array.from({ length: 20 }, (_, at) => fresh(`race-${at}`));
    const answers = await Promise.all(
      Array.from({ length: 24 }, (_, at) => {
        const drafts = keys.map((key) => ({ key, metadata: { [`by${at}`]: at } }));
        return call('POST', '', at % 2 === 0 ? drafts : drafts.reverse());
      }),
    );
    expect(answers.map(({ status }) => status)).toEqual(Array<number>(24).fill(200));
    const ids = new Set(answers.flatMap(({ body }) => body.map(({ id }: { id: string }) => id)));
    expect(ids.size).toBe(20);
  });

  it('makes the missing subjects of a customer, on create and on update, and leaves the others', async () => {
    const key = fresh('cust');
    const [known] = await upsert({ key: `${key}-1`, displayName: 'known' });
    const customer = await world.create({ key, usageAttribution: { subjectKeys: [`${key}-2`, `${key}-1`] } });
    const made = (await call('GET', `/${key}-2`)).body;
    expect(made).toMatchObject({
      metadata: { createdBy: 'subject.provisioner', customerId: customer.id },
      createdAt: '2025-06-15T12:00:30Z',
    });
    expect((await call('GET', `/${key}-1`)).body).toEqual(known);
    // The own key is no subject key.
    expect((await call('GET', `/${key}`)).status).toBe(404);
    await world.call('PUT', `/${customer.id}`, {
      name: 'x',
      usageAttribution: { subjectKeys: [`${key}-3`] },
    });
    expect((await call('GET', `/${key}-3`)).body.metadata.customerId).toBe(customer.id);
    expect((await call('GET', `/${key}-2`)).body).toEqual(made);
    // Deleting a subject leaves the customer as it is, and the next change makes it anew.
    await call('DELETE', `/${key}-3`);
    const { body } = await world.call('GET', `/${customer.id}`);
    expect(body.usageAttribution.subjectKeys).toEqual([`${key}-3`]);
  });

  it('makes no subject for a customer that is refused', async () => {
    const key = fresh('taken');
    await world.create({ key });
    const subject = fresh('never');
    const draft = { name: 'x', key, usageAttribution: { subjectKeys: [subject] } };
    expect((await world.call('POST', '', draft)).status).toBe(409);
    expect((await call('GET', `/${subject}`)).status).toBe(404);
  });

  it('refuses the id of a subject as a subject key, on create and on update', async () => {
    const [{ id }] = await upsert({ key: fresh('id') });
    const mine = await world.create({ key: fresh('mine') });
    const draft = { name: 'x', usageAttribution: { subjectKeys: [id] } };
    for (const answer of [
      await world.call('POST', '', draft),
      await world.call('PUT', `/${mine.id}`, draft),
    ]) {
      expect([answer.status, answer.body.extensions.validationErrors[0]]).toEqual([
        400,
        expect.objectContaining({
          field: '$.usageAttribution.subjectKeys[0]',
          message: expect.stringContaining('give its key instead'),
        }),
      ]);
    }
  });

  it('keeps namespaces apart, and tells other rooms what subjects are called', async () => {
    const key = fresh('named');
    const [{ id }] = await upsert({ key, displayName: 'Named' });
    await upsert({ key: fresh('nameless') });
    const customer = await world.create({ key: fresh('owner'), usageAttribution: { subjectKeys: [key] } });
    const [here, there] = [world.unitOfWork.reader('default'), world.unitOfWork.reader('elsewhere')];
    expect(await world.subjectNames.subjectNames(here, [key, fresh('nameless'), 'nobody'])).toEqual(
      new Map([
        [key, 'Named'],
        [fresh('nameless'), undefined],
      ]),
    );
    expect(await world.subjectNames.subjectNames(there, [key])).toEqual(new Map());
    expect((await world.customers.findBySubject(here, id))?.id).toBe(customer.id);
    expect(await world.customers.findBySubject(there, id)).toBeUndefined();
    expect(await world.customers.findBySubject(here, newId())).toBeUndefined();
  });
});
