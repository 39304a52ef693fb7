// Describes in one word how a cost grows along an axis.
import { middle } from "./measure.ts";
import type { Axis } from "./results.ts";

/** Below this factor between the least and the most, a cost counts as flat. */
const FLAT = 1.3;
/** A power of x up to this one counts as linear. */
const LINEAR = 1.15;

/**
 * flat: the last cost is within FLAT of the least one, or the usual spread hides the growth; linear: between the last two
 * points it grows at most as x does.
 */
export function growthOf({ points }: Axis): "flat" | "linear" | "more than linear" {
  const [first, last, before] = [points[0]!, points.at(-1)!, points.at(-2)!];
  const medians = points.map(({ y }) => y.median);
  const noise = middle(points.map(({ y }) => y.spread[1] - y.spread[0])).median;
  if (last.y.median <= FLAT * Math.min(...medians) || last.y.median - first.y.median <= noise) return "flat";
  const power = Math.log(last.y.median / before.y.median) / Math.log(last.x / before.x);
  return power <= LINEAR ? "linear" : "more than linear";
}
