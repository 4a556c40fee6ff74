import { type Refusal, refusal } from '@ledgerline/kernel';
import { allows, keyOfHeader, type KeyRecord } from '@ledgerline/namespaces/core';
import { createHash } from 'node:crypto';

/** In whose name events are taken. */
export interface Sender {
  readonly namespace: string;
  /** Domain time from which on the key is no more valid; infinite when it does not expire. */
  readonly expiresAtMs: number;
}

/** One for missing, mistyped, unknown, revoked and expired: a stranger learns nothing about a key. */
export const notValid = refusal.unauthenticated('send a valid API key: Authorization: Bearer <key>');
const mayNot = refusal.forbidden('the API key has no scope that includes ingest');

/** What stands for a key; the record in it is replaced, so that a remembered header sees a revocation at once. */
interface Held {
  record: KeyRecord;
  answer: Sender | { readonly refused: Refusal };
}

/** Spellings of headers remembered; beyond it someone varies them, and each costs one hash again. */
const headersMax = 10_000;

/** All keys of the installation by their hashes. */
export class KeyRing {
  private readonly byId = new Map<string, Held>();
  private readonly byHash = new Map<string, Held>();
  private readonly byHeader = new Map<string, Held>();

  /** Records may come again and in an older state: only what is newer counts. */
  apply(record: KeyRecord): void {
    const held = this.byId.get(record.id);
    if (held === undefined) {
      const fresh = { record, answer: answerOf(record) };
      this.byId.set(record.id, fresh);
      this.byHash.set(record.hash, fresh);
    } else if (record.version > held.record.version) {
      held.record = record;
      held.answer = answerOf(record);
    }
  }

  /** For a record that cannot be read: what is not known is not accepted. */
  forget(id: string): void {
    const held = this.byId.get(id);
    if (held === undefined) return;
    held.answer = { refused: notValid };
    this.byId.delete(id);
    this.byHash.delete(held.record.hash);
  }

  /** One look-up for a header that was seen before; the key is taken apart and hashed only the first time. */
  identify(authorization: string | undefined): Sender | { readonly refused: Refusal } {
    if (authorization === undefined) return { refused: notValid };
    const held = this.byHeader.get(authorization) ?? this.find(authorization);
    return held === undefined ? { refused: notValid } : held.answer;
  }

  private find(authorization: string): Held | undefined {
    const key = keyOfHeader(authorization);
    if (key === undefined) return undefined;
    // By hash: how long a look-up takes then tells nothing about a key.
    const held = this.byHash.get(createHash('sha256').update(key).digest('hex'));
    if (held === undefined) return undefined;
    if (this.byHeader.size >= headersMax) this.byHeader.clear();
    this.byHeader.set(authorization, held);
    return held;
  }
}

function answerOf(record: KeyRecord): Held['answer'] {
  if (record.isRevoked) return { refused: notValid };
  if (!allows(record.scopes, 'ingest')) return { refused: mayNot };
  return { namespace: record.namespace, expiresAtMs: record.expiresAtMs ?? Infinity };
}
