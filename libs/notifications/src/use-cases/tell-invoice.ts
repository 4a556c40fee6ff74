import { type Json, type UnitOfWork } from '@ledgerline/kernel';
import { ShowInvoice } from '@ledgerline/invoicing';
import { type Notice, UNIT_OF_WORK } from '@ledgerline/platform';
import { once } from '@ledgerline/platform/postgres';
import { Inject } from '@nestjs/common';
import type { Delivery } from '../core/delivery.js';
import type { RuleStore } from '../core/ports.js';
import type { Rule } from '../core/rule.js';
import { RULE_STORE } from '../tokens.js';
import { RaiseEvent } from './raise-event.js';
import { workerScope } from './scope.js';

/** An invoice was made or changed: tells every rule of that type, once per change. */
export class TellInvoice {
  constructor(
    @Inject(UNIT_OF_WORK) private readonly unitOfWork: UnitOfWork,
    @Inject(RULE_STORE) private readonly rules: RuleStore,
    @Inject(ShowInvoice) private readonly invoices: ShowInvoice,
    @Inject(RaiseEvent) private readonly raise: RaiseEvent,
  ) {}

  async run(
    notice: Notice,
    type: Extract<Rule['type'], `invoice.${string}`>,
    invoiceId: string,
  ): Promise<void> {
    const { namespace } = notice;
    const rules = await this.rules.findAwake(this.unitOfWork.reader(namespace), [type]);
    if (rules.length === 0) return;
    const shown = await this.invoices.run(namespace, invoiceId);
    if (shown.isGathering) return;
    const { number } = shown.invoice;
    const raised = await this.unitOfWork.run(workerScope(namespace, notice.id), async (tx) => {
      if (!(await once(tx, `notifications.${type}`, notice))) return [];
      const deliveries: Delivery[] = [];
      for (const rule of rules) {
        const event = await this.raise.run(tx, {
          rule,
          data: JSON.parse(JSON.stringify(shown.invoice)) as Json,
          topic: {},
          annotations: {
            'event.invoice.id': invoiceId,
            'event.invoice.number': number,
            'event.customer.id': shown.customerId,
          },
          once: { kind: 'once', key: ['invoice', notice.id, rule.id].join('/') },
        });
        deliveries.push(...(event?.deliveries ?? []));
      }
      return deliveries;
    });
    await this.raise.hurry(raised);
  }
}
