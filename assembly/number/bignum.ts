// Natural numbers of up to 4,096 bits in static memory, for the few conversions between decimal text and doubles that
// 64 bits cannot decide. Little-endian 32-bit limbs after a limb count; no leading zero limbs.

const MOST_LIMBS: u32 = 128;
const FIVE_TO_13: u32 = 1220703125; // the largest power of five in a limb
const BIGNUM_SIZE: i32 = 516; // bytes: the count and MOST_LIMBS limbs

/** A big number; its limbs follow. */
// @ts-ignore: decorator
@unmanaged
export class Bignum {
  limbs: u32;
}

/** The two that are compared. */
export const left = changetype<Bignum>(memory.data(BIGNUM_SIZE, 8));
export const right = changetype<Bignum>(memory.data(BIGNUM_SIZE, 8));

/** The address of a limb; 0 is the lowest. */
// @ts-ignore: decorator
@inline
function limbAt(big: Bignum, index: u32): usize {
  return changetype<usize>(big) + offsetof<Bignum>() + ((<usize>index) << 2);
}

/** big = value. */
export function setBig(big: Bignum, value: u64): void {
  big.limbs = value >> 32 ? 2 : value ? 1 : 0;
  store<u64>(limbAt(big, 0), value);
}

/** big = big * factor + plus. */
export function mulBig(big: Bignum, factor: u32, plus: u32): void {
  const limbs = big.limbs;
  let carry = <u64>plus;
  for (let i: u32 = 0; i < limbs; i++) {
    carry += <u64>load<u32>(limbAt(big, i)) * <u64>factor;
    store<u32>(limbAt(big, i), <u32>carry);
    carry >>= 32;
  }
  if (carry && limbs < MOST_LIMBS) {
    store<u32>(limbAt(big, limbs), <u32>carry);
    big.limbs = limbs + 1;
  }
}

/** big = big * 5^power. */
function mulBigPow5(big: Bignum, power: u32): void {
  let rest = power;
  for (; rest >= 13; rest -= 13) mulBig(big, FIVE_TO_13, 0);
  let factor: u32 = 1;
  for (; rest > 0; rest--) factor *= 5;
  mulBig(big, factor, 0);
}

/** big = big << bits. */
function shiftBig(big: Bignum, bits: u32): void {
  const limbs = big.limbs;
  const whole = bits >> 5;
  if (!limbs || limbs + whole >= MOST_LIMBS) return;
  memory.copy(limbAt(big, whole), limbAt(big, 0), (<usize>limbs) << 2);
  memory.fill(limbAt(big, 0), 0, (<usize>whole) << 2);
  big.limbs = limbs + whole;
  mulBig(big, 1 << (bits & 31), 0);
}

/** Compares left * 10^power with right * 2^binary: -1, 0 or 1. Neither keeps its value. */
export function compareScaled(power: i32, binary: i32): i32 {
  const shift = power - binary;
  mulBigPow5(power > 0 ? left : right, <u32>abs(power));
  shiftBig(shift > 0 ? left : right, <u32>abs(shift));
  return compareBig(left, right);
}

/** -1, 0 or 1 as a is below, equal to or above b. */
function compareBig(a: Bignum, b: Bignum): i32 {
  const limbs = a.limbs;
  if (limbs != b.limbs) return limbs < b.limbs ? -1 : 1;
  for (let i = limbs; i > 0; i--) {
    const x = load<u32>(limbAt(a, i - 1));
    const y = load<u32>(limbAt(b, i - 1));
    if (x != y) return x < y ? -1 : 1;
  }
  return 0;
}
