// Natural numbers of up to 4,096 bits in static memory, for the few conversions between decimal text and doubles that
// 64 bits cannot decide. Little-endian 32-bit limbs behind a limb count; no leading zero limbs.
//
//   0: limbs u32   4: limb 0   8: limb 1 …

const MOST_LIMBS: u32 = 128;
const FIVE_TO_13: u32 = 1220703125; // the largest power of five in a limb
const BIGNUM_SIZE: i32 = 516; // bytes

/** The two that are compared. */
export const left: usize = memory.data(BIGNUM_SIZE, 8);
export const right: usize = memory.data(BIGNUM_SIZE, 8);

function limb(a: usize, i: u32): u32 {
  return load<u32>(a + ((<usize>i) << 2), 4);
}

export function setBig(a: usize, value: u64): void {
  store<u32>(a, value >> 32 ? 2 : value ? 1 : 0);
  store<u64>(a, value, 4);
}

/** a = a * factor + plus. */
export function mulBig(a: usize, factor: u32, plus: u32): void {
  const limbs = load<u32>(a);
  let carry = <u64>plus;
  for (let i: u32 = 0; i < limbs; i++) {
    carry += <u64>limb(a, i) * <u64>factor;
    store<u32>(a + ((<usize>i) << 2), <u32>carry, 4);
    carry >>= 32;
  }
  if (carry && limbs < MOST_LIMBS) {
    store<u32>(a + ((<usize>limbs) << 2), <u32>carry, 4);
    store<u32>(a, limbs + 1);
  }
}

/** a = a * 5^power. */
function mulBigPow5(a: usize, power: u32): void {
  let rest = power;
  for (; rest >= 13; rest -= 13) mulBig(a, FIVE_TO_13, 0);
  let factor: u32 = 1;
  for (; rest > 0; rest--) factor *= 5;
  mulBig(a, factor, 0);
}

/** a = a << bits. */
function shiftBig(a: usize, bits: u32): void {
  const limbs = load<u32>(a);
  const whole = bits >> 5;
  if (!limbs || limbs + whole >= MOST_LIMBS) return;
  memory.copy(a + 4 + ((<usize>whole) << 2), a + 4, (<usize>limbs) << 2);
  memory.fill(a + 4, 0, (<usize>whole) << 2);
  store<u32>(a, limbs + whole);
  mulBig(a, 1 << (bits & 31), 0);
}

/** Compares left * 10^power with right * 2^binary: -1, 0 or 1. Neither keeps its value. */
export function compareScaled(power: i32, binary: i32): i32 {
  const shift = power - binary;
  mulBigPow5(power > 0 ? left : right, <u32>abs(power));
  shiftBig(shift > 0 ? left : right, <u32>abs(shift));
  return compareBig(left, right);
}

/** -1, 0 or 1 as a is below, equal to or above b. */
function compareBig(a: usize, b: usize): i32 {
  const limbs = load<u32>(a);
  if (limbs != load<u32>(b)) return limbs < load<u32>(b) ? -1 : 1;
  for (let i = limbs; i > 0; i--) {
    const x = limb(a, i - 1);
    const y = limb(b, i - 1);
    if (x != y) return x < y ? -1 : 1;
  }
  return 0;
}
