import { parseQuantity } from '@sluice/core';
import { CelError } from '../error.js';
import { bool, type CelType, double, int, string } from '../types.js';
import { CelOpaque } from '../values.js';
import { LibraryBuilder } from './registry.js';

const type: CelType = { kind: 'quantity' };
const ONE = 1_000_000_000n;

/** A Kubernetes quantity, in units of 10⁻⁹. */
class Quantity extends CelOpaque {
  override readonly kind = 'quantity';
  readonly nanos: bigint;

  constructor(nanos: bigint) {
    super();
    this.nanos = nanos;
  }

  override equals(other: CelOpaque): boolean {
    return other instanceof Quantity && other.nanos === this.nanos;
  }

  override toText(): string {
    return String(Number(this.nanos) / Number(ONE));
  }
}

function parse(text: string): Quantity | string {
  const parsed = parseQuantity(text);
  return typeof parsed === 'string' ? parsed : new Quantity(parsed.nano);
}

/** Kubernetes' quantities: `quantity('1.5Gi').isGreaterThan(quantity('1Gi'))`. */
export const quantityLibrary = new LibraryBuilder()
  .fn('isQuantity', ['string'], bool, ([text]: [string]) => typeof parse(text) !== 'string')
  .fn('quantity', ['string'], type, ([text]: [string]) => {
    const quantity = parse(text);
    if (typeof quantity === 'string') throw new CelError(quantity);
    return quantity;
  })
  .method('sign', ['quantity'], int, ([{ nanos }]: [Quantity]) => (nanos > 0n ? 1n : nanos < 0n ? -1n : 0n))
  .method('isInteger', ['quantity'], bool, ([{ nanos }]: [Quantity]) => nanos % ONE === 0n)
  .method('asInteger', ['quantity'], int, ([{ nanos }]: [Quantity]) => {
    if (nanos % ONE !== 0n) throw new CelError('cannot convert value to integer');
    return nanos / ONE;
  })
  .method('asApproximateFloat', ['quantity'], double, ([{ nanos }]: [Quantity]) => Number(nanos) / Number(ONE))
  .method('add', ['quantity', 'quantity'], type, ([a, b]: [Quantity, Quantity]) => new Quantity(a.nanos + b.nanos))
  .method('add', ['quantity', 'int'], type, ([a, b]: [Quantity, bigint]) => new Quantity(a.nanos + b * ONE))
  .method('sub', ['quantity', 'quantity'], type, ([a, b]: [Quantity, Quantity]) => new Quantity(a.nanos - b.nanos))
  .method('sub', ['quantity', 'int'], type, ([a, b]: [Quantity, bigint]) => new Quantity(a.nanos - b * ONE))
  .method('isLessThan', ['quantity', 'quantity'], bool, ([a, b]: [Quantity, Quantity]) => a.nanos < b.nanos)
  .method('isGreaterThan', ['quantity', 'quantity'], bool, ([a, b]: [Quantity, Quantity]) => a.nanos > b.nanos)
  .method('compareTo', ['quantity', 'quantity'], int, ([a, b]: [Quantity, Quantity]) =>
    a.nanos < b.nanos ? -1n : a.nanos > b.nanos ? 1n : 0n,
  )
  .fn('string', ['quantity'], string, ([quantity]: [Quantity]) => quantity.toText())
  .build();
