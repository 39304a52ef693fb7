// A number times a power of ten, in 64 bits and with a bound on the error.

const FIRST: i32 = -352;
const STEP: i32 = 28;

/** 10^(FIRST + STEP * i): the 64 leading bits, rounded. */
// prettier-ignore
const POWERS: usize = memory.data<u64>([
  0xcd42a11346f34f7d, 0xcf42894a5dce35ea, 0xd1476e2c07286faa, 0xd3515c2831559a83, 0xd5605fcdcf32e1d7,
  0xd77485cb25823ac7, 0xd98ddaee19068c76, 0xdbac6c247d62a584, 0xddd0467c64bce4a1, 0xdff9772470297ebd,
  0xe2280b6c20dd5232, 0xe45c10c42a2b3b06, 0xe69594bec44de15b, 0xe8d4a51000000000, 0xeb194f8e1ae525fd,
  0xed63a231d4c4fb27, 0xefb3ab16c59b14a3, 0xf209787bb47d6b85, 0xf46518c2ef5b8cd1, 0xf6c69a72a3989f5c,
  0xf92e0c3537826146, 0xfb9b7cd9a4a7443c, 0xfe0efb53d30dd4d8, 0x80444b5e7aa7cf85, 0x81842f29f2cce376,
]);

/** A number as about product * 2^binary; its true value lies within `error` units of product. */
// @ts-ignore: decorator
@unmanaged
export class Scaled {
  product: u64;
  error: u64;
  binary: i32;
}

const scaled = changetype<Scaled>(memory.data(24, 8));

/** 10^power, exact up to 10^22. */
export function tenTo(power: i32): f64 {
  let value: f64 = 1;
  for (let i = 0; i < power; i++) value *= 10;
  return value;
}

/** The high 64 bits of a product. */
function mulHigh(a: u64, b: u64): u64 {
  const al = a & 0xffffffff;
  const ah = a >> 32;
  const bl = b & 0xffffffff;
  const bh = b >> 32;
  const cross = ah * bl + ((al * bl) >> 32);
  const middle = al * bh + (cross & 0xffffffff);
  return ah * bh + (cross >> 32) + (middle >> 32);
}

/**
 * value * 10^exponent as a product of 64 bits with the first one set; `off` is what the value may be off by. The result
 * holds until the next call.
 */
export function scale(value: u64, exponent: i32, off: u64): Scaled {
  let shift = clz(value); // how far the product was shifted to the left in all
  let product = value << shift;
  let reach = off << shift;
  const step = (exponent - FIRST) / STEP;
  const small = (exponent - FIRST) % STEP; // 5^27 is the largest power of five in 64 bits
  if (small) {
    let five: u64 = 1;
    for (let i = 0; i < small; i++) five *= 5;
    const spare = clz(five);
    product = mulHigh(product, five << spare);
    const low = clz(product);
    product <<= low;
    reach = (reach + 1) << low;
    shift += spare + low - 64 - <u64>small;
  }
  product = mulHigh(product, load<u64>(POWERS + ((<usize>step) << 3)));
  const low = clz(product);
  scaled.product = product << low;
  scaled.error = (reach + 3) << low;
  scaled.binary = (((exponent - small) * 217706) >> 16) + 1 - <i32>(shift + low);
  return scaled;
}
