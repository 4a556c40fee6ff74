import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { accessOf } from './access.js';
import { operationIds, operationRow } from './operations.js';

interface Document {
  readonly paths: Readonly<
    Record<string, Readonly<Record<string, { operationId: string; security?: unknown }>>>
  >;
}

describe('what an operation demands of its caller', () => {
  it('is an authentication of its own exactly where the documents say so', () => {
    const told = ['openmeter', 'ledgerline'].flatMap((name) => {
      const file = new URL(`../openapi/${name}.openapi.gen.json`, import.meta.url);
      const document = JSON.parse(readFileSync(file, 'utf8')) as Document;
      return Object.values(document.paths).flatMap((item) => Object.values(item));
    });
    const declared = told.filter(({ security }) => security !== undefined).map((one) => one.operationId);
    expect(operationIds.filter((id) => accessOf(id) === 'own').sort()).toEqual(declared.sort());
  });

  it('is never less than write where something changes, but for questions that are posted', () => {
    const light = operationIds.filter(
      (id) => operationRow(id).method !== 'GET' && ['read', 'ingest'].includes(accessOf(id)),
    );
    expect(light.sort()).toEqual(['ingestEvents', 'queryMeterPost', 'simulateInvoice']);
  });

  it('is the operator where the whole installation is concerned', () => {
    expect(operationIds.filter((id) => accessOf(id) === 'operator').sort()).toEqual([
      'createNamespace',
      'listNamespaces',
      'setClock',
    ]);
  });
});
