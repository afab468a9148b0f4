/**
 * An exact decimal number: `unscaled` times ten to the power `exponent`. Values of meters stay in this form from the
 * device's digits to the wire, so that no binary float ever changes a digit.
 */
export class Decimal {
  readonly unscaled: bigint;
  readonly exponent: number;

  constructor(unscaled: bigint, exponent = 0) {
    this.unscaled = unscaled;
    this.exponent = exponent;
  }

  /** Reads "12", "-0.5" or "1e-3"; undefined when the text is no decimal number of at most 400 digits. */
  static parse(text: string): Decimal | undefined {
    const match = DECIMAL.exec(text);
    if (match === null) return undefined;
    const [, sign, whole = '', fraction = '', power = '0'] = match;
    if (whole.length + fraction.length === 0) return undefined;
    const exponent = Number(power);
    if (Math.abs(exponent) > EXPONENT_MAX || whole.length + fraction.length > DIGITS_MAX) return undefined;
    const digits = BigInt(whole + fraction);
    return new Decimal(sign === '-' ? -digits : digits, exponent - fraction.length);
  }

  /** The decimal of a whole number. */
  static of(value: bigint | number): Decimal {
    return new Decimal(BigInt(value));
  }

  /** The sum, exact. */
  plus(other: Decimal): Decimal {
    const exponent = Math.min(this.exponent, other.exponent);
    return new Decimal(this.at(exponent) + other.at(exponent), exponent);
  }

  /** The product, exact. */
  times(other: Decimal): Decimal {
    return new Decimal(this.unscaled * other.unscaled, this.exponent + other.exponent);
  }

  /** Negative, zero or positive as this is less than, equal to or greater than the other. */
  compare(other: Decimal): number {
    const exponent = Math.min(this.exponent, other.exponent);
    const difference = this.at(exponent) - other.at(exponent);
    return difference < 0n ? -1 : difference > 0n ? 1 : 0;
  }

  /** Plain digits without an exponent and without trailing zeros after the point: "12345.6", "-0.05", "700". */
  toString(): string {
    const { unscaled, exponent } = this.shortest();
    const sign = unscaled < 0n ? '-' : '';
    const digits = (unscaled < 0n ? -unscaled : unscaled).toString();
    if (exponent >= 0) return sign + digits + '0'.repeat(exponent);
    const padded = digits.padStart(1 - exponent, '0');
    return `${sign}${padded.slice(0, exponent)}.${padded.slice(exponent)}`;
  }

  /** The nearest binary number, for comparisons where digits do not matter. */
  toNumber(): number {
    return Number(this.toString());
  }

  private at(exponent: number): bigint {
    return this.exponent === exponent ? this.unscaled : this.unscaled * 10n ** BigInt(this.exponent - exponent);
  }

  private shortest(): { unscaled: bigint; exponent: number } {
    let { unscaled, exponent } = this;
    if (unscaled === 0n) return { unscaled, exponent: 0 };
    while (exponent < 0 && unscaled % 10n === 0n) {
      unscaled /= 10n;
      exponent += 1;
    }
    return { unscaled, exponent };
  }
}

const DECIMAL = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,4}))?$/;
const EXPONENT_MAX = 400;
const DIGITS_MAX = 400;
