// A number times a power of ten, in 64 bits and with a bound on the error.

/** 10^(16k) for k = -22 … 20: the 64 leading bits, rounded. */
// prettier-ignore
const POWERS: usize = memory.data<u64>([
  0xcd42a11346f34f7d, 0xe3e27a444d8d98b8, 0xfd00b897478238d1, 0x8c71dcd9ba0b4926, 0x9becce62836ac577,
  0xad1c8eab5ee43b67, 0xc0314325637a193a, 0xd5605fcdcf32e1d7, 0xece53cec4a314ebe, 0x8380dea93da4bc60,
  0x91ff83775423cc06, 0xa21727db38cb0030, 0xb3f4e093db73a093, 0xc7caba6e7c5382c9, 0xddd0467c64bce4a1,
  0xf64335bcf065d37d, 0x88b402f7fd75539b, 0x97c560ba6b0919a6, 0xa87fea27a539e9a5, 0xbb127c53b17ec159,
  0xcfb11ead453994ba, 0xe69594bec44de15b, 0x8000000000000000, 0x8e1bc9bf04000000, 0x9dc5ada82b70b59e,
  0xaf298d050e4395d7, 0xc2781f49ffcfa6d5, 0xd7e77a8f87daf7fc, 0xefb3ab16c59b14a3, 0x850fadc09923329e,
  0x93ba47c980e98ce0, 0xa402b9c5a8d3a6e7, 0xb616a12b7fe617aa, 0xca28a291859bbf93, 0xe070f78d3927556b,
  0xf92e0c3537826146, 0x8a5296ffe33cc930, 0x9991a6f3d6bf1766, 0xaa7eebfb9df9de8e, 0xbd49d14aa79dbc82,
  0xd226fc195c6a2f8c, 0xe950df20247c83fd, 0x81842f29f2cce376,
]);

/** value * 10^exponent is about the result * 2^binary. */
export let binary: i32 = 0;
/** The true value lies within so many units of the result. */
export let error: u64 = 0;

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

/** value * 10^exponent as a number of 64 bits with the first one set; `off` is what the value may be off by. */
export function scale(value: u64, exponent: i32, off: u64): u64 {
  let shift = clz(value); // all bits that the product was shifted by, to the left
  let product = value << shift;
  let reach = off << shift;
  const step = (exponent + 352) >> 4;
  const small = exponent + 352 - (step << 4); // 0 … 15
  if (small) {
    const ten = <u64>tenTo(small);
    const spare = clz(ten);
    product = mulHigh(product, ten << spare);
    const low = clz(product);
    product <<= low;
    reach = (reach + 1) << low;
    shift += spare + low - 64;
  }
  product = mulHigh(product, load<u64>(POWERS + ((<usize>step) << 3)));
  const low = clz(product);
  binary = ((((step << 4) - 352) * 217706) >> 16) + 1 - <i32>(shift + low);
  error = (reach + 3) << low;
  return product << low;
}
