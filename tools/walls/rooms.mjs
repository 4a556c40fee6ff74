// Which room may import which: downward only. Read by ESLint (imports between packages) and by the tests of the walls.
const order = [
  ['kernel'],
  ['contract'],
  ['platform'],
  ['ingest', 'sink', 'namespaces', 'system', 'customers', 'credits'],
  ['metering'],
  ['catalog'],
  ['entitlements', 'rating'],
  ['subscriptions'],
  ['invoicing'],
  ['providers'],
  ['notifications'],
];

const below = (level) => order.slice(0, level).flat();

/** Room → the rooms it may import. Rooms on one level do not know each other. */
export const allowedRooms = Object.fromEntries(
  order.flatMap((rooms, level) => rooms.map((room) => [room, below(level)])),
);
// Beside the tower: the local engines serve the supervisor and the tests only.
allowedRooms.embedded = ['kernel', 'contract', 'platform'];
allowedRooms.testkit = ['kernel', 'contract', 'platform', 'embedded'];

const every = order.flat();
/** App → the rooms it may wire. */
export const allowedForApps = {
  ingest: ['kernel', 'contract', 'platform', 'ingest', 'namespaces', 'system'],
  sink: ['kernel', 'contract', 'platform', 'sink', 'system', 'metering'],
  billing: every,
  stack: ['kernel', 'platform', 'embedded'],
};

/** Every room's specs may use the test harness. */
export const depConstraints = [
  ...Object.entries(allowedRooms).map(([room, rooms]) => ({
    sourceTag: `room:${room}`,
    onlyDependOnLibsWithTags: [...new Set([room, ...rooms, 'testkit'])].map((name) => `room:${name}`),
  })),
  ...Object.entries(allowedForApps).map(([app, rooms]) => ({
    sourceTag: `app:${app}`,
    onlyDependOnLibsWithTags: [...rooms, 'testkit'].map((name) => `room:${name}`),
  })),
];
