import { describe, expect, it } from '@jest/globals';
import { Module } from '@nestjs/common';
import { bindings, checkBindings } from './bindings.js';
import { rooms } from './rooms.js';

@Module({})
class Empty {}
const port = Symbol('customers.GUARD');
const room = { name: 'customers', module: Empty, ports: [port] };

describe('checkBindings', () => {
  it('accepts the bindings of this app', () => {
    expect(() => checkBindings(rooms, bindings)).not.toThrow();
  });

  it.each([
    [[], 'the port Symbol(customers.GUARD) of customers is not bound: add it to bindings.ts'],
    [
      [
        { port, to: Empty },
        { port, to: Empty },
      ],
      'bindings.ts binds Symbol(customers.GUARD) twice',
    ],
    [[{ port: Symbol('other'), to: Empty }], 'bindings.ts binds Symbol(other), which no room declares'],
  ])('refuses %#', (bound, message) => {
    expect(() => checkBindings([room], bound)).toThrow(message);
  });
});
