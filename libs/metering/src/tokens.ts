export const CREATE_METER = Symbol('metering.CREATE_METER');
export const READ_METERS = Symbol('metering.READ_METERS');
export const UPDATE_METER = Symbol('metering.UPDATE_METER');
export const DELETE_METER = Symbol('metering.DELETE_METER');
export const QUERY_METER = Symbol('metering.QUERY_METER');
/** Follows queries that name a client id: `TrackProgress`. */
export const TRACK_PROGRESS = Symbol('metering.TRACK_PROGRESS');
/** Subjects and group values of a meter, today's events: `ListMeterValues`. */
export const LIST_METER_VALUES = Symbol('metering.LIST_METER_VALUES');
export const MANAGE_PORTAL_TOKENS = Symbol('metering.MANAGE_PORTAL_TOKENS');
export const QUERY_PORTAL_METER = Symbol('metering.QUERY_PORTAL_METER');
/** What the subjects of an answer are called: `NameSubjects`. */
export const NAME_SUBJECTS = Symbol('metering.NAME_SUBJECTS');
export const LIST_EVENTS = Symbol('metering.LIST_EVENTS');
/** What became of one event: `ExplainEvent`. */
export const EXPLAIN_EVENT = Symbol('metering.EXPLAIN_EVENT');
/** Whether all usage is in: `ReadCompleteness`. */
export const READ_COMPLETENESS = Symbol('metering.READ_COMPLETENESS');
/** Live values: `WatchMeter`. */
export const WATCH_METER = Symbol('metering.WATCH_METER');
export const DECLARE_METERS = Symbol('metering.DECLARE_METERS');
/** Usage of a meter for other rooms: `QueryUsage`. */
export const QUERY_USAGE = Symbol('metering.QUERY_USAGE');
/** Usage of a meter in parts, by groups and at instants: `QueryUsageByGroup`. */
export const QUERY_USAGE_BY_GROUP = Symbol('metering.QUERY_USAGE_BY_GROUP');
/** Meters within a transaction, for other rooms too: `MeterStore`. */
export const METER_STORE = Symbol('metering.METER_STORE');
export const METER_VERSION_STORE = Symbol('metering.METER_VERSION_STORE');
export const USAGE_STORE = Symbol('metering.USAGE_STORE');
export const COMPLETENESS_STORE = Symbol('metering.COMPLETENESS_STORE');
export const USAGE_LOG_ENDS = Symbol('metering.USAGE_LOG_ENDS');
export const EVENT_STORE = Symbol('metering.EVENT_STORE');
export const USAGE_PORTS = Symbol('metering.USAGE_PORTS');
export const PORTAL_PORTS = Symbol('metering.PORTAL_PORTS');
