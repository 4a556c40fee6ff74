import { type Currency, roundToCurrency } from './currency.js';
import { type Decimal, toNumeric, ZERO } from './decimal.js';
import { invariant } from './invariant.js';

/** An exact amount in one currency. Never rounds by itself: call `rounded()` once, where the rule says so. */
export class Money {
  private constructor(
    readonly amount: Decimal,
    readonly currency: Currency,
  ) {}

  static of(amount: Decimal, currency: Currency): Money {
    return new Money(amount, currency);
  }

  static zero(currency: Currency): Money {
    return new Money(ZERO, currency);
  }

  plus(other: Money): Money {
    this.sameCurrency(other);
    return new Money(this.amount.plus(other.amount), this.currency);
  }

  minus(other: Money): Money {
    this.sameCurrency(other);
    return new Money(this.amount.minus(other.amount), this.currency);
  }

  times(factor: Decimal): Money {
    return new Money(this.amount.times(factor), this.currency);
  }

  rounded(): Money {
    return new Money(roundToCurrency(this.amount, this.currency), this.currency);
  }

  toString(): string {
    return `${toNumeric(this.amount)} ${this.currency.code}`;
  }

  private sameCurrency(other: Money): void {
    invariant(
      this.currency.code === other.currency.code,
      `cannot combine ${this.currency.code} with ${other.currency.code}`,
    );
  }
}
