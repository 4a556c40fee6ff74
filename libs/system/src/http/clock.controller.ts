import { Operation, type OpReply, type OpRequest } from '@ledgerline/contract';
import { type Clock, instant, refusal, Refused, toRfc3339 } from '@ledgerline/kernel';
import { CLOCK } from '@ledgerline/platform';
import { Controller, Inject } from '@nestjs/common';
import type { MoveClock } from '../use-cases/move-clock.js';
import { MOVE_CLOCK } from '../tokens.js';

@Controller()
export class ClockController {
  constructor(
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(MOVE_CLOCK) private readonly moveClock: MoveClock | null,
  ) {}

  @Operation('getClock')
  get(): Promise<OpReply<'getClock'>> {
    const mode = this.moveClock === null ? 'system' : 'virtual';
    return Promise.resolve({ mode, now: toRfc3339(this.clock.now()) });
  }

  @Operation('setClock')
  async set(request: OpRequest<'setClock'>): Promise<OpReply<'setClock'>> {
    if (this.moveClock === null) throw new Refused(systemTime);
    const { now, steps } = await this.moveClock.run(instant(request.body.now));
    return { mode: 'virtual', now: toRfc3339(now), steps };
  }
}

const systemTime = refusal.conflict(
  'the time is the machine’s; start with clock.mode: virtual (LEDGERLINE_CLOCK_MODE=virtual) to move it',
);
