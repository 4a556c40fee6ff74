import { describe, expect, it } from '@jest/globals';
import { decideMode } from './media.js';

describe('decideMode', () => {
  it.each([
    // content type, ce-* headers, mode
    ['application/cloudevents+json', false, 'structured'],
    ['application/cloudevents+json; charset=utf-8', false, 'structured'],
    ['Application/CloudEvents+JSON;CHARSET=ISO-8859-1', true, 'structured'],
    ['application/cloudevents-batch+json', false, 'batch'],
    [' application/cloudevents-batch+json ; charset=UTF-8', false, 'batch'],
    ['application/json', false, 'either'],
    ['application/json;charset=utf-8', false, 'either'],
    ['application/json', true, 'binary'],
    ['application/vnd.acme+json', true, 'binary'],
    ['text/json; charset=utf-8', true, 'binary'],
    [undefined, true, 'binary'],
    [undefined, false, undefined],
    ['', false, undefined],
    ['text/plain', false, undefined],
    ['text/plain', true, undefined],
    ['application/vnd.acme+json', false, undefined],
    ['application/cloudevents', true, undefined],
    ['application/cloudevents+avro', true, undefined],
    ['application/cloudevents-batch+avro', false, undefined],
    ['application/jsonp', false, undefined],
  ])('%s with attribute headers %s: %s', (contentType, hasHeaders, mode) => {
    expect(decideMode(contentType, hasHeaders)).toBe(mode);
  });
});
