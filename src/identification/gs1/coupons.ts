import { dateFault } from './dates.ts';
import type { Fault } from './fault.ts';

/** North American coupon code, AI 8110 (GS1 Barcode Syntax Dictionary, `couponcode`). */
export function couponCodeFault(text: string): Fault | undefined {
  return faultOf(text, (coupon) => {
    coupon.companyPrefix('the company prefix', '0123456');
    coupon.fixed('the offer code', 6);
    coupon.sized('the save value', '12345', 0);
    purchase(coupon, 'the first purchase');
    if (coupon.optional('1')) {
      coupon.oneOf('the additional purchase rule', '0123');
      furtherPurchase(coupon, 'the second purchase');
    }
    if (coupon.optional('2')) furtherPurchase(coupon, 'the third purchase');
    const expiry = coupon.optional('3') ? coupon.date('the expiry date') : undefined;
    const start = coupon.optional('4') ? coupon.date('the start date') : undefined;
    if (expiry !== undefined && start !== undefined && start > expiry) coupon.fail('it expires before it starts');
    if (coupon.optional('5')) coupon.sized('the serial number', '0123456789', 6);
    if (coupon.optional('6')) coupon.companyPrefix('the retailer', '1234567');
    if (coupon.optional('9')) {
      coupon.oneOf('the save value code', '01256');
      coupon.oneOf('the item that the value applies to', '012');
      coupon.oneOf('the store coupon flag', '0123456789');
      coupon.oneOf('the flag against multiplying', '01');
    }
  });
}

/** Positive offer file coupon, AI 8112 (`couponposoffer`). */
export function couponOfferFault(text: string): Fault | undefined {
  return faultOf(text, (coupon) => {
    coupon.oneOf('the format', '01');
    coupon.sized('the funder', '0123456', 6);
    coupon.fixed('the offer code', 6);
    coupon.sized('the serial number', '0123456789', 6);
  });
}

function purchase(coupon: Coupon, name: string): void {
  coupon.sized(`${name} requirement`, '12345', 0);
  coupon.oneOf(`${name} code`, '012349');
  coupon.fixed(`${name} family`, 3);
}

function furtherPurchase(coupon: Coupon, name: string): void {
  purchase(coupon, name);
  if (!coupon.optional('9')) coupon.companyPrefix(`${name} company prefix`, '0123456'); // 9 stands for "the same company"
}

function faultOf(text: string, read: (coupon: Coupon) => void): Fault | undefined {
  const foreign = text.search(/\D/);
  if (foreign >= 0) return { at: foreign, words: 'a coupon has digits only' };
  const coupon = new Coupon(text);
  read(coupon);
  return coupon.fault();
}

/** Reads the fields of a coupon one after another and keeps the first fault; what comes after a fault is not looked at. */
class Coupon {
  readonly #text: string;
  #at = 0;
  #fault: Fault | undefined;

  constructor(text: string) {
    this.#text = text;
  }

  fault(): Fault | undefined {
    if (this.#fault === undefined && this.#at < this.#text.length) this.fail('more digits than the coupon has fields');
    return this.#fault;
  }

  fail(words: string): void {
    this.#fault ??= { at: Math.min(this.#at, Math.max(this.#text.length - 1, 0)), words };
  }

  fixed(name: string, length: number): string {
    const field = this.#text.slice(this.#at, this.#at + length);
    if (field.length < length) this.fail(`${name} is cut or missing`);
    else if (this.#fault === undefined) this.#at += length;
    return field;
  }

  oneOf(name: string, digits: string): string {
    const digit = this.#text.charAt(this.#at);
    if (digit === '' || !digits.includes(digit)) this.fail(digit === '' ? `${name} is missing` : `${name} is ${digit}`);
    return this.fixed(name, 1);
  }

  /** A field whose length is given by a digit before it, plus `base`. */
  sized(name: string, lengths: string, base: number): string {
    const length = this.oneOf(`the length of ${name}`, lengths);
    return this.fixed(name, Number(length) + base);
  }

  companyPrefix(name: string, lengths: string): void {
    this.sized(name, lengths, 6);
  }

  date(name: string): string {
    const start = this.#at;
    const date = this.fixed(name, 6);
    const words = this.#fault === undefined ? dateFault(date, { dayMayBeZero: false }) : undefined;
    if (words !== undefined) this.#fault = { at: start, words: `${name}: ${words}` };
    return date;
  }

  /** Whether the optional field with this number comes next; takes the number. */
  optional(number: string): boolean {
    if (this.#fault !== undefined || this.#text.charAt(this.#at) !== number) return false;
    this.#at += 1;
    return true;
  }
}
