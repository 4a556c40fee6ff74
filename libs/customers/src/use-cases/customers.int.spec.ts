import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { newId, refusal } from '@ledgerline/kernel';
import { CustomersWorld } from '../../test/customers-world.js';

describe('customers over HTTP', () => {
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
    world.neighbours.active.clear();
  });

  const whole = (key: string) => ({
    key,
    name: 'Acme',
    description: 'who buys',
    primaryEmail: 'pay@acme.test',
    currency: 'EUR',
    billingAddress: { country: 'DE', city: 'Berlin' },
    metadata: { tier: 'gold' },
    usageAttribution: { subjectKeys: [`${key}-b`, `${key}-a`] },
  });

  it('creates one and reads it by id and by key', async () => {
    const key = fresh('acme');
    const created = await world.call('POST', '', whole(key));
    expect(created.status).toBe(201);
    expect(created.body).toEqual({
      id: expect.any(String),
      ...whole(key),
      createdAt: '2025-06-15T12:00:30Z',
      updatedAt: '2025-06-15T12:00:30Z',
    });
    expect((await world.call('GET', `/${created.body.id}`)).body).toEqual(created.body);
    expect((await world.call('GET', `/${key}`)).body).toEqual(created.body);
    const facts = await world.postgres.query('SELECT type, data FROM journal WHERE stream = $1', [
      `customer:${created.body.id}`,
    ]);
    expect(facts).toEqual([
      {
        type: 'CustomerCreated',
        data: { id: created.body.id, key, subjectKeys: [`${key}-b`, `${key}-a`], currency: 'EUR' },
      },
    ]);
  });

  it.each<[string, Record<string, unknown>, number]>([
    ['neither key nor subject keys', {}, 400],
    ['neither key nor any subject key', { usageAttribution: { subjectKeys: [] } }, 400],
    ['an empty subject key', { key: 'k', usageAttribution: { subjectKeys: [''] } }, 400],
    ['a subject key given twice', { usageAttribution: { subjectKeys: ['x', 'x'] } }, 400],
    [
      'a subject key that no index holds',
      { usageAttribution: { subjectKeys: [String.fromCodePoint(0x1f600).repeat(300)] } },
      400,
    ],
    [
      'too many subject keys',
      { usageAttribution: { subjectKeys: Array.from({ length: 1001 }, (_, at) => `s${at}`) } },
      400,
    ],
    ['text with a NUL', { key: 'nul\u0000' }, 400],
    ['a currency that is none', { key: 'k', currency: 'Euro' }, 400],
  ])('refuses %s', async (_what, body, status) => {
    const answer = await world.call('POST', '', { name: 'x', ...body });
    expect([answer.status, answer.body.type]).toEqual([status, 'about:blank']);
  });

  it('keeps a key with subjectKeys [] and without usageAttribution in the answer', async () => {
    const customer = await world.create({ key: fresh('k'), usageAttribution: { subjectKeys: [] } });
    expect(customer).not.toHaveProperty('usageAttribution');
  });

  it('lets a key equal one of the own subject keys', async () => {
    const key = fresh('own');
    const customer = await world.create({ key, usageAttribution: { subjectKeys: ['z-' + key, key] } });
    expect(customer['usageAttribution']).toEqual({ subjectKeys: ['z-' + key, key] });
  });

  it.each([
    [
      'key of another',
      (other: Owner) => ({ key: other.key }),
      /^conflict error: key ".*" is already used by an another customer/,
    ],
    ['id of another as key', (other: Owner) => ({ key: other.id }), /is already used by an another customer/],
    [
      'subject key of another as key',
      (other: Owner) => ({ key: other.subject }),
      /is already used by an another customer/,
    ],
    [
      'subject key of another',
      (other: Owner) => ({ usageAttribution: { subjectKeys: [other.subject] } }),
      /^conflict error: one or multiple subject keys of \[.*\] are already associated/,
    ],
    [
      'key of another as subject key',
      (other: Owner) => ({ usageAttribution: { subjectKeys: [other.key] } }),
      /are already associated/,
    ],
  ])('answers 409 to the %s, on create and on update', async (_what, draftOf, text) => {
    const key = fresh('theirs');
    const subject = fresh('their-subject');
    const { id } = await world.create({ key, usageAttribution: { subjectKeys: [subject] } });
    const mine = await world.create({ key: fresh('mine') });
    const draft = { name: 'x', ...draftOf({ id, key, subject }) };
    const created = await world.call('POST', '', draft);
    expect([created.status, created.body.detail]).toEqual([409, expect.stringMatching(text)]);
    const updated = await world.call('PUT', `/${mine.id}`, draft);
    expect([updated.status, updated.body.detail]).toEqual([409, expect.stringMatching(text)]);
  });

  it.each([
    ['a key', (name: string) => [{ key: name }]],
    [
      'subject keys, in any order',
      (name: string) => [
        { usageAttribution: { subjectKeys: [name, `${name}-2`] } },
        { usageAttribution: { subjectKeys: [`${name}-2`, name] } },
      ],
    ],
    [
      'a key that is a subject key elsewhere',
      (name: string) => [{ key: name }, { usageAttribution: { subjectKeys: [name] } }],
    ],
  ])('answers 409, never 500, to all but one who race for %s', async (_what, draftsOf) => {
    const drafts = draftsOf(fresh('race'));
    const answers = await Promise.all(
      Array.from({ length: 24 }, (_, at) =>
        world.call('POST', '', { name: 'x', ...drafts[at % drafts.length] }),
      ),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([201, ...Array<number>(23).fill(409)]);
  });

  it('replaces on PUT: clears what is absent but e-mail, currency and parts of the address', async () => {
    const key = fresh('put');
    const { id } = await world.create(whole(key));
    world.clock.set('2025-06-16T00:00:00Z');
    const answer = await world.call('PUT', `/${key}`, {
      name: 'Acme 2',
      usageAttribution: { subjectKeys: [`${key}-a`, `${key}-c`] },
      billingAddress: { city: 'Bonn' },
    });
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({
      id,
      name: 'Acme 2',
      primaryEmail: 'pay@acme.test',
      currency: 'EUR',
      billingAddress: { country: 'DE', city: 'Bonn' },
      usageAttribution: { subjectKeys: [`${key}-a`, `${key}-c`] },
      createdAt: '2025-06-15T12:00:30Z',
      updatedAt: '2025-06-16T00:00:00Z',
    });
    expect((await world.call('GET', `/${id}`)).body).toEqual(answer.body);
    const bare = await world.call('PUT', `/${id}`, { name: 'Acme 3', key });
    expect(bare.body).not.toHaveProperty('usageAttribution');
    expect(bare.body).not.toHaveProperty('billingAddress');
    const free = await world.create({
      usageAttribution: { subjectKeys: [`${key}-a`, `${key}-b`, `${key}-c`] },
    });
    expect(free.id).not.toBe(id);
  });

  it.each<[string, { usageAttribution?: { subjectKeys: string[] } }, number]>([
    ['changed', { usageAttribution: { subjectKeys: ['b', 'a'] } }, 400],
    ['not mentioned', {}, 400],
    ['the same', { usageAttribution: { subjectKeys: ['a', 'b'] } }, 200],
  ])('with an active subscription: subject keys %s', async (_what, draft, status) => {
    const key = fresh('sub');
    const place = (keys: readonly string[]) => keys.map((one) => `${key}-${one}`);
    const { id } = await world.create({ key, usageAttribution: { subjectKeys: place(['a', 'b']) } });
    world.neighbours.active.set(id, { currentSubscriptionId: newId(), subscriptions: [] });
    const { usageAttribution } = draft;
    const answer = await world.call('PUT', `/${id}`, {
      name: 'x',
      key,
      ...(usageAttribution && { usageAttribution: { subjectKeys: place(usageAttribution.subjectKeys) } }),
    });
    expect(answer.status).toBe(status);
    if (status === 400) {
      expect(answer.body.detail).toContain(
        'validation error: cannot change subject keys for customer with active subscriptions',
      );
    }
  });

  it('deletes softly: readable by id, gone by key, its names free', async () => {
    const key = fresh('gone');
    const { id } = await world.create(whole(key));
    expect((await world.call('DELETE', `/${key}`)).status).toBe(204);
    expect((await world.call('GET', `/${key}`)).status).toBe(404);
    expect((await world.call('GET', `/${id}`)).body.deletedAt).toBe('2025-06-15T12:00:30Z');
    expect((await world.call('DELETE', `/${key}`)).status).toBe(404);
    const again = await world.call('DELETE', `/${id}`);
    expect([again.status, again.body.detail]).toEqual([412, expect.stringContaining('customer is deleted')]);
    expect((await world.call('PUT', `/${id}`, { name: 'x', key })).status).toBe(412);
    expect((await world.create(whole(key))).id).not.toBe(id);
  });

  it('asks every guard before it deletes; one conflict among the objections makes a 409', async () => {
    const { id } = await world.create({ key: fresh('guarded') });
    const [first, second] = world.neighbours.objections;
    first!.set(id, refusal.invalid('validation error: still subscribed'));
    expect((await world.call('DELETE', `/${id}`)).status).toBe(400);
    second!.set(id, refusal.conflict('conflict error: still entitled'));
    const answer = await world.call('DELETE', `/${id}`);
    expect([answer.status, answer.body.detail]).toEqual([
      409,
      'validation error: still subscribed\nconflict error: still entitled',
    ]);
    first!.clear();
    second!.clear();
    expect((await world.call('DELETE', `/${id}`)).status).toBe(204);
  });

  it('lists with filters, order and paging', async () => {
    const mark = fresh('list');
    const a = await world.create({ key: `${mark}-A_1`, name: `${mark} beta`, primaryEmail: 'Ann@x.test' });
    const b = await world.create({
      name: `${mark} alpha`,
      usageAttribution: { subjectKeys: [`${mark}-Sub`] },
    });
    const c = await world.create({ key: `${mark}-c`, name: `${mark} gamma` });
    await world.call('DELETE', `/${c.id}`);
    const ids = async (query: string): Promise<string[]> => {
      const answer = await world.call('GET', `?${query}`);
      expect(answer.status).toBe(200);
      return answer.body.items.map(({ id }: { id: string }) => id);
    };
    expect(await ids(`name=${mark.toUpperCase()}`)).toEqual([b.id, a.id]);
    expect(await ids(`name=${mark}&order=DESC`)).toEqual([a.id, b.id]);
    expect(await ids(`name=${mark}&orderBy=id&includeDeleted=true`)).toEqual([a.id, b.id, c.id]);
    expect(await ids(`key=${mark}-a_`)).toEqual([a.id]);
    expect(await ids(`name=${mark}&key=%25`)).toEqual([]);
    expect(await ids(`name=${mark}&primaryEmail=ann`)).toEqual([a.id]);
    expect(await ids(`subject=${mark}-SUB`)).toEqual([b.id]);
    world.neighbours.onPlan.set('pro', [a.id]);
    expect(await ids(`name=${mark}&planKey=pro`)).toEqual([a.id]);
    const page = await world.call('GET', `?name=${mark}&page=2&pageSize=1`);
    expect([page.body.totalCount, page.body.page, page.body.items[0].id]).toEqual([2, 2, a.id]);
    const past = await world.call('GET', `?name=${mark}&page=9`);
    expect(past.body).toEqual({ items: [], totalCount: 2, page: 9, pageSize: 100 });
  });

  it('shows the current subscription when asked, and always in lists', async () => {
    const mark = fresh('shown');
    const { id } = await world.create({ key: mark, name: mark });
    const currentSubscriptionId = newId();
    world.neighbours.active.set(id, { currentSubscriptionId, subscriptions: [] });
    expect((await world.call('GET', `/${id}`)).body).not.toHaveProperty('currentSubscriptionId');
    const expanded = await world.call('GET', `/${id}?expand=subscriptions`);
    expect(expanded.body).toMatchObject({ currentSubscriptionId, subscriptions: [] });
    const listed = await world.call('GET', `?name=${mark}`);
    expect(listed.body.items).toEqual([expanded.body]);
  });

  it('answers 404 with the id or key that is unknown', async () => {
    for (const method of ['GET', 'PUT', 'DELETE'] as const) {
      const body = method === 'PUT' ? { name: 'x', key: 'y' } : undefined;
      const answer = await world.call(method, '/nobody', body);
      expect(answer.status).toBe(404);
      expect(answer.body.detail).toContain('customer with id or key nobody not found in default namespace');
    }
  });

  it('tells other rooms whose subject is whose', async () => {
    const key = fresh('face');
    const { id } = await world.create({ key, usageAttribution: { subjectKeys: [`${key}-1`] } });
    const db = world.unitOfWork.reader('default');
    expect(await world.attribution.customersById(db, [id, newId()])).toEqual([
      { id, keys: [key, `${key}-1`] },
    ]);
    expect(await world.attribution.customerIdsOfSubjects(db, [key, `${key}-1`, 'nobody'])).toEqual(
      new Map([
        [key, id],
        [`${key}-1`, id],
      ]),
    );
    expect((await world.customers.findBySubject(db, `${key}-1`))?.id).toBe(id);
    expect(await world.customers.findBySubject(world.unitOfWork.reader('elsewhere'), key)).toBeUndefined();
    await world.unitOfWork.run({ namespace: 'default', actor: 'spec' }, (tx) =>
      world.customers.setCurrency(tx, id, 'USD'),
    );
    expect((await world.customers.find(db, key))?.currency).toBe('USD');
    expect((await world.customers.find(db, key))?.usageAttribution.subjectKeys).toEqual([`${key}-1`]);
    await world.call('DELETE', `/${id}`);
    expect(await world.attribution.customersById(db, [id])).toEqual([]);
    expect(await world.customers.findBySubject(db, key)).toBeUndefined();
  });
});

interface Owner {
  readonly id: string;
  readonly key: string;
  readonly subject: string;
}
